#pragma once

#include <vector>

#include "common/data/json_diff.hpp"
#include "common/kube/field_rules.hpp"

namespace dr::kube {

// What is equal is decided here alone. The differences between an LKG object (left) and its live
// self (right), by the field rules: empty when the live object is restored. Both have the same
// kind.
std::vector<data::Difference> compare(const Json& lkg, const Json& live, Allocated allocated);

// The differences that roll the pods: those in the pod template.
bool rolls_pods(const Json& lkg, const std::vector<data::Difference>& differences);

}  // namespace dr::kube
