#pragma once

#include "common/kube/kubectl.hpp"
#include "plugins/lkg/status/status.hpp"

namespace dr::lkg {

// Whether the fence (docs/deploy/kill-switch-fence.yaml) stands around the namespace, whose object
// was just read: by the names and the action of its policies and bindings, not by their rules.
Part<FenceStatus> read_fence(const kube::Kubectl& kubectl, const kube::Reply& ns);

}  // namespace dr::lkg
