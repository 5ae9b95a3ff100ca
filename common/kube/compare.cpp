#include "common/kube/compare.hpp"

#include <algorithm>

#include "common/kube/kinds.hpp"

namespace dr::kube {

std::vector<data::Difference> compare(const Json& lkg, const Json& live, Allocated allocated) {
  const auto sides = comparable(lkg, live, allocated);
  return data::diff(sides.lkg, sides.live);
}

bool rolls_pods(const Json& lkg, const std::vector<data::Difference>& differences) {
  if (!is_workload(kind_of(lkg))) return false;
  return std::any_of(differences.begin(), differences.end(),
                     [](const data::Difference& difference) {
                       return difference.pointer.starts_with("/spec/template");
                     });
}

}  // namespace dr::kube
