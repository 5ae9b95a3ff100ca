#include "plugins/lkg/health_signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "common/backup/credentials.hpp"
#include "common/base/text.hpp"
#include "common/kube/object.hpp"

namespace dr::lkg {
namespace {

constexpr std::array<std::string_view, 8> k_signals = {"OOMKILLED",   "CRASHLOOP",    "IMAGEPULL",
                                                       "PENDING",     "STALLED",      "HPA-AT-MAX",
                                                       "PVC-PENDING", "NODE-PRESSURE"};

class Signals {
 public:
  void add(std::string_view signal, const Json& object, const std::string& message) {
    m_rows.push_back({{"signal", signal},
                      {"object", kube::display(object)},
                      {"message", printable(backup::without_credentials(message))}});
  }

  Json take() {
    const auto rank = [](const Json& row) {
      return std::find(k_signals.begin(), k_signals.end(), data::string_at(row, {"signal"}));
    };
    std::stable_sort(m_rows.begin(), m_rows.end(), [&](const Json& a, const Json& b) {
      if (rank(a) != rank(b)) return rank(a) < rank(b);
      return data::string_at(a, {"object"}) < data::string_at(b, {"object"});
    });
    return std::move(m_rows);
  }

 private:
  std::vector<Json> m_rows;
};

bool is_pull_failure(std::string_view reason) {
  constexpr std::array<std::string_view, 4> reasons = {"ErrImagePull", "ImagePullBackOff",
                                                       "InvalidImageName", "ErrImageNeverPull"};
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

bool was_killed_for_memory(const Json& status) {
  return data::string_or(status, {"state", "terminated", "reason"}, "") == "OOMKilled" ||
         data::string_or(status, {"lastState", "terminated", "reason"}, "") == "OOMKilled";
}

void look_at_container(const Json& pod, const Json& status, Signals& signals) {
  const std::string container = "container " + data::string_at(status, {"name"});
  if (was_killed_for_memory(status)) {
    signals.add("OOMKILLED", pod, container + " was killed for using more memory than its limit");
  }
  const std::string reason = data::string_or(status, {"state", "waiting", "reason"}, "");
  const std::string message = fmt::format(
      "{}: {}", container, data::string_or(status, {"state", "waiting", "message"}, reason));
  if (reason == "CrashLoopBackOff") signals.add("CRASHLOOP", pod, message);
  if (is_pull_failure(reason)) signals.add("IMAGEPULL", pod, message);
}

// The message of a condition of that type and status; nullptr without one.
const Json* condition(const Json& object, std::string_view type, std::string_view status) {
  for (const Json& one : data::array_or_empty(object, {"status", "conditions"})) {
    if (data::string_or(one, {"type"}, "") == type &&
        data::string_or(one, {"status"}, "") == status) {
      return &one;
    }
  }
  return nullptr;
}

void look_at_pod(const Json& pod, Signals& signals) {
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Json& status : data::array_or_empty(pod, {"status", list})) {
      look_at_container(pod, status, signals);
    }
  }
  if (data::string_or(pod, {"status", "phase"}, "") != "Pending" ||
      !data::string_or(pod, {"spec", "nodeName"}, "").empty()) {
    return;
  }
  const Json* unscheduled = condition(pod, "PodScheduled", "False");
  signals.add("PENDING", pod,
              unscheduled == nullptr ? "no node was chosen for it"
                                     : data::string_or(*unscheduled, {"message"}, "unschedulable"));
}

void look_at_deployment(const Json& deployment, Signals& signals) {
  const Json* stalled = condition(deployment, "Progressing", "False");
  if (stalled == nullptr) return;
  signals.add("STALLED", deployment, data::string_or(*stalled, {"message"}, "makes no progress"));
}

void look_at_autoscaler(const Json& autoscaler, Signals& signals) {
  const auto most = data::integer_or(autoscaler, {"spec", "maxReplicas"}, 0);
  if (most == 0 || data::integer_or(autoscaler, {"status", "currentReplicas"}, 0) < most) return;
  signals.add("HPA-AT-MAX", autoscaler, fmt::format("it cannot scale beyond {} replicas", most));
}

void look_at_claim(const Json& claim, Signals& signals) {
  if (data::string_or(claim, {"status", "phase"}, "") != "Pending") return;
  signals.add("PVC-PENDING", claim, "no volume is bound to it");
}

void look_at_node(const Json& node, Signals& signals) {
  for (const std::string_view type : {"MemoryPressure", "DiskPressure", "PIDPressure"}) {
    const Json* pressed = condition(node, type, "True");
    if (pressed == nullptr) continue;
    signals.add("NODE-PRESSURE", node,
                fmt::format("{}: {}", type, data::string_or(*pressed, {"message"}, "True")));
  }
}

}  // namespace

Json signal_rows(const HealthFacts& facts) {
  Signals signals;
  for (const Json& pod : facts.pods) look_at_pod(pod, signals);
  for (const Json& deployment : facts.deployments) look_at_deployment(deployment, signals);
  for (const Json& autoscaler : facts.autoscalers) look_at_autoscaler(autoscaler, signals);
  for (const Json& claim : facts.claims) look_at_claim(claim, signals);
  for (const Json& node : facts.nodes) look_at_node(node, signals);
  return signals.take();
}

}  // namespace dr::lkg
