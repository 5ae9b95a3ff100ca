#pragma once

#include <vector>

#include "common/kube/kubectl.hpp"
#include "plugins/lkg/preflight/check.hpp"
#include "plugins/lkg/preflight/scene.hpp"

namespace dr::lkg {

// Every reason that can be known beforehand why a restore would not come to its end, and what
// nobody can tell. Writes nothing: lists, and one call that only rehearses. Some seven kubectl
// processes, whatever the size of the LKG, and a few more where something is in the way.
std::vector<Check> check_preflight(const Scene& scene, const kube::Kubectl& kubectl);

}  // namespace dr::lkg
