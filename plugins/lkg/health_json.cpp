#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "common/backup/credentials.hpp"
#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/object.hpp"
#include "common/kube/ownership.hpp"
#include "common/kube/pin.hpp"
#include "common/kube/rollout.hpp"
#include "plugins/lkg/health_report.hpp"
#include "plugins/lkg/health_signals.hpp"
#include "plugins/lkg/status/document.hpp"
#include "plugins/lkg/warning_event.hpp"

namespace dr::lkg {
namespace {

// --- Rows of one object

// The word that stands for a pod in `kubectl get pods`, as far as one word can tell.
std::string pod_status(const Json& pod) {
  if (data::has(pod, {"metadata", "deletionTimestamp"})) return "Terminating";
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Json& status : data::array_or_empty(pod, {"status", list})) {
      std::string waiting = data::string_or(status, {"state", "waiting", "reason"}, "");
      if (!waiting.empty()) return waiting;
      if (data::integer_or(status, {"state", "terminated", "exitCode"}, 0) != 0) {
        return data::string_or(status, {"state", "terminated", "reason"}, "Error");
      }
    }
  }
  return data::string_or(pod, {"status", "reason"},
                         data::string_or(pod, {"status", "phase"}, "Unknown"));
}

Json pod_row(const Json& pod) {
  const auto& statuses = data::array_or_empty(pod, {"status", "containerStatuses"});
  return {{"name", kube::name_of(pod)},
          {"ready", std::count_if(statuses.begin(), statuses.end(),
                                  [](const Json& status) {
                                    return data::boolean_or(status, {"ready"}, false);
                                  })},
          {"containers", data::array_or_empty(pod, {"spec", "containers"}).size()},
          {"status", pod_status(pod)},
          {"restarts", kube::restarts_of(pod)},
          {"created", data::string_or(pod, {"metadata", "creationTimestamp"}, "")},
          {"node", data::string_or(pod, {"spec", "nodeName"}, "")}};
}

// Where the status of a kind counts its pods.
struct Counts {
  std::string_view current, ready, updated, available;
};
constexpr Counts k_replica_counts = {"replicas", "readyReplicas", "updatedReplicas",
                                     "availableReplicas"};
constexpr Counts k_node_counts = {"currentNumberScheduled", "numberReady", "updatedNumberScheduled",
                                  "numberAvailable"};

std::string kind_of(const Json& object) {
  return data::string_at(object, {"kind"});
}

Json workload_row(const Json& workload) {
  const bool is_by_node = kind_of(workload) == "DaemonSet";
  const Counts& counts = is_by_node ? k_node_counts : k_replica_counts;
  const auto count = [&](std::string_view member) {
    return data::integer_or(workload, {"status", member}, 0);
  };
  return {{"name", kube::name_of(workload)},
          {"wanted", is_by_node ? count("desiredNumberScheduled")
                                : data::integer_or(workload, {"spec", "replicas"}, 1)},
          {"current", count(counts.current)},
          {"ready", count(counts.ready)},
          {"updated", count(counts.updated)},
          {"available", count(counts.available)},
          {"created", data::string_or(workload, {"metadata", "creationTimestamp"}, "")}};
}

Json event_row(const Json& object) {
  const WarningEvent event = read_warning_event(object);
  return {{"lastSeen", event.last_seen},
          {"object", event.object},
          {"reason", event.reason},
          {"count", event.count},
          {"message", backup::without_credentials(event.message)}};
}

// --- Lists

bool is_unread(const HealthFacts& facts, std::string_view plural) {
  const std::string prefix = std::string(plural) + ": ";
  return std::any_of(facts.gaps.begin(), facts.gaps.end(),
                     [&](const std::string& gap) { return gap.starts_with(prefix); });
}

// A list of the facts as rows; null when it could not be read.
struct ListPart {
  std::string_view member;
  std::string_view plural;
  std::vector<Json> HealthFacts::* objects;
  Json (*row)(const Json&);
};
constexpr std::array k_list_parts = {
    ListPart{"pods", "pods", &HealthFacts::pods, pod_row},
    ListPart{"deployments", "deployments", &HealthFacts::deployments, workload_row},
    ListPart{"statefulSets", "statefulsets", &HealthFacts::stateful_sets, workload_row},
    ListPart{"daemonSets", "daemonsets", &HealthFacts::daemon_sets, workload_row},
    ListPart{"warningEvents", "events", &HealthFacts::warning_events, event_row}};

Json rows_of(const HealthFacts& facts, const ListPart& part) {
  if (is_unread(facts, part.plural)) return nullptr;
  Json rows = Json::array();
  for (const Json& object : facts.*part.objects) rows.push_back(part.row(object));
  return rows;
}

// --- What several lists tell together

std::vector<const Json*> workloads_of(const HealthFacts& facts) {
  std::vector<const Json*> workloads;
  for (const auto* list : {&facts.deployments, &facts.stateful_sets, &facts.daemon_sets}) {
    for (const Json& workload : *list) workloads.push_back(&workload);
  }
  return workloads;
}

Json state_row(const std::string& workload, const kube::RolloutState& state) {
  Json troubles = Json::array();
  for (const kube::PodTrouble& trouble : state.troubles) {
    troubles.push_back({{"pod", trouble.pod},
                        {"container", trouble.container},
                        {"reason", trouble.reason},
                        {"message", backup::without_credentials(trouble.message)}});
  }
  return {{"workload", workload},           {"settled", state.settled}, {"wanted", state.wanted},
          {"ready", state.ready},           {"updated", state.updated}, {"reason", state.reason},
          {"troubles", std::move(troubles)}};
}

Json unknown_state_row(const std::string& workload, const std::string& reason) {
  return {{"workload", workload},     {"settled", nullptr}, {"wanted", nullptr},
          {"ready", nullptr},         {"updated", nullptr}, {"reason", reason},
          {"troubles", Json::array()}};
}

// Without the pods, or what tells their revisions, every workload would look as if it had none.
std::string missing_evidence(const HealthFacts& facts, std::string_view kind) {
  if (is_unread(facts, "pods")) return "pods";
  if (kind == "Deployment" && is_unread(facts, "replicasets")) return "replicasets";
  if (kind == "DaemonSet" && is_unread(facts, "controllerrevisions")) return "controllerrevisions";
  return {};
}

Json rollouts(const HealthFacts& facts) {
  const std::vector<Json> no_jobs;
  const kube::Ownership ownership(facts.pods, facts.replica_sets, facts.controller_revisions,
                                  no_jobs);
  Json rows = Json::array();
  for (const Json* workload : workloads_of(facts)) {
    const std::string missing = missing_evidence(facts, kind_of(*workload));
    rows.push_back(
        missing.empty()
            ? state_row(kube::display(*workload), kube::rollout_state(*workload, ownership))
            : unknown_state_row(kube::display(*workload), missing + " could not be read"));
  }
  return rows;
}

Json spec_images(const HealthFacts& facts) {
  Json rows = Json::array();
  for (const Json* workload : workloads_of(facts)) {
    for (std::string& image : kube::images_of(*kube::pod_template_of(*workload))) {
      rows.push_back({{"workload", kube::display(*workload)}, {"image", std::move(image)}});
    }
  }
  return rows;
}

struct ContainerLists {
  std::string_view spec, status;
};
constexpr std::array k_container_lists = {
    ContainerLists{"initContainers", "initContainerStatuses"},
    ContainerLists{"containers", "containerStatuses"},
    ContainerLists{"ephemeralContainers", "ephemeralContainerStatuses"}};

// What the runtime says that it runs, as it says it; empty when the container has not started.
std::string image_id_of(const Json& pod, std::string_view list, const std::string& container) {
  for (const Json& status : data::array_or_empty(pod, {"status", list})) {
    if (data::string_or(status, {"name"}, "") == container) {
      return data::string_or(status, {"imageID"}, "");
    }
  }
  return {};
}

Json pod_images(const HealthFacts& facts) {
  if (is_unread(facts, "pods")) return nullptr;
  Json rows = Json::array();
  for (const Json& pod : facts.pods) {
    for (const ContainerLists& list : k_container_lists) {
      for (const Json& container : data::array_or_empty(pod, {"spec", list.spec})) {
        const std::string& name = data::string_at(container, {"name"});
        rows.push_back({{"pod", kube::name_of(pod)},
                        {"container", name},
                        {"image", data::string_or(container, {"image"}, "")},
                        {"imageId", image_id_of(pod, list.status, name)}});
      }
    }
  }
  return rows;
}

std::string scale_command(const std::string& ns, const std::string& resource,
                          const std::string& name) {
  return fmt::format("kubectl -n {} scale {} --replicas=1", shell_quoted(printable(ns)),
                     shell_quoted(printable(resource + "/" + name)));
}

Json scale_up(const HealthFacts& facts) {
  Json rows = Json::array();
  for (const auto& [list, resource] : {std::pair{&facts.deployments, "deployment"},
                                       std::pair{&facts.stateful_sets, "statefulset"}}) {
    for (const Json& workload : *list) {
      if (data::integer_or(workload, {"spec", "replicas"}, 1) != 0) continue;
      rows.push_back(
          {{"workload", kube::display(workload)},
           {"command", scale_command(facts.target.ns, resource, kube::name_of(workload))}});
    }
  }
  return rows;
}

struct HealthPart {
  std::string_view member;
  Json (*make)(const HealthFacts&);
};
// Lists without which a signal may be missing.
Json signals_not_covered(const HealthFacts& facts) {
  Json unread = Json::array();
  for (const std::string_view plural :
       {"pods", "deployments", "horizontalpodautoscalers", "persistentvolumeclaims", "nodes"}) {
    if (is_unread(facts, plural)) unread.push_back(plural);
  }
  return unread;
}

Json failing_json(const HealthFacts& facts) {
  if (is_unread(facts, "pods") || is_unread(facts, "failing pods")) return nullptr;
  Json rows = Json::array();
  for (const auto& one : facts.failing.containers) {
    rows.push_back({{"pod", one.pod},
                    {"container", one.container},
                    {"trouble", one.trouble},
                    {"log", one.log},
                    {"noLog", one.no_log},
                    {"events", one.events}});
  }
  return {{"containers", std::move(rows)}, {"notShown", facts.failing.not_shown}};
}

Json ledger_json(const std::optional<ExpectedTime>& ledger) {
  if (!ledger) return nullptr;
  return {{"restores", ledger->restores},
          {"medianMs", ledger->median.count()},
          {"worstMs", ledger->worst.count()}};
}

constexpr std::array k_parts = {
    HealthPart{"signals", signal_rows},    HealthPart{"signalsNotCovered", signals_not_covered},
    HealthPart{"failing", failing_json},   HealthPart{"rollouts", rollouts},
    HealthPart{"specImages", spec_images}, HealthPart{"podImages", pod_images},
    HealthPart{"scaleUp", scale_up}};

// One malformed object must not cost the rest of the report.
template <typename Make>
void add_part(Json& document, std::string_view member, std::vector<std::string>& gaps, Make make) {
  try {
    document[member] = make();
  } catch (const Error& error) {
    gaps.push_back(fmt::format("{}: {}", member, error.what()));
    document[member] = nullptr;
  }
}

// --- The restore

std::vector<std::string> names_of(const std::vector<Extra>& extras) {
  std::vector<std::string> names;
  for (const Extra& extra : extras) names.push_back(extra.key.display());
  std::sort(names.begin(), names.end());
  return names;
}

Json outcome_rows(std::vector<WorkloadOutcome> outcomes) {
  std::sort(outcomes.begin(), outcomes.end(),
            [](const auto& a, const auto& b) { return a.workload < b.workload; });
  Json rows = Json::array();
  for (const WorkloadOutcome& outcome : outcomes) {
    rows.push_back(state_row(outcome.workload, outcome.state));
    rows.back()["failure"] = outcome.failure;
  }
  return rows;
}

Json proof_rows(std::vector<kube::HaltProof> proofs) {
  std::sort(proofs.begin(), proofs.end(), [](const auto& a, const auto& b) {
    return std::tie(a.pod, a.container, a.way) < std::tie(b.pod, b.container, b.way);
  });
  Json rows = Json::array();
  for (const kube::HaltProof& proof : proofs) {
    rows.push_back({{"pod", proof.pod},
                    {"container", proof.container},
                    {"way", name_of(proof.way)},
                    {"verdict", name_of(proof.verdict)},
                    {"reason", proof.reason}});
  }
  return rows;
}

// One row a place that differs; pointers only, never what is there. The pointer of an object that
// is missing is "", the whole of it.
Json difference_rows(const std::vector<ObjectDrift>& drifts) {
  std::vector<std::tuple<std::string, std::string, std::string>> places;
  for (const ObjectDrift& drift : drifts) {
    const std::string object = drift.key.display();
    const std::string kind(name_of(drift.kind));
    if (drift.differences.empty()) places.emplace_back(object, "", kind);
    for (const data::Difference& one : drift.differences) {
      places.emplace_back(object, one.pointer, kind);
    }
  }
  std::sort(places.begin(), places.end());
  Json rows = Json::array();
  for (const auto& [object, pointer, kind] : places) {
    rows.push_back({{"object", object}, {"drift", kind}, {"pointer", pointer}});
  }
  return rows;
}

Json restore_document(const RestoreResult& result) {
  std::vector<std::string> suspended = result.suspended_cron_jobs;
  std::sort(suspended.begin(), suspended.end());
  Json document = {{"lkg", result.lkg_id},
                   {"restoreId", result.restore_id},
                   {"phase", result.phase},
                   {"started", rfc3339(result.started)},
                   {"exitCode", static_cast<int>(result.code)},
                   {"error", result.error},
                   {"nextStep", result.next_step},
                   {"haltedAt", result.halted_at},
                   {"haltedAtEnd", nullptr},
                   {"planHash", result.plan_hash},
                   {"evidence", result.evidence},
                   {"journal", result.journal},
                   {"verifiedAfterMs", nullptr},
                   {"actions", result.actions},
                   {"changed", result.changed},
                   {"warnings", result.warnings},
                   {"workloads", outcome_rows(result.workloads)},
                   {"proofs", proof_rows(result.proofs)},
                   {"differences", difference_rows(result.differences)},
                   {"extras", names_of(result.extras)},
                   {"suspendedCronJobs", std::move(suspended)}};
  if (result.halted_at_end) document["haltedAtEnd"] = *result.halted_at_end;
  if (const auto time = time_to_verified(result)) document["verifiedAfterMs"] = time->count();
  return document;
}

}  // namespace

Json health_json(const HealthFacts& facts, const RestoreResult* restore) {
  Json document = {{"generated", rfc3339(facts.generated)},
                   {"gitSha", facts.git.sha},
                   {"gitBranch", facts.git.branch},
                   {"context", facts.target.context},
                   {"cluster", facts.target.cluster},
                   {"user", facts.target.user},
                   {"namespace", facts.target.ns},
                   {"killSwitch", nullptr},
                   {"restore", nullptr},
                   {"status", nullptr},
                   {"timeline", facts.timeline},
                   {"ledger", ledger_json(facts.ledger)}};
  if (facts.status) document["status"] = status_json(*facts.status, problems_of(*facts.status, {}));
  if (facts.kill_switch) document["killSwitch"] = *facts.kill_switch;
  if (restore != nullptr) document["restore"] = restore_document(*restore);

  std::vector<std::string> gaps = facts.gaps;
  for (const ListPart& part : k_list_parts) {
    add_part(document, part.member, gaps, [&] { return rows_of(facts, part); });
  }
  for (const HealthPart& part : k_parts) {
    add_part(document, part.member, gaps, [&] { return part.make(facts); });
  }
  document["gaps"] = std::move(gaps);
  return document;
}

}  // namespace dr::lkg
