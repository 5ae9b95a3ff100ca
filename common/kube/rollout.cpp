#include "common/kube/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

// Our own word for a container that came back at least twice and is not ready; the others are the
// cluster's.
constexpr std::string_view k_restarting = "Restarting";
constexpr std::int64_t k_too_many_restarts = 2;

bool is_being_deleted(const Json& pod) {
  return data::has(pod, {"metadata", "deletionTimestamp"});
}

std::string phase_of(const Json& pod) {
  return data::string_or(pod, {"status", "phase"}, "");
}

// --- Counting

struct StatusCount {
  std::string_view member;  // of status
  std::string_view word;    // "2 of 3 pods <word>"
};

// What a kind's status must count, each equal to the wanted pods.
struct KindOfRollout {
  std::string_view kind;
  std::span<const StatusCount> counts;
};

constexpr std::array k_deployment_counts = {StatusCount{"replicas", "exist"},
                                            StatusCount{"updatedReplicas", "updated"},
                                            StatusCount{"availableReplicas", "available"}};
constexpr std::array k_stateful_set_counts = {
    StatusCount{"replicas", "exist"}, StatusCount{"updatedReplicas", "updated"},
    StatusCount{"readyReplicas", "ready"}, StatusCount{"availableReplicas", "available"}};
constexpr std::array k_daemon_set_counts = {StatusCount{"currentNumberScheduled", "scheduled"},
                                            StatusCount{"updatedNumberScheduled", "updated"},
                                            StatusCount{"numberAvailable", "available"}};
constexpr std::array k_kinds = {KindOfRollout{"Deployment", k_deployment_counts},
                                KindOfRollout{"StatefulSet", k_stateful_set_counts},
                                KindOfRollout{"DaemonSet", k_daemon_set_counts}};

const KindOfRollout& kind_of_rollout(const Json& workload) {
  const std::string& kind = data::string_at(workload, {"kind"});
  const auto found = std::find_if(k_kinds.begin(), k_kinds.end(),
                                  [&kind](const KindOfRollout& row) { return row.kind == kind; });
  if (found == k_kinds.end()) throw Error(ExitCode::failed, display(workload) + " has no rollout");
  return *found;
}

std::int64_t wanted_pods(const Json& workload, std::string_view kind) {
  if (kind == "DaemonSet") {
    return data::integer_or(workload, {"status", "desiredNumberScheduled"}, 0);
  }
  return data::integer_or(workload, {"spec", "replicas"}, 1);
}

struct PodCounts {
  std::int64_t updated = 0;
  std::int64_t ready = 0;
  std::int64_t older = 0;    // also those being deleted
  std::int64_t leaving = 0;  // of the newest revision, being deleted
};

PodCounts count_pods(const Json& workload, const Ownership& ownership) {
  PodCounts counts;
  for (const Json* pod : ownership.pods_of(workload)) {
    const std::string phase = phase_of(*pod);
    if (phase == "Failed" || phase == "Succeeded") continue;
    if (!ownership.is_current(workload, *pod)) {
      ++counts.older;
    } else if (is_being_deleted(*pod)) {
      ++counts.leaving;
    } else {
      ++counts.updated;
      if (is_ready(*pod)) ++counts.ready;
    }
  }
  return counts;
}

// --- Why a workload is not settled: each gives a reason, or "" when it has no objection

bool is_observed(const Json& workload) {
  return data::integer_or(workload, {"metadata", "generation"}, 0) ==
         data::integer_or(workload, {"status", "observedGeneration"}, -1);
}

std::string unobserved_reason(const Json& workload) {
  if (is_observed(workload)) return {};
  return fmt::format("generation {} not observed yet",
                     data::integer_or(workload, {"metadata", "generation"}, 0));
}

std::int64_t partition_of(const Json& workload) {
  return data::integer_or(workload, {"spec", "updateStrategy", "rollingUpdate", "partition"}, 0);
}

// A rollout that somebody holds back: part of the pods, or all, may never get the template.
std::string held_reason(const Json& workload, const RolloutState& state) {
  if (state.paused) return "paused";
  if (state.partitioned) return fmt::format("held back by partition {}", partition_of(workload));
  return {};
}

std::string condition_reason(const Json& workload) {
  for (const auto& [type, bad_status] :
       {std::pair{"ReplicaFailure", "True"}, std::pair{"Progressing", "False"}}) {
    if (!condition_is(workload, type, bad_status)) continue;
    const Json& condition = *condition_of(workload, type);
    return printable(fmt::format("{}={}, {}: {}", type, bad_status,
                                 data::string_or(condition, {"reason"}, "no reason given"),
                                 data::string_or(condition, {"message"}, "no message")));
  }
  return {};
}

std::string pods(std::int64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "pod" : "pods");
}

std::string count_reason(std::int64_t count, std::int64_t wanted, std::string_view word) {
  if (count == wanted) return {};
  if (count < wanted) return fmt::format("{} of {} pods {}", count, wanted, word);
  return fmt::format("{} {}, {} wanted", pods(count), word, wanted);
}

std::string pods_reason(const PodCounts& counts, std::int64_t wanted) {
  if (counts.older > 0) return pods(counts.older) + " of an older revision left";
  if (counts.leaving > 0) return pods(counts.leaving) + " still being deleted";
  const std::string updated = count_reason(counts.updated, wanted, "updated");
  return updated.empty() ? count_reason(counts.ready, wanted, "ready") : updated;
}

std::string status_reason(const Json& workload, std::span<const StatusCount> counts,
                          std::int64_t wanted) {
  for (const StatusCount& count : counts) {
    std::string reason =
        count_reason(data::integer_or(workload, {"status", count.member}, 0), wanted, count.word);
    if (!reason.empty()) return reason;
  }
  const std::int64_t misscheduled = data::integer_or(workload, {"status", "numberMisscheduled"}, 0);
  return misscheduled == 0 ? std::string() : pods(misscheduled) + " misscheduled";
}

// --- Troubles

std::string how_it_ended(const Json& container_status) {
  for (const std::string_view state : {"state", "lastState"}) {
    const Json* terminated = data::find(container_status, {state, "terminated"});
    if (terminated == nullptr) continue;
    return fmt::format("last ended with {}, exit code {}",
                       data::string_or(*terminated, {"reason"}, "no reason"),
                       data::integer_or(*terminated, {"exitCode"}, 0));
  }
  return {};
}

PodTrouble trouble_of(const Json& pod, std::string_view container, std::string_view reason,
                      std::string_view message) {
  return {name_of(pod), std::string(container), printable(reason), printable(message)};
}

// Every container waits with one of these while its pod starts.
bool is_ordinary_wait(std::string_view reason) {
  return reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing";
}

void add_container_trouble(const Json& pod, const Json& status, std::vector<PodTrouble>& troubles) {
  const std::string& container = data::string_at(status, {"name"});
  const std::string waiting = data::string_or(status, {"state", "waiting", "reason"}, "");
  if (!is_ordinary_wait(waiting)) {
    const std::string message = data::string_or(status, {"state", "waiting", "message"}, "");
    const std::string end = how_it_ended(status);
    const bool are_both = !message.empty() && !end.empty();
    troubles.push_back(trouble_of(pod, container, waiting, message + (are_both ? "; " : "") + end));
    return;
  }
  const std::int64_t restarts = data::integer_or(status, {"restartCount"}, 0);
  if (restarts < k_too_many_restarts || data::boolean_or(status, {"ready"}, false)) return;
  const std::string end = how_it_ended(status);
  troubles.push_back(
      trouble_of(pod, container, k_restarting,
                 fmt::format("{} restarts{}{}", restarts, end.empty() ? "" : ", ", end)));
}

void add_pod_troubles(const Json& pod, std::vector<PodTrouble>& troubles) {
  if (phase_of(pod) == "Failed") {
    troubles.push_back(trouble_of(pod, "", data::string_or(pod, {"status", "reason"}, "Failed"),
                                  data::string_or(pod, {"status", "message"}, "")));
    return;
  }
  if (condition_is(pod, "PodScheduled", "False")) {
    const Json& condition = *condition_of(pod, "PodScheduled");
    troubles.push_back(trouble_of(pod, "", data::string_or(condition, {"reason"}, "Unschedulable"),
                                  data::string_or(condition, {"message"}, "")));
  }
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Json& status : data::array_or_empty(pod, {"status", list})) {
      add_container_trouble(pod, status, troubles);
    }
  }
}

// Before the controller has seen the newest template, the pods that look current are those of the
// template before it.
std::vector<PodTrouble> troubles_of(const Json& workload, const Ownership& ownership) {
  std::vector<PodTrouble> troubles;
  if (!is_observed(workload)) return troubles;
  if (condition_is(workload, "ReplicaFailure", "True")) {
    const Json& condition = *condition_of(workload, "ReplicaFailure");
    troubles.push_back({"", "", printable(data::string_or(condition, {"reason"}, "ReplicaFailure")),
                        printable(data::string_or(condition, {"message"}, ""))});
  }
  for (const Json* pod : ownership.pods_of(workload)) {
    if (is_being_deleted(*pod) || !ownership.is_current(workload, *pod)) continue;
    add_pod_troubles(*pod, troubles);
  }
  return troubles;
}

// --- Patience

struct Patience {
  std::string_view reason;
  std::int64_t seconds;
};

constexpr std::array k_patience = {
    Patience{"InvalidImageName", 0},
    Patience{"ErrImageNeverPull", 0},
    Patience{"SignatureValidationFailed", 0},
    Patience{"CrashLoopBackOff", 0},
    Patience{k_restarting, 0},
    Patience{"CreateContainerConfigError", 30},
    Patience{"CreateContainerError", 30},
    Patience{"RunContainerError", 30},
    Patience{"ErrImagePull", 60},
    Patience{"ImagePullBackOff", 60},
    Patience{"RegistryUnavailable", 60},
    Patience{"FailedCreate", 90},
    Patience{"FailedMount", 90},
    Patience{"FailedScheduling", 90},
    Patience{"Unschedulable", 90},
};

// What registries and runtimes say, in lower case, when the image is not there, not for us or not
// for this machine. Rate limits and network errors say none of it.
constexpr std::array<std::string_view, 7> k_final_pull_errors = {
    "not found",     "manifest unknown", "unauthorized",      "no match for platform",
    "access denied", "403 forbidden",    "denied: permission"};

bool is_final_pull_error(const PodTrouble& trouble) {
  if (trouble.reason != "ErrImagePull" && trouble.reason != "ImagePullBackOff") return false;
  std::string message = trouble.message;
  std::transform(message.begin(), message.end(), message.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::any_of(
      k_final_pull_errors.begin(), k_final_pull_errors.end(),
      [&message](std::string_view words) { return message.find(words) != std::string::npos; });
}

}  // namespace

RolloutState rollout_state(const Json& workload, const Ownership& ownership) {
  const KindOfRollout& row = kind_of_rollout(workload);
  const PodCounts pods = count_pods(workload, ownership);
  RolloutState state;
  state.wanted = wanted_pods(workload, row.kind);
  state.ready = pods.ready;
  state.updated = pods.updated;
  state.paused = row.kind == "Deployment" && data::boolean_or(workload, {"spec", "paused"}, false);
  state.partitioned = row.kind == "StatefulSet" && partition_of(workload) > 0;
  for (const std::string& reason :
       {unobserved_reason(workload), held_reason(workload, state), condition_reason(workload),
        pods_reason(pods, state.wanted), status_reason(workload, row.counts, state.wanted)}) {
    if (state.reason.empty()) state.reason = reason;
  }
  state.settled = state.reason.empty();
  state.troubles = troubles_of(workload, ownership);
  return state;
}

bool is_hopeless(const PodTrouble& trouble, std::int64_t lasted_seconds) {
  if (is_final_pull_error(trouble)) return true;
  const auto row =
      std::find_if(k_patience.begin(), k_patience.end(),
                   [&trouble](const Patience& p) { return p.reason == trouble.reason; });
  return row != k_patience.end() && lasted_seconds >= row->seconds;
}

bool is_ready(const Json& pod) {
  if (is_being_deleted(pod) || phase_of(pod) != "Running" || !condition_is(pod, "Ready", "True")) {
    return false;
  }
  const Json::array_t& statuses = data::array_or_empty(pod, {"status", "containerStatuses"});
  return statuses.size() == data::array_or_empty(pod, {"spec", "containers"}).size() &&
         std::all_of(statuses.begin(), statuses.end(),
                     [](const Json& status) { return data::boolean_or(status, {"ready"}, false); });
}

std::int64_t restarts_of(const Json& pod) {
  std::int64_t restarts = 0;
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Json& status : data::array_or_empty(pod, {"status", list})) {
      restarts += data::integer_or(status, {"restartCount"}, 0);
    }
  }
  return restarts;
}

bool is_complete(const Json& job) {
  return condition_is(job, "Complete", "True");
}

}  // namespace dr::kube
