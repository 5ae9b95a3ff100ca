#pragma once

#include <optional>
#include <string>

#include "common/kube/cluster_facts.hpp"
#include "common/lkg/lkg.hpp"
#include "common/os/sha256.hpp"
#include "plugins/lkg/capture.hpp"
#include "plugins/lkg/metadata.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"
#include "tests/unit/support/fake_cluster.hpp"

namespace dr::test {

// Captured from a floor, as the plugin does it.
inline lkg::Lkg capture_of(FakeCluster cluster) {
  FakeProcessRunner runner;
  runner.handler = [&](const os::Command& command) { return cluster.answer(command); };
  const auto kubectl = make_kubectl(runner);
  const lkg::Live live = lkg::read_live_to_capture(kubectl, {});
  const auto result =
      lkg::capture_objects(live, {}, [](const auto&) {}, [](const auto&) { return std::nullopt; });
  const std::string manifest = lkg::manifest_text(result.objects);
  lkg::Provenance provenance;
  provenance.target = kubectl.target();
  provenance.cluster = kube::read_cluster_facts(kubectl);
  provenance.volatile_rules = {"ConfigMap/agenttrader-heartbeat-*"};
  return lkg::parse_lkg(
      {manifest, lkg::metadata_text(lkg::LkgId(k_captured_at, os::sha256_hex(manifest)), manifest,
                                    result, provenance)});
}

}  // namespace dr::test
