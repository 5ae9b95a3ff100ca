#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/kube/cluster_facts.hpp"
#include "common/lkg/lkg.hpp"
#include "plugins/lkg/capture.hpp"

namespace dr::lkg {

// What the metadata says beside the captured objects: where, when and by what an LKG was made.
struct Provenance {
  kube::Target target;
  kube::ClusterFacts cluster;
  std::string git_sha;
  std::string build_id;
  std::string note;
  std::string tool_version;
  std::vector<std::string> volatile_rules;
};

// The manifest: one JSON List, sorted keys, indent 2; still applicable by hand with kubectl.
std::string manifest_text(const std::vector<Json>& objects);

// The metadata of the LKG `id`: the keys of the incumbent scripts with their meanings, and ours
// (docs/formats.md).
std::string metadata_text(const LkgId& id, const std::string& manifest, const CaptureResult& result,
                          const Provenance& provenance);

}  // namespace dr::lkg
