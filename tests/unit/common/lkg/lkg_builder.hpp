#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/kube/field_rules.hpp"
#include "common/kube/kubectl.hpp"
#include "common/lkg/lkg.hpp"
#include "common/os/sha256.hpp"
#include "plugins/lkg/live.hpp"
#include "tests/unit/support/fake_cluster.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/floor_builder.hpp"

// LKGs as text and as objects, and what is read from a cluster that holds some objects.
namespace dr::test {

constexpr UtcTime k_captured_at{std::chrono::seconds{1767225600}};  // 2026-01-01T00:00:00Z
inline const std::string k_by_digest = "web@" + k_digest_a;
inline const std::string k_switch = "agenttrader-kill-switch";

inline Json make_namespace() {
  Json object = make_object("v1", "Namespace", k_floor);
  object["metadata"].erase("namespace");
  return object;
}

inline Json make_config_map(const std::string& name, const std::string& key,
                            const std::string& value) {
  Json object = make_object("v1", "ConfigMap", name);
  object["data"][key] = value;
  return object;
}

inline Json make_switch(const std::string& value = "1") {
  return make_config_map(k_switch, "EXECUTION_HALTED", value);
}

inline Json make_service(std::int64_t node_port) {
  Json object = make_object("v1", "Service", "web");
  object["spec"] = {{"type", "NodePort"},
                    {"ports", Json::array({{{"port", 80}, {"nodePort", node_port}}})}};
  return object;
}

inline Json make_hpa(const std::string& deployment) {
  Json object = make_object("autoscaling/v2", "HorizontalPodAutoscaler", deployment);
  object["spec"] = {{"scaleTargetRef", {{"kind", "Deployment"}, {"name", deployment}}},
                    {"maxReplicas", 9}};
  return object;
}

// Its first container takes the switch by a variable.
inline Json consuming_switch(Json workload) {
  (*kube::pod_template_of(workload))["spec"]["containers"][0]["env"] = Json::array(
      {{{"name", "EXECUTION_HALTED"},
        {"valueFrom", {{"configMapKeyRef", {{"name", k_switch}, {"key", "EXECUTION_HALTED"}}}}}}});
  return workload;
}

// The smallest floor that may be an LKG.
inline std::vector<Json> small_floor() {
  return {make_namespace(), make_switch(), make_deployment("web", 1, k_by_digest)};
}

// The files of an LKG of those live objects; `changes` are merged into the metadata, null removes.
inline lkg::LkgFiles lkg_files(std::vector<Json> objects, const Json& changes = Json::object(),
                               UtcTime time = k_captured_at) {
  std::transform(objects.begin(), objects.end(), objects.begin(), kube::captured);
  const std::string manifest =
      data::write_json({{"apiVersion", "v1"}, {"kind", "List"}, {"items", objects}});
  const std::string sum = os::sha256_hex(manifest);
  Json metadata = {{"schema", 1},
                   {"id", lkg::LkgId(time, sum).text()},
                   {"namespace", k_floor},
                   {"cluster", {{"uid", "cluster-a"}}},
                   {"manifest", {{"sha256", sum}}}};
  metadata.merge_patch(changes);
  return {manifest, data::write_json(metadata)};
}

inline lkg::Lkg make_lkg(const std::vector<Json>& objects, const Json& changes = Json::object()) {
  return lkg::parse_lkg(lkg_files(objects, changes));
}

inline kube::Kubectl make_kubectl(FakeProcessRunner& runner) {
  return {runner, os::Environment({}), "/usr/bin/kubectl", {}};
}

// What a cluster with exactly these objects shows.
inline lkg::Live live_of(
    const std::vector<Json>& objects,
    const std::function<lkg::Live(const kube::Kubectl&)>& read = [](const kube::Kubectl& kubectl) {
      return lkg::read_live(kubectl);
    }) {
  const FakeClock clock;
  FakeCluster cluster(clock);
  for (const auto& object : objects) cluster.put(object);
  FakeProcessRunner runner;
  runner.handler = [&](const os::Command& command) { return cluster.answer(command); };
  return read(make_kubectl(runner));
}

// The same as a capture reads it.
inline lkg::Live live_to_capture(const std::vector<Json>& objects) {
  return live_of(
      objects, [](const kube::Kubectl& kubectl) { return lkg::read_live_to_capture(kubectl, {}); });
}

inline std::vector<std::string> displays_of(const std::vector<Json>& objects) {
  std::vector<std::string> displays;
  for (const auto& object : objects) displays.push_back(kube::display(object));
  return displays;
}

}  // namespace dr::test
