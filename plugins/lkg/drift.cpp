#include "plugins/lkg/drift.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "common/kube/compare.hpp"
#include "common/kube/managed_fields.hpp"

namespace dr::lkg {
namespace {

Json without_data(const Json& object) {
  Json rest = object;
  rest.erase("data");
  rest.erase("binaryData");
  return rest;
}

// "v1.36" of "v1.36.3": patch releases add no field.
std::string_view minor_of(std::string_view version) {
  const auto dot = version.find('.');
  return version.substr(0, dot == std::string_view::npos ? dot : version.find('.', dot + 1));
}

bool may_have_new_defaults(const Lkg& lkg, const Live& live, const ObjectDrift& drift) {
  if (kube::is_custom(*drift.lkg)) return true;
  return !lkg.server_version.empty() && !live.server_version.empty() &&
         minor_of(lkg.server_version) != minor_of(live.server_version);
}

// Takes what the server filled in out of the differences.
void set_defaults_apart(ObjectDrift& drift) {
  const auto first = std::stable_partition(
      drift.differences.begin(), drift.differences.end(), [&](const data::Difference& one) {
        if (one.left || !one.right) return true;
        // Elements of lists may count differently on the live side.
        const Json::json_pointer place(one.pointer);
        if (!drift.live->contains(place) || drift.live->at(place) != *one.right) return true;
        return kube::is_set_by_somebody(*drift.live, one.pointer);
      });
  std::move(first, drift.differences.end(), std::back_inserter(drift.defaulted));
  drift.differences.erase(first, drift.differences.end());
  if (drift.kind == DriftKind::changed && drift.differences.empty()) drift.kind = DriftKind::same;
}

}  // namespace

std::string_view name_of(DriftKind kind) {
  static constexpr std::array<std::string_view, 4> names = {"same", "changed", "missing", "extra"};
  return names.at(static_cast<std::size_t>(kind));
}

ObjectDrift drift_between(const Json& lkg, const Json* live, kube::Allocated allocated,
                          const VolatileObjects& volatiles) {
  ObjectDrift drift{kube::key_of(lkg), DriftKind::missing, {}, &lkg, live, {}};
  if (live == nullptr) return drift;
  drift.differences = volatiles.covers(lkg)
                          ? kube::compare(without_data(lkg), without_data(*live), allocated)
                          : kube::compare(lkg, *live, allocated);
  drift.kind = drift.differences.empty() ? DriftKind::same : DriftKind::changed;
  return drift;
}

std::vector<ObjectDrift> find_drift(const Lkg& lkg, const Live& live, kube::Allocated allocated) {
  const auto volatiles = VolatileObjects::of_metadata(lkg.metadata);
  std::vector<ObjectDrift> drifts;
  std::set<kube::ObjectKey> known;
  for (const auto& object : lkg.objects) {
    auto drift = drift_between(object, live.find(kube::key_of(object)), allocated, volatiles);
    if (may_have_new_defaults(lkg, live, drift)) set_defaults_apart(drift);
    drifts.push_back(std::move(drift));
    known.insert(drifts.back().key);
  }
  for (const Json* object : lkg_objects(live)) {
    const auto key = kube::key_of(*object);
    // A PriorityClass is the cluster's; one that only a drifted workload names is no extra of the
    // namespace.
    const std::string type = key.type();
    if (known.contains(key) || type == "PriorityClass" || type == "Namespace" || lkg.left_out(key))
      continue;
    if (volatiles.covers(*object)) continue;
    drifts.push_back({key, DriftKind::extra, {}, nullptr, object, {}});
  }
  return drifts;
}

std::vector<kube::Blame> blames_of(const ObjectDrift& drift) {
  if (drift.live == nullptr) return {kube::Blame{}};
  const kube::FieldOwners owners(*drift.live);
  if (drift.lkg == nullptr) return {owners.of_extra()};
  std::vector<kube::Blame> blames;
  for (const auto& difference : drift.differences)
    blames.push_back(owners.of(*drift.lkg, difference));
  return blames;
}

kube::Allocated allocated_on(const Lkg& lkg, const std::string& cluster_uid) {
  return !lkg.cluster_uid.empty() && lkg.cluster_uid == cluster_uid ? kube::Allocated::keep
                                                                    : kube::Allocated::drop;
}

}  // namespace dr::lkg
