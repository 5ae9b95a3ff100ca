#pragma once

#include "common/data/json.hpp"

namespace dr::kube {

// Leaves of a Pod, ReplicaSet or ControllerRevision what Ownership, rollout_state, pin_images and a
// comparison of two reads look at, so that a floor of thousands of pods fits into little memory. An
// object of another kind stays whole.
void make_brief(Json& object);

}  // namespace dr::kube
