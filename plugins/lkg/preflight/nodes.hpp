#pragma once

#include <string>
#include <vector>

#include "common/kube/kubectl.hpp"
#include "plugins/lkg/preflight/check.hpp"
#include "plugins/lkg/preflight/scene.hpp"

namespace dr::lkg {

// Why the scheduler would not put a pod of that spec on the node: "node selector", "node affinity",
// "taint a=b:NoSchedule", "operating system"; empty when it would, as far as labels and taints
// tell.
std::string unfit_because(const Json& pod_spec, const Json& node);

// Whether each template has a node to run on. `nodes` is the answer to the list of nodes; where
// none fits, one more read tells whether something adds nodes by itself.
std::vector<Check> check_nodes(const Scene& scene, const kube::Reply& nodes,
                               const kube::Kubectl& kubectl);

}  // namespace dr::lkg
