#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/kube/kubectl.hpp"
#include "plugins/lkg/preflight/check.hpp"
#include "plugins/lkg/preflight/scene.hpp"

namespace dr::lkg {

// What the API server answered to objects that were created for trial.
struct Rehearsal {
  std::vector<Json> answers;                     // in the order that they were sent
  std::map<std::string, kube::ApiError> errors;  // by name, of those that were refused
  kube::ApiError failure;  // of the whole call: why there may be neither answer nor error
};

// One call for all of `bodies`, which stores nothing.
Rehearsal rehearse(const std::vector<Json>& bodies, const kube::Kubectl& kubectl);

// A SelfSubjectAccessReview for each right that the plan takes.
std::vector<Json> rights_to_review(const Scene& scene);

// The rights that the answers deny: those that the plan needs stop a restore, those that only a
// rollout gone wrong needs do not.
std::vector<Check> check_rights(const Scene& scene, const Rehearsal& rehearsal);

}  // namespace dr::lkg
