#include "plugins/lkg/lkg_diff.hpp"

#include "common/kube/compare.hpp"
#include "common/lkg/volatile_objects.hpp"

namespace dr::lkg {
namespace {

Json without_data(Json object) {
  object.erase("data");
  object.erase("binaryData");
  return object;
}

}  // namespace

std::vector<ObjectDrift> compare_lkgs(const Lkg& from, const Lkg& to) {
  const auto volatiles = VolatileObjects::of_metadata(from.metadata);
  const auto allocated = allocated_on(from, to.cluster_uid);
  std::vector<ObjectDrift> drifts;
  for (const auto& object : from.objects) {
    ObjectDrift drift;
    drift.key = kube::key_of(object);
    drift.lkg = &object;
    drift.live = to.find(drift.key.type(), drift.key.name);
    if (drift.live == nullptr) {
      drift.kind = DriftKind::missing;
    } else {
      drift.differences =
          volatiles.covers(object)
              ? kube::compare(without_data(object), without_data(*drift.live), allocated)
              : kube::compare(object, *drift.live, allocated);
      if (!drift.differences.empty()) drift.kind = DriftKind::changed;
    }
    drifts.push_back(std::move(drift));
  }
  for (const auto& object : to.objects) {
    auto key = kube::key_of(object);
    if (from.find(key.type(), key.name) != nullptr) continue;
    drifts.push_back({std::move(key), DriftKind::extra, {}, nullptr, &object, {}});
  }
  return drifts;
}

}  // namespace dr::lkg
