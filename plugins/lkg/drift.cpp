#include "plugins/lkg/drift.hpp"

#include <array>
#include <set>

#include "common/kube/compare.hpp"
#include "common/lkg/volatile_objects.hpp"

namespace dr::lkg {
namespace {

Json without_data(const Json& object) {
  Json rest = object;
  rest.erase("data");
  rest.erase("binaryData");
  return rest;
}

ObjectDrift drift_of(const Json& object, const Live& live, kube::Allocated allocated,
                     const VolatileObjects& volatiles) {
  ObjectDrift drift;
  drift.key = kube::key_of(object);
  drift.lkg = &object;
  drift.live = live.find(drift.key.kind, drift.key.name);
  if (drift.live == nullptr) {
    drift.kind = DriftKind::missing;
    return drift;
  }
  drift.differences = volatiles.covers(object) ? kube::compare(without_data(object),
                                                               without_data(*drift.live), allocated)
                                               : kube::compare(object, *drift.live, allocated);
  if (!drift.differences.empty()) drift.kind = DriftKind::changed;
  return drift;
}

}  // namespace

std::string_view name_of(DriftKind kind) {
  static constexpr std::array<std::string_view, 4> names = {"same", "changed", "missing", "extra"};
  return names.at(static_cast<std::size_t>(kind));
}

std::vector<ObjectDrift> find_drift(const Lkg& lkg, const Live& live, kube::Allocated allocated) {
  const auto volatiles = VolatileObjects::of_metadata(lkg.metadata);
  std::vector<ObjectDrift> drifts;
  std::set<kube::ObjectKey> known;
  for (const auto& object : lkg.objects) {
    drifts.push_back(drift_of(object, live, allocated, volatiles));
    known.insert(drifts.back().key);
  }
  for (const Json* object : lkg_objects(live)) {
    const auto key = kube::key_of(*object);
    // A PriorityClass is the cluster's; one that only a drifted workload names is no extra of the
    // namespace.
    if (known.contains(key) || key.kind == "PriorityClass" || key.kind == "Namespace" ||
        lkg.left_out(key))
      continue;
    if (volatiles.covers(*object)) continue;
    drifts.push_back({key, DriftKind::extra, {}, nullptr, object});
  }
  return drifts;
}

kube::Allocated allocated_on(const Lkg& lkg, const std::string& cluster_uid) {
  return !lkg.cluster_uid.empty() && lkg.cluster_uid == cluster_uid ? kube::Allocated::keep
                                                                    : kube::Allocated::drop;
}

std::set<std::string> priority_classes_of(const Lkg& lkg) {
  std::set<std::string> names;
  for (const auto& object : lkg.objects) {
    if (data::string_at(object, {"kind"}) == "PriorityClass") names.insert(kube::name_of(object));
  }
  return names;
}

}  // namespace dr::lkg
