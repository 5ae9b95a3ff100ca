#include "plugins/lkg/restore/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/base/text.hpp"
#include "common/kube/compare.hpp"
#include "common/lkg/volatile_objects.hpp"
#include "common/os/sha256.hpp"

namespace dr::lkg {
namespace {

std::string why_it_rolls(const PlannedObject& planned) {
  if (planned.action == Action::recreate)
    return "it is deleted and created, its pods are down meanwhile";
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

// New pods need no stamp.
void plan_recreation(PlannedObject& planned, const Live& live, const Consent& consent) {
  planned.immutable = kube::immutable_changes(*planned.drift.live, planned.drift.differences);
  if (planned.immutable.empty()) return;
  planned.objection = why_never_deleted(*planned.drift.live, live);
  const bool is_agreed = consent.recreate && planned.objection.empty();
  planned.action = is_agreed ? Action::recreate : Action::blocked;
  if (is_agreed) planned.stamped = false;
}

PlannedObject plan_object(ObjectDrift drift, const Live& live,
                          const std::set<std::string>& to_restart, const Consent& consent) {
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
  plan_recreation(planned, live, consent);
  if (kube::is_workload(kind)) planned.rolls = why_it_rolls(planned);
  return planned;
}

// Short: a whole template may be immutable.
std::string value_text(const std::optional<Json>& value) {
  constexpr std::size_t k_longest = 80;
  if (!value) return "nothing";
  const std::string text = printable(data::write_json(*value, -1));
  return text.size() <= k_longest ? text : printable(text.substr(0, k_longest)) + "...";
}

// What of a live object is the user's, and compared. Not its resourceVersion or generation: on a
// living floor controllers move them all the time (status, the revision annotation, an autoscaler's
// replicas), and every hash would be stale before it was used. Whoever changes anything that a
// restore would write moves the content, and whoever makes an object anew moves its uid.
std::string content_hash(const Json& lkg, const Json& live, kube::Allocated allocated,
                         const VolatileObjects& volatiles) {
  Json content = kube::comparable(lkg, live, allocated).live;
  // The value of the switch is the halt's business, which comes before the plan.
  const auto* held = kube::held_value(kube::key_of(live));
  if (held != nullptr && content.contains("data")) content["data"].erase(std::string(held->key));
  if (volatiles.covers(live)) {
    content.erase("data");
    content.erase("binaryData");
  }
  return os::sha256_hex(data::write_json(content, -1));
}

// What identifies a plan: the LKG, what was agreed to, and each object with what is done to it and
// what it is now. One that equals the LKG's is what the LKG says.
std::string hash_of(const Plan& plan, const Lkg& lkg, const Live& live) {
  const auto& consent = plan.consent;
  const auto volatiles = VolatileObjects::of_metadata(lkg.metadata);
  Json lines = Json::array();
  lines.push_back(os::sha256_hex(data::write_json(Json(lkg.objects), -1)));
  lines.push_back({consent.recreate, consent.prune, consent.preserve_node_ports,
                   consent.allow_different_cluster, consent.allow_gitops});
  const auto add = [&](Json line, const Json* wanted, const Json* now, bool is_equal) {
    if (now != nullptr) line.push_back(kube::uid_of(*now));
    if (now != nullptr && !is_equal) {
      line.push_back(
          content_hash(wanted == nullptr ? *now : *wanted, *now, plan.allocated, volatiles));
    }
    lines.push_back(std::move(line));
  };
  for (const auto& planned : plan.objects) {
    const auto& drift = planned.drift;
    add({drift.key.display(), name_of(planned.action), planned.stamped}, drift.lkg, drift.live,
        drift.differences.empty() && drift.defaulted.empty());
  }
  for (const auto& extra : plan.extras)
    add({extra.key.display(), "extra", false}, nullptr, live.find(extra.key), false);
  return os::sha256_hex(data::write_json(lines, -1));
}

// The object at the top of a pod's controllers, as far as `live` knows them.
std::string workload_of(const Json& pod, const Live& live) {
  const Json* owner = kube::controller_of(pod);
  if (owner == nullptr) return {};
  const std::string kind = data::string_or(*owner, {"kind"}, "");
  const std::string name = data::string_or(*owner, {"name"}, "");
  const bool is_between = kind == "ReplicaSet" || kind == "Job";
  const Json* between = is_between ? live.find(kind, name) : nullptr;
  const Json* top = between == nullptr ? nullptr : kube::controller_of(*between);
  if (top == nullptr) return kind + "/" + name;
  return data::string_or(*top, {"kind"}, "") + "/" + data::string_or(*top, {"name"}, "");
}

std::set<std::string> doomed_pods_of(const Plan& plan, const Live& live) {
  std::set<std::string> workloads;
  for (const auto& extra : plan.extras) {
    if (plan.deletes(extra)) workloads.insert(extra.key.display());
  }
  std::set<std::string> doomed;
  if (workloads.empty()) return doomed;
  for (const auto& pod : live.snapshot.of("Pod")) {
    if (workloads.contains(workload_of(pod, live))) doomed.insert(kube::uid_of(pod));
  }
  return doomed;
}

// While a restore works, nothing may start pods by the clock. One that has nothing to do holds
// nothing either.
void hold_schedules(Plan& plan) {
  if (plan.is_empty()) return;
  for (auto& planned : plan.objects) {
    if (planned.action != Action::same || planned.drift.key.type() != "CronJob") continue;
    if (!data::boolean_or(*planned.drift.live, {"spec", "suspend"}, false))
      planned.action = Action::hold;
  }
}

}  // namespace

std::string_view name_of(Action action) {
  static constexpr std::array<std::string_view, 7> names = {"same", "create",   "change", "restart",
                                                            "hold", "recreate", "blocked"};
  return names.at(static_cast<std::size_t>(action));
}

std::size_t Plan::count(Action action) const {
  return static_cast<std::size_t>(
      std::count_if(objects.begin(), objects.end(),
                    [&](const PlannedObject& planned) { return planned.action == action; }));
}

bool Plan::is_empty() const {
  return count(Action::same) == objects.size() &&
         std::none_of(extras.begin(), extras.end(),
                      [this](const Extra& extra) { return deletes(extra); });
}

std::string Plan::summary() const {
  const auto pruned = std::count_if(extras.begin(), extras.end(),
                                    [&](const Extra& extra) { return deletes(extra); });
  std::string text = fmt::format(
      "{} equal, {} to create, {} to change, {} to restart, {} to hold, {} blocked, {} not in the "
      "LKG",
      count(Action::same), count(Action::create), count(Action::change), count(Action::restart),
      count(Action::hold), count(Action::blocked), extras.size());
  if (consent.recreate) text += fmt::format(", {} to recreate", count(Action::recreate));
  if (consent.prune) text += fmt::format(", {} of them to prune", pruned);
  return text;
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

Plan make_plan(const Lkg& lkg, const Live& live, const std::string& cluster_uid,
               const std::set<std::string>& to_restart, const Consent& consent) {
  Plan plan;
  plan.consent = consent;
  plan.allocated =
      consent.preserve_node_ports ? kube::Allocated::keep : allocated_on(lkg, cluster_uid);
  for (auto& drift : find_drift(lkg, live, plan.allocated)) {
    if (drift.kind == DriftKind::extra) {
      plan.extras.push_back(extra_of(*drift.live, live));
    } else {
      plan.objects.push_back(plan_object(std::move(drift), live, to_restart, consent));
    }
  }
  std::stable_sort(plan.objects.begin(), plan.objects.end(),
                   [](const auto& a, const auto& b) { return a.wave < b.wave; });
  hold_schedules(plan);
  plan.doomed_pods = doomed_pods_of(plan, live);
  plan.hash = hash_of(plan, lkg, live);
  return plan;
}

void require_expected(const Plan& plan, const std::string& hash) {
  if (hash.empty() || hash == plan.hash) return;
  throw Error(ExitCode::refused, "the plan is no longer the expected one: its hash is " + plan.hash,
              "look at `kubectl lkg plan` again, with the flags of the restore");
}

void require_unblocked(const Plan& plan) {
  std::vector<std::string> causes;
  std::string cure =
      "look at `kubectl lkg plan --recreate`, which deletes and creates them; their pods are down "
      "meanwhile";
  for (const auto& planned : plan.objects) {
    if (planned.action != Action::blocked) continue;
    for (const auto& difference : planned.immutable) {
      causes.push_back(fmt::format("{}: {} is immutable, {} in the LKG and {} now",
                                   planned.drift.key.display(), difference.pointer,
                                   value_text(difference.left), value_text(difference.right)));
    }
    if (planned.objection.empty()) continue;
    cure = "mend what is never deleted by hand, when that is safe, then run it again";
    causes.push_back(fmt::format("{} is never deleted here: {}", planned.drift.key.display(),
                                 planned.objection));
    if (kube::is_switch(planned.drift.key))
      cure += fmt::format(
          "; of the switch: scale what takes it to 0, then `kubectl delete configmap {} -n {}`: "
          "the "
          "next run makes it anew before anything else",
          kube::k_switch_name, data::string_at(*planned.drift.live, {"metadata", "namespace"}));
  }
  if (causes.empty()) return;
  throw Error(ExitCode::refused, "no update can restore " + join(causes, "; "), cure);
}

}  // namespace dr::lkg
