#pragma once

#include <span>
#include <string_view>

#include "common/data/json.hpp"

namespace dr::kube {

// Leaves of a Pod, ReplicaSet or ControllerRevision what Ownership, rollout_state, pin_images and a
// comparison of two reads look at, so that a floor of thousands of pods fits into little memory. An
// object of another kind stays as it is.
void make_brief(Json& object);

// Names of members that make_brief removes from such an object wherever they are in it, so that
// they need not be built first (JsonLimits::without).
std::span<const std::string_view> not_in_brief(std::string_view kind);

}  // namespace dr::kube
