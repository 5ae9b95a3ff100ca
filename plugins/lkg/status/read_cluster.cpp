#include "plugins/lkg/status/read_cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/image_ref.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/rollout.hpp"
#include "common/kube/snapshot.hpp"
#include "common/kube/switch_history.hpp"
#include "plugins/lkg/preflight/gitops.hpp"
#include "plugins/lkg/status/fence.hpp"

namespace dr::lkg {
namespace {

using kube::ApiReason;
using kube::Reply;

std::string path_of(std::string_view kind, std::string_view ns, std::string_view name) {
  return kube::object_path(*kube::find_kind(kind), ns, name);
}

bool is_missing(const Reply& reply) {
  return reply.error && reply.error->reason == ApiReason::not_found;
}

// --- What is read of the namespace

// All that is compared and what explains pods, or where that may not be read, less.
struct NamespaceLists {
  std::optional<Live> live;   // everything
  kube::Snapshot snapshot;    // of `live`, else what `has_rollouts` and `has_pods` say
  bool has_rollouts = false;  // workloads and what tells their pods
  bool has_pods = false;
  std::string why_no_live;
  std::string why_no_rollouts;
  std::string why_no_pods;
};

std::vector<const kube::Kind*> kinds_named(std::span<const std::string_view> names) {
  std::vector<const kube::Kind*> kinds;
  for (const auto name : names) kinds.push_back(kube::find_kind(name));
  return kinds;
}

constexpr std::array<std::string_view, 7> k_rollout_kinds = {
    "Pod", "ReplicaSet", "ControllerRevision", "Job", "Deployment", "StatefulSet", "DaemonSet"};
constexpr std::array<std::string_view, 1> k_pod_kinds = {"Pod"};

// Names every kind that cannot be listed, where a snapshot names the first one alone.
std::string unreadable_kinds(const kube::Kubectl& kubectl, const std::string& first) {
  const auto kinds = kube::captured_and_derived_kinds();
  std::vector<std::string> paths;
  for (const auto* kind : kinds)
    paths.push_back(kube::list_path(*kind, kubectl.target().ns) + "?limit=1");
  const auto replies = kubectl.get_all(paths);
  std::vector<std::string> names;
  bool forbidden = true;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (!replies[i].error) continue;
    names.emplace_back(kinds[i]->plural);
    forbidden = forbidden && replies[i].error->reason == ApiReason::forbidden;
  }
  if (names.empty()) return first;
  if (!forbidden) return fmt::format("{} (not readable: {})", first, join(names, ", "));
  return fmt::format("forbidden to list {}", join(names, ", "));
}

bool read_lists(const kube::Kubectl& kubectl, std::span<const std::string_view> names,
                NamespaceLists& lists, std::string& why_not) try {
  lists.snapshot = kube::read_snapshot(kubectl, kubectl.target().ns, kinds_named(names));
  return true;
} catch (const Error& error) {
  if (error.code() == ExitCode::usage) throw;
  why_not = error.what();
  return false;
}

NamespaceLists read_namespace(const kube::Kubectl& kubectl, const std::optional<Lkg>& lkg) {
  NamespaceLists lists;
  try {
    lists.live = lkg ? read_live(kubectl, *lkg) : read_live(kubectl);
    lists.snapshot = lists.live->snapshot;
    lists.has_rollouts = lists.has_pods = true;
    return lists;
  } catch (const Error& error) {
    if (error.code() == ExitCode::usage) throw;
    lists.why_no_live = unreadable_kinds(kubectl, error.what());
  }
  lists.has_rollouts = lists.has_pods =
      read_lists(kubectl, k_rollout_kinds, lists, lists.why_no_rollouts);
  if (!lists.has_pods) lists.has_pods = read_lists(kubectl, k_pod_kinds, lists, lists.why_no_pods);
  return lists;
}

// --- The switch

SwitchStatus switch_of(const Reply& reply, const Reply& safety, const Reply& ns) {
  SwitchStatus status;
  status.namespace_exists = !is_missing(ns);
  if (safety.error) {
    if (!is_missing(safety)) {
      status.unproven = fmt::format("ConfigMap/{} cannot be read", kube::k_safety_name);
    }
  } else {
    const auto* held = kube::held_value({"v1", "ConfigMap", "", std::string(kube::k_safety_name)});
    if (kube::is_released(*held, safety.value))
      status.safety = data::string_or(safety.value, {"data", kube::k_safety_key}, "");
  }
  if (reply.error) return status;
  const auto event =
      kube::switch_event(data::write_json({{"type", "MODIFIED"}, {"object", reply.value}}, -1));
  status.value = event.value;
  status.manager = event.manager;
  status.written = event.time;
  if (data::has(reply.value, {"metadata", "deletionTimestamp"}))
    status.objection = "it is being deleted";
  return status;
}

// A proof is sound only for the incarnation and version of the switch that it was made for.
class ProofOfHalt {
 public:
  ProofOfHalt(const kube::Kubectl& kubectl, SwitchStatus& status)
      : m_switch(kubectl), m_status(status) {
    if (!status.is_halted()) return;
    attempt([&] { m_before = m_switch.read_back(); }, m_status.objection);
    if (!m_before) return;
    attempt([&] { m_prover.emplace(kubectl, *m_before); }, m_status.unproven);
  }

  // `lists`: read after this was made.
  void finish(const NamespaceLists& lists) {
    if (!m_prover) return;
    if (!lists.has_pods) {
      m_status.unproven = lists.why_no_pods;
      return;
    }
    attempt([&] { m_status.proofs = m_prover->prove(lists.snapshot.of("Pod")); },
            m_status.unproven);
    attempt(
        [&] {
          if (!m_switch.read_back().is_same(*m_before))
            m_status.objection = "it was written while this looked";
        },
        m_status.objection);
  }

 private:
  template <typename Step>
  static void attempt(Step step, std::string& cause) try {
    step();
  } catch (const Error& error) {
    if (error.code() == ExitCode::usage) throw;
    cause = error.what();
  }

  kube::KillSwitch m_switch;
  SwitchStatus& m_status;
  std::optional<kube::Halted> m_before;
  std::optional<kube::HaltProver> m_prover;
};

// --- Drift

std::string text_of(const kube::FieldManager& writer) {
  return writer.time.empty() ? writer.manager : writer.manager + " at " + writer.time;
}

// Of the first difference.
std::string writer_of(const ObjectDrift& drift) try {
  const auto blame = blames_of(drift).front();
  if (!blame.owners.empty()) return text_of(blame.owners.front());
  if (!blame.last_writer) return {};
  return "unknown; last writer " + text_of(*blame.last_writer);
} catch (const Error& error) {
  return std::string("unknown: ") + error.what();
}

DriftStatus drift_status(const Lkg& lkg, const Live& live, const std::string& cluster_uid) {
  DriftStatus status;
  status.compared = lkg.objects.size();
  for (const auto& drift : find_drift(lkg, live, allocated_on(lkg, cluster_uid))) {
    if (drift.kind == DriftKind::same) continue;
    const auto& differences = drift.differences;
    status.rows.push_back({drift.kind, drift.key.display(),
                           differences.empty() ? "" : differences.front().pointer,
                           differences.size(), writer_of(drift)});
  }
  return status;
}

// --- Workloads

std::string running_digest(const Json& pod, std::string_view list, const std::string& container) {
  for (const auto& status : data::array_or_empty(pod, {"status", list})) {
    if (data::string_or(status, {"name"}, "") != container) continue;
    const auto image = kube::RunningImage::parse(data::string_or(status, {"imageID"}, ""));
    return image ? image->digest.text() : "";
  }
  return {};
}

std::string written_image(const Json& pod, std::string_view list, const std::string& container) {
  for (const auto& one : data::array_or_empty(pod, {"spec", list})) {
    if (data::string_or(one, {"name"}, "") == container) return data::string_or(one, {"image"}, "");
  }
  return {};
}

// Runtimes may report another digest for one image (an index and its platform's manifest), so a pod
// whose own text is the LKG's is equal whatever its runtime says.
Digests digests_of_pod(const Json& pod_template, const Json& pod) {
  Digests result = Digests::equal;
  using Lists = std::pair<std::string_view, std::string_view>;
  for (const auto& [spec, status] : {Lists{"initContainers", "initContainerStatuses"},
                                     Lists{"containers", "containerStatuses"}}) {
    for (const auto& container : data::array_or_empty(pod_template, {"spec", spec})) {
      const std::string& name = data::string_at(container, {"name"});
      const std::string& image = data::string_at(container, {"image"});
      if (written_image(pod, spec, name) == image) continue;
      const std::string digest = running_digest(pod, status, name);
      const auto wanted = kube::ImageRef::parse(image).digest;
      if (wanted && digest == wanted->text()) continue;
      if (!digest.empty()) return Digests::other;
      result = Digests::unknown;
    }
  }
  return result;
}

Digests digests_of(const Json* lkg_workload, const std::vector<const Json*>& pods) {
  if (lkg_workload == nullptr) return Digests::not_in_lkg;
  Digests result = Digests::no_pods;
  for (const Json* pod : pods) {
    const std::string phase = data::string_or(*pod, {"status", "phase"}, "");
    if (phase == "Succeeded" || phase == "Failed") continue;
    const Digests one = digests_of_pod(*kube::pod_template_of(*lkg_workload), *pod);
    if (one == Digests::other) return one;
    if (result == Digests::no_pods || one == Digests::unknown) result = one;
  }
  return result;
}

std::string reason_of(const kube::RolloutState& state) {
  if (state.troubles.empty()) return state.reason;
  const auto& trouble = state.troubles.front();
  return fmt::format("{}: {}", trouble.reason,
                     trouble.message.empty() ? state.reason : trouble.message);
}

std::vector<WorkloadStatus> workload_rows(const kube::Snapshot& snapshot,
                                          const std::optional<Lkg>& lkg) {
  const kube::Ownership ownership(snapshot.of("Pod"), snapshot.of("ReplicaSet"),
                                  snapshot.of("ControllerRevision"), snapshot.of("Job"));
  std::vector<WorkloadStatus> rows;
  for (const auto& kind : kube::kinds()) {
    if (!kube::is_workload(kind)) continue;
    for (const auto& workload : snapshot.of(kind.kind)) {
      const auto state = kube::rollout_state(workload, ownership);
      const Json* wanted = lkg ? lkg->find(kind.kind, kube::name_of(workload)) : nullptr;
      rows.push_back({kube::display(workload), state.wanted, state.ready, state.settled,
                      reason_of(state), digests_of(wanted, ownership.pods_of(workload))});
    }
  }
  return rows;
}

// --- All of it

template <typename T, typename Read>
Part<T> part_of(Read read) {
  try {
    return {read(), {}, std::nullopt};
  } catch (const Error& error) {
    if (error.code() == ExitCode::usage) throw;
    return {std::nullopt, error.what(), std::nullopt};
  }
}

// Those that would write back what a restore changes.
std::vector<std::string> gitops_of(const Live& live) {
  std::vector<std::string> lines;
  for (const auto& owner : gitops_owners(lkg_objects(live))) {
    if (!owner.reconciles()) continue;
    lines.push_back(fmt::format("{} ({}) owns {} objects and would write them back", owner.tool,
                                owner.name.empty() ? "unknown" : owner.name, owner.objects.size()));
  }
  return lines;
}

void take_lists(const NamespaceLists& lists, const std::optional<Lkg>& lkg,
                const std::string& cluster_uid, Status& status) {
  if (!lists.live) {
    status.drift.unknown = status.gitops.unknown = lists.why_no_live;
  } else {
    if (lkg) {
      status.drift =
          part_of<DriftStatus>([&] { return drift_status(*lkg, *lists.live, cluster_uid); });
    }
    status.gitops = part_of<std::vector<std::string>>([&] { return gitops_of(*lists.live); });
  }
  if (lists.has_rollouts) {
    status.workloads =
        part_of<std::vector<WorkloadStatus>>([&] { return workload_rows(lists.snapshot, lkg); });
  } else {
    status.workloads.unknown = lists.why_no_rollouts;
  }
}

void take_identity(const Reply& reply, const std::optional<Lkg>& lkg, Status& status,
                   std::string& cluster_uid) {
  if (!reply.error) cluster_uid = data::string_or(reply.value, {"metadata", "uid"}, "");
  if (!lkg || lkg->cluster_uid.empty() || cluster_uid.empty()) return;
  status.lkg.value->cluster = lkg->cluster_uid == cluster_uid ? Cluster::same : Cluster::another;
}

// Nothing more is asked of a server that does not answer.
bool is_down(const kube::ApiError& error) {
  return error.reason == ApiReason::unreachable || error.reason == ApiReason::timeout;
}

void give_up(const std::string& why, Status& status) {
  status.unreachable = why;
  status.kill_switch.unknown = why;
  status.drift.unknown = "the API server does not answer";
  status.workloads.unknown = status.drift.unknown;
  status.fence.unknown = status.gitops.unknown = status.drift.unknown;
}

}  // namespace

Status read_status(const kube::Kubectl& kubectl, DiskFacts disk, UtcTime now) {
  const auto& target = kubectl.target();
  Status status;
  status.time = now;
  status.ns = target.ns;
  status.context = target.context;
  status.server = target.server;
  status.lkg = std::move(disk.lkg_status);
  status.images = std::move(disk.images);
  status.backups = std::move(disk.backups);
  status.restores = std::move(disk.restores);

  const std::array<std::string, 4> paths = {path_of("ConfigMap", target.ns, kube::k_switch_name),
                                            path_of("ConfigMap", target.ns, kube::k_safety_name),
                                            path_of("Namespace", {}, target.ns),
                                            path_of("Namespace", {}, "kube-system")};
  const auto replies = kubectl.get_all(paths);
  const auto& switch_reply = replies[0];
  if (switch_reply.error && is_down(*switch_reply.error)) {
    give_up(switch_reply.error->text, status);
    return status;
  }
  std::string cluster_uid;
  take_identity(replies[3], disk.lkg, status, cluster_uid);

  SwitchStatus kill_switch = switch_of(switch_reply, replies[1], replies[2]);
  ProofOfHalt proof(kubectl, kill_switch);
  if (kill_switch.namespace_exists) {
    const NamespaceLists lists = read_namespace(kubectl, disk.lkg);
    proof.finish(lists);
    take_lists(lists, disk.lkg, cluster_uid, status);
  }
  status.fence = read_fence(kubectl, replies[2]);
  if (switch_reply.error && !is_missing(switch_reply)) {
    status.kill_switch.unknown = switch_reply.error->text;
  } else {
    status.kill_switch.value = std::move(kill_switch);
  }
  return status;
}

}  // namespace dr::lkg
