#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/kube/halt_proof.hpp"
#include "plugins/lkg/restore/restore.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"
#include "tests/unit/plugins/lkg/capture_of.hpp"

// One restore of one small floor, every kubectl call of which a test can watch and spoil.
namespace dr::test {

// The lock is no part of the floor: it is taken and given back whatever else is written.
inline bool is_lock_call(const os::Command& command) {
  return command.input.find("\"Lease\"") != std::string::npos ||
         std::any_of(command.args.begin(), command.args.end(), [](const std::string& arg) {
           return arg.find("/leases/") != std::string::npos;
         });
}

inline bool is_rehearsal(const os::Command& command) {
  return std::find(command.args.begin(), command.args.end(), "--dry-run=server") !=
         command.args.end();
}

inline bool is_mutation(const os::Command& command) {
  const auto args = verb_and_args(command);
  return args.front() != "get" && args.front() != "config" && !is_rehearsal(command) &&
         !is_lock_call(command);
}

inline bool is_switch_write(const os::Command& command) {
  if (!is_mutation(command)) return false;
  const auto args = verb_and_args(command);
  return args.front() == "patch" ||
         command.input.find("\"name\": \"" + k_switch + "\"") != std::string::npos;
}

inline bool is_switch_read(const os::Command& command) {
  return command.args.back() == "/api/v1/namespaces/trading-floor/configmaps/" + k_switch;
}

// A copy of it is an independent world in the same state.
class World {
 public:
  World() : m_clock(std::make_unique<FakeClock>()), m_cluster(*m_clock) {}

  FakeClock& clock() { return *m_clock; }
  FakeCluster& cluster() { return m_cluster; }

  // Instead of an answer of the cluster; nullopt lets it answer.
  std::function<std::optional<os::ProcessResult>(std::size_t call, const os::Command&)> intercept;
  // After an answer, before the next call.
  std::function<void(std::size_t call)> between;
  std::function<void()> on_sleep;

  lkg::RestoreResult restore(const lkg::Lkg& lkg, lkg::RestoreOptions options) {
    options.record = [this](std::string_view event, Json members) {
      members["event"] = event;
      m_record.push_back(std::move(members));
    };
    FakeProcessRunner runner;
    runner.handler = [this](const os::Command& command) {
      return m_armed ? answer(command) : m_cluster.answer(command);
    };
    runner.on_sleep = [this](Millis duration) {
      m_clock->advance(duration);
      if (on_sleep) on_sleep();
    };
    const kube::Kubectl kubectl = make_kubectl(runner);
    m_armed = true;
    m_calls.clear();
    m_record.clear();
    auto result = lkg::restore(lkg, options, kubectl, *m_clock, [](std::string_view) {});
    m_armed = false;
    return result;
  }

  const std::vector<os::Command>& calls() const { return m_calls; }
  const std::vector<Json>& record() const { return m_record; }

  std::vector<lkg::ObjectDrift> drift_from(const lkg::Lkg& lkg) {
    FakeProcessRunner runner;
    runner.handler = [this](const os::Command& command) { return m_cluster.answer(command); };
    const lkg::Live live = lkg::read_live(make_kubectl(runner), lkg);
    std::vector<lkg::ObjectDrift> drifts = find_drift(lkg, live, kube::Allocated::keep);
    std::erase_if(drifts, [](const lkg::ObjectDrift& drift) {
      return drift.kind == lkg::DriftKind::same || drift.kind == lkg::DriftKind::extra;
    });
    return drifts;
  }

  bool is_restored(const lkg::Lkg& lkg) {
    return drift_from(lkg).empty() && m_cluster.switch_value() == "1";
  }

  // What the pods that take the switch read when they started, without repeats.
  std::set<std::string> switch_as_seen() const {
    std::set<std::string> values;
    for (const auto& pod : m_cluster.all("Pod")) {
      if (!kube::switch_consumers(pod.at("spec")).empty())
        values.insert(m_cluster.switch_seen_by(pod));
    }
    return values;
  }

 private:
  os::ProcessResult answer(const os::Command& command) {
    const std::size_t call = m_calls.size();
    m_calls.push_back(command);
    std::optional<os::ProcessResult> spoiled;
    if (intercept) spoiled = intercept(call, command);
    auto result = spoiled ? std::move(*spoiled) : m_cluster.answer(command);
    if (between) between(call);
    return result;
  }

  std::unique_ptr<FakeClock> m_clock;
  FakeCluster m_cluster;
  bool m_armed = false;
  std::vector<os::Command> m_calls;
  std::vector<Json> m_record;
};

inline std::vector<Json> good_floor() {
  Json tick = make_cron_job("tick", k_by_digest);
  tick["spec"]["suspend"] = false;
  Json kill_switch = make_switch();
  kill_switch["metadata"]["labels"]["app"] = "agenttrader";
  std::vector<Json> objects = {make_namespace(),
                               kill_switch,
                               make_object("networking.k8s.io/v1", "NetworkPolicy", "deny"),
                               make_object("v1", "ServiceAccount", "default"),
                               make_object("v1", "ServiceAccount", "trading-floor-sa"),
                               make_config_map("settings", "limit", "10"),
                               make_config_map("agenttrader-heartbeat-web", "beat", "1"),
                               make_service(30000),
                               consuming_switch(make_deployment("web", 2, k_by_digest)),
                               make_deployment("agent", 1, k_by_digest),
                               consuming_switch(make_stateful_set("gamma", 1, k_by_digest)),
                               tick};
  for (auto& object : objects) {
    object["metadata"].erase("uid");
    object["metadata"].erase("generation");
    object.erase("status");
  }
  objects[2]["spec"]["podSelector"] = Json::object();
  return objects;
}

inline World good_world() {
  World world;
  for (const auto& object : good_floor()) world.cluster().write(object);
  world.clock().advance(std::chrono::hours(1));
  return world;
}

inline const lkg::Lkg& good_lkg() {
  static const lkg::Lkg captured = capture_of(good_world().cluster());
  return captured;
}

// Trading, with another image, a rogue variable, an open network, a changed schedule, and parts
// gone.
inline World drifted_world() {
  World world = good_world();
  auto& cluster = world.cluster();
  cluster.edit("ConfigMap", k_switch, [](Json& o) {
    o["data"]["EXECUTION_HALTED"] = "0";
    o["metadata"].erase("labels");
  });
  cluster.edit("NetworkPolicy", "deny", [](Json& o) { o["spec"]["ingress"] = {Json::object()}; });
  cluster.edit("Deployment", "web", [](Json& o) {
    auto& container = o["spec"]["template"]["spec"]["containers"][0];
    container["image"] = "web@" + k_digest_b;
    container["env"].push_back({{"name", "ROGUE"}, {"value", "1"}});
  });
  cluster.edit("StatefulSet", "gamma", [](Json& o) { o["spec"]["replicas"] = 2; });
  cluster.edit("CronJob", "tick", [](Json& o) { o["spec"]["schedule"] = "* * * * *"; });
  cluster.edit("ConfigMap", "agenttrader-heartbeat-web", [](Json& o) {
    o["data"]["beat"] = "2";
    o["metadata"]["labels"]["rogue"] = "x";
  });
  cluster.remove("ConfigMap", "settings");
  cluster.remove("Deployment", "agent");
  cluster.write(make_config_map("rogue", "k", "v"));
  world.clock().advance(std::chrono::hours(1));
  return world;
}

inline lkg::RestoreOptions quick() {
  lkg::RestoreOptions options;
  options.soak = std::chrono::seconds(2);
  return options;
}

}  // namespace dr::test
