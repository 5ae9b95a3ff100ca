#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plugins/lkg/health_report.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/floor_builder.hpp"

// A cluster as the health report reads it, through a kubectl that is not there.
namespace dr::test {

inline constexpr UtcTime k_now{std::chrono::seconds{1767323045}};  // 2026-01-02T03:04:05Z
inline const std::string k_apps = "/apis/apps/v1/namespaces/trading-floor/";
inline const std::string k_core = "/api/v1/namespaces/trading-floor/";
inline const std::string k_switch_path = k_core + "configmaps/agenttrader-kill-switch";
inline const std::string k_events_path = k_core + "events?fieldSelector=type%3DWarning&limit=500";

inline Json list_with(std::vector<Json> items) {
  // Items of a raw list have no type of their own.
  for (Json& item : items) {
    item.erase("apiVersion");
    item.erase("kind");
  }
  return {{"metadata", {{"resourceVersion", "7"}}}, {"items", std::move(items)}};
}

inline Json switch_with(const std::string& value) {
  Json object = make_object("v1", "ConfigMap", "agenttrader-kill-switch");
  object["data"]["EXECUTION_HALTED"] = value;
  return object;
}

inline Json make_event(const std::string& name, const std::string& object, const std::string& time,
                       const std::string& message = "Back-off restarting failed container") {
  Json event = make_object("v1", "Event", name);
  event["involvedObject"] = {{"kind", "Pod"}, {"name", object}};
  event["reason"] = "BackOff";
  event["message"] = message;
  event["lastTimestamp"] = time;
  event["count"] = 3;
  return event;
}

// A cluster that answers GETs by their path, with an empty list where nothing is scripted.
class HealthCluster {
 public:
  HealthCluster() { put(k_switch_path, switch_with("1")); }

  void put(const std::string& path, const Json& value) {
    m_answers[path] = succeeded(data::write_json(value));
  }
  void put_text(const std::string& path, const std::string& text) {
    m_answers[path] = succeeded(text);
  }
  void refuse(const std::string& path, const std::string& words) {
    m_answers[path] = failed(1, words);
  }

  lkg::HealthFacts gather(std::size_t event_limit = 20) {
    m_runner.handler = [this](const os::Command& command) { return answer(command); };
    const os::Environment environment({});
    const kube::Kubectl kubectl(m_runner, environment, "/usr/bin/kubectl", {});
    m_before = m_runner.commands().size();
    return lkg::gather_health(kubectl, {"0a1b2c3d", "main"}, k_now, event_limit);
  }
  std::size_t reads() const { return m_runner.commands().size() - m_before; }

 private:
  os::ProcessResult answer(const os::Command& command) const {
    const std::string& path = command.args.back();
    if (command.args.front() == "config") return succeeded(k_config);
    if (path.starts_with("--limit-bytes=")) return succeeded("panic: no route to host\n");
    const auto found = m_answers.find(path);
    return found == m_answers.end() ? succeeded(data::write_json(list_with({}))) : found->second;
  }

  static constexpr const char* k_config =
      R"({"current-context": "floor-context",
          "contexts": [{"name": "floor-context",
                        "context": {"cluster": "gke_floor", "user": "jane", "namespace": "trading-floor"}}],
          "clusters": [{"name": "gke_floor", "cluster": {"server": "https://floor:6443"}}]})";

  FakeProcessRunner m_runner;
  std::map<std::string, os::ProcessResult> m_answers;
  std::size_t m_before = 0;
};

inline const std::string k_image = "us-east4-docker.pkg.dev/p/r/web:1";
inline const std::string k_image_id = "us-east4-docker.pkg.dev/p/r/web@" + k_digest_a;

inline Json created(Json object) {
  object["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z";
  return object;
}

// Deployment web runs, StatefulSet gamma crash-loops, execution-agent is scaled to zero.
inline HealthCluster small_floor() {
  HealthCluster cluster;
  const Json web = created(make_deployment("web", 1, k_image));
  const Json agent = created(make_deployment("execution-agent", 0, k_image));
  const Json web_set = make_replica_set(web, "1");
  const Json gamma = created(make_stateful_set("gamma", 1, k_image));
  const Json web_pod =
      created(make_pod(web_set, "web-0", web["spec"]["template"]["spec"], k_image_id));
  Json gamma_pod = created(with_hash(
      make_pod(gamma, "gamma-0", gamma["spec"]["template"]["spec"], k_image_id), "gamma-new"));
  gamma_pod = spoiled(gamma_pod, waiting_state("CrashLoopBackOff", "back-off 5m0s"));
  cluster.put(k_apps + "deployments", list_with({web, agent}));
  cluster.put(k_apps + "replicasets", list_with({web_set}));
  cluster.put(k_apps + "statefulsets", list_with({gamma}));
  cluster.put(k_core + "pods", list_with({web_pod, gamma_pod}));
  cluster.put(k_events_path, list_with({make_event("e1", "gamma-0", "2026-01-02T03:00:00Z")}));
  return cluster;
}

inline lkg::ObjectDrift drift_of(lkg::DriftKind kind, const std::string& object_kind,
                                 const std::string& name,
                                 std::vector<data::Difference> differences = {}) {
  lkg::ObjectDrift drift;
  drift.key = {"v1", object_kind, "trading-floor", name};
  drift.kind = kind;
  drift.differences = std::move(differences);
  return drift;
}

inline lkg::RestoreResult good_restore() {
  lkg::RestoreResult result;
  result.lkg_id = "20260101T000000Z-0a1b2c3d";
  result.restore_id = "20260102T030000Z-deadbeef";
  result.phase = "schedules";
  result.started = k_now;
  result.halted_at = "2026-01-02T03:04:06Z";
  result.halted_at_end = true;
  result.plan_hash = "cafe0123";
  result.actions = {{"same", 40}, {"change", 1}, {"create", 1}};
  result.changed = {"ServiceAccount/floor created", "Deployment/web changed"};
  kube::RolloutState settled;
  settled.settled = true;
  result.workloads = {{"Deployment/web", settled, ""}};
  result.proofs = {
      {"web-1", "web", kube::SwitchWay::env, kube::HaltVerdict::proven, "created after", {}},
      {"web-0", "web", kube::SwitchWay::file, kube::HaltVerdict::proven, "started after", {}}};
  for (const auto& [kind, name] : {std::pair("Service", "b"), std::pair("ConfigMap", "a")}) {
    lkg::Extra extra;
    extra.key = {"v1", kind, "trading-floor", name};
    result.extras.push_back(extra);
  }
  result.code = ExitCode::ok;
  return result;
}

}  // namespace dr::test
