#include "plugins/lkg/lkg_diff.hpp"

namespace dr::lkg {

std::vector<ObjectDrift> compare_lkgs(const Lkg& from, const Lkg& to) {
  const auto volatiles = VolatileObjects::of_metadata(from.metadata);
  const auto allocated = allocated_on(from, to.cluster_uid);
  std::vector<ObjectDrift> drifts;
  for (const auto& object : from.objects) {
    const auto key = kube::key_of(object);
    drifts.push_back(drift_between(object, to.find(key.type(), key.name), allocated, volatiles));
  }
  for (const auto& object : to.objects) {
    auto key = kube::key_of(object);
    if (from.find(key.type(), key.name) != nullptr) continue;
    drifts.push_back({std::move(key), DriftKind::extra, {}, nullptr, &object, {}});
  }
  return drifts;
}

}  // namespace dr::lkg
