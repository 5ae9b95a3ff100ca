#pragma once

#include <vector>

#include "common/kube/kubectl.hpp"
#include "plugins/lkg/preflight/check.hpp"
#include "plugins/lkg/preflight/rights.hpp"
#include "plugins/lkg/preflight/scene.hpp"

namespace dr::lkg {

// One Pod for each pod template of the LKG whose workload differs or lacks pods, to be rehearsed:
// quotas, limits, Pod Security and webhooks judge pods, not the workloads that make them. What a
// restore creates first, and the API server would miss now, is left out of it: the PriorityClass,
// and the ServiceAccount, for which the namespace's default one stands in.
std::vector<Json> pods_to_rehearse(const Scene& scene);

// What admission said to those pods. A refusal stops a restore only where it starts such a pod and
// does not change what refused it first.
std::vector<Check> check_admission(const Scene& scene, const Rehearsal& rehearsal);

}  // namespace dr::lkg
