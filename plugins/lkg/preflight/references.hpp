#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/kube/kubectl.hpp"
#include "plugins/lkg/preflight/check.hpp"
#include "plugins/lkg/preflight/scene.hpp"

namespace dr::lkg {

// The kinds of classes that the LKG names and nobody has read yet: "StorageClass" to the path of
// its list.
std::map<std::string, std::string> class_lists(const Scene& scene);

// What the LKG's objects name and neither the cluster nor the LKG has. A missing Secret never
// stops a restore, since no LKG holds one; anything else does where what is written names it and
// cannot run without it. `classes` are the answers to class_lists. One read that transfers no
// value tells which Secrets there are.
std::vector<Check> check_references(const Scene& scene,
                                    const std::map<std::string, kube::Reply>& classes,
                                    const kube::Kubectl& kubectl);

}  // namespace dr::lkg
