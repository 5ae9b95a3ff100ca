#pragma once

#include <vector>

#include "common/kube/kinds.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::lkg {

// The kinds of custom resources that a capture reads: each namespaced one of a group that is not
// Kubernetes' own, in the version that the server prefers, whose objects can be created and
// replaced, but for derived ones (kube::derived_reason) and those that run once: like a Job, a
// restore would run them again. Throws Error(failed) when the server cannot be asked, or the API
// server of a group does not answer that may hold objects: an LKG is whole or it is none. A
// metrics API may be dead.
std::vector<const kube::Kind*> discover_custom_kinds(const kube::Kubectl& kubectl);

}  // namespace dr::lkg
