#include "plugins/lkg/restore/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/text.hpp"
#include "common/kube/compare.hpp"
#include "common/os/sha256.hpp"

namespace dr::lkg {
namespace {

std::string why_it_rolls(const PlannedObject& planned) {
  std::vector<std::string> reasons;
  if (kube::rolls_pods(*planned.drift.lkg, planned.drift.differences))
    reasons.emplace_back("its template differs");
  if (planned.stamped) reasons.emplace_back("a pod of it is not proven halted");
  return join(reasons, "; ");
}

// The value of a switch is the halt's to write, before anything that is planned.
void leave_switch_to_halt(ObjectDrift& drift) {
  const auto* held = kube::held_value(drift.key);
  if (held == nullptr) return;
  std::erase_if(drift.differences, [held](const data::Difference& difference) {
    return difference.pointer == data::pointer({"data", held->key});
  });
  if (drift.kind == DriftKind::changed && drift.differences.empty()) drift.kind = DriftKind::same;
}

// Only what takes the switch can trade, so it starts last, when all that it relies on is restored.
kube::Wave wave_of(const Json& object) {
  const kube::Kind& kind = kube::kind_of(object);
  if (!kube::is_workload(kind)) return kind.wave;
  const Json* spec = data::find(*kube::pod_template_of(object), {"spec"});
  const bool consumes = spec != nullptr && !kube::switch_consumers(*spec).empty();
  return consumes ? kube::Wave::execution : kind.wave;
}

PlannedObject plan_object(ObjectDrift drift, const std::set<std::string>& to_restart) {
  PlannedObject planned;
  leave_switch_to_halt(drift);
  const kube::Kind& kind = kube::kind_of(*drift.lkg);
  planned.wave = wave_of(*drift.lkg);
  planned.stamped =
      drift.live != nullptr && kube::is_workload(kind) && to_restart.contains(drift.key.display());
  planned.drift = std::move(drift);
  switch (planned.drift.kind) {
    case DriftKind::missing:
      planned.action = Action::create;
      return planned;
    case DriftKind::changed:
      planned.action = Action::change;
      break;
    case DriftKind::same:
    case DriftKind::extra:
      planned.action = planned.stamped ? Action::restart : Action::same;
      break;
  }
  planned.immutable = kube::immutable_changes(*planned.drift.live, planned.drift.differences);
  if (!planned.immutable.empty()) planned.action = Action::blocked;
  if (kube::is_workload(kind)) planned.rolls = why_it_rolls(planned);
  return planned;
}

// What identifies a plan: each object, what is done to it, and the very version that it is done to.
std::string hash_of(const Plan& plan, const Lkg& lkg) {
  Json lines = Json::array();
  lines.push_back(os::sha256_hex(data::write_json(Json(lkg.objects), -1)));
  for (const auto& planned : plan.objects) {
    Json differences = Json::array();
    for (const auto& difference : planned.drift.differences) {
      differences.push_back({difference.pointer, difference.right.value_or(nullptr)});
    }
    const Json* live = planned.drift.live;
    lines.push_back({planned.drift.key.display(), name_of(planned.action), planned.stamped,
                     live == nullptr ? "" : kube::uid_of(*live), std::move(differences)});
  }
  for (const auto& extra : plan.extras)
    lines.push_back({extra.key.display(), "extra", kube::uid_of(*extra.live)});
  return os::sha256_hex(data::write_json(lines, -1));
}

// The workload at the top of a pod's controllers, as far as `live` knows them.
std::string workload_of(const Json& pod, const Live& live) {
  const Json* owner = kube::controller_of(pod);
  if (owner == nullptr) return {};
  const std::string kind = data::string_or(*owner, {"kind"}, "");
  const std::string name = data::string_or(*owner, {"name"}, "");
  if (kind != "ReplicaSet") return kind + "/" + name;
  const Json* replica_set = live.find("ReplicaSet", name);
  const Json* deployment = replica_set == nullptr ? nullptr : kube::controller_of(*replica_set);
  if (deployment == nullptr) return kind + "/" + name;
  return data::string_or(*deployment, {"kind"}, "") + "/" +
         data::string_or(*deployment, {"name"}, "");
}

// While a restore works, nothing may start pods by the clock. One that has nothing to do holds
// nothing either.
void hold_schedules(Plan& plan) {
  if (plan.count(Action::same) == plan.objects.size()) return;
  for (auto& planned : plan.objects) {
    if (planned.action != Action::same || planned.drift.key.type() != "CronJob") continue;
    if (!data::boolean_or(*planned.drift.live, {"spec", "suspend"}, false))
      planned.action = Action::hold;
  }
}

}  // namespace

std::string_view name_of(Action action) {
  static constexpr std::array<std::string_view, 6> names = {"same",    "create", "change",
                                                            "restart", "hold",   "blocked"};
  return names.at(static_cast<std::size_t>(action));
}

std::size_t Plan::count(Action action) const {
  return static_cast<std::size_t>(
      std::count_if(objects.begin(), objects.end(),
                    [&](const PlannedObject& planned) { return planned.action == action; }));
}

std::string Plan::summary() const {
  return fmt::format(
      "{} equal, {} to create, {} to change, {} to restart, {} to hold, {} blocked, {} not in the "
      "LKG",
      count(Action::same), count(Action::create), count(Action::change), count(Action::restart),
      count(Action::hold), count(Action::blocked), extras.size());
}

std::set<std::string> unproven_workloads(const Live& live,
                                         const std::vector<kube::HaltProof>& proofs) {
  std::set<std::string> workloads;
  for (const auto& proof : proofs) {
    if (proof.holds()) continue;
    const Json* pod = live.find("Pod", proof.pod);
    if (pod == nullptr) continue;
    if (auto workload = workload_of(*pod, live); !workload.empty())
      workloads.insert(std::move(workload));
  }
  return workloads;
}

Plan make_plan(const Lkg& lkg, const Live& live, kube::Allocated allocated,
               const std::set<std::string>& to_restart) {
  Plan plan;
  plan.allocated = allocated;
  for (auto& drift : find_drift(lkg, live, allocated)) {
    if (drift.kind == DriftKind::extra) {
      plan.extras.push_back(std::move(drift));
    } else {
      plan.objects.push_back(plan_object(std::move(drift), to_restart));
    }
  }
  std::stable_sort(plan.objects.begin(), plan.objects.end(),
                   [](const auto& a, const auto& b) { return a.wave < b.wave; });
  hold_schedules(plan);
  plan.hash = hash_of(plan, lkg);
  return plan;
}

}  // namespace dr::lkg
