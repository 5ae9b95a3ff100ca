#pragma once

#include <span>
#include <string_view>

#include "common/data/json.hpp"

namespace dr::kube {

// How much is kept of what is read, so that a floor of thousands of pods fits into little memory.
// Of kinds but Pod, ReplicaSet and ControllerRevision all is kept.
enum class Detail {
  whole,   // pods but for managedFields: nobody asks who wrote one
  judged,  // pods without what no judgement of ours looks at, such as probes and tolerations
  brief,   // pods as far as Ownership, rollout_state, pin_images, a comparison of two reads and
           // HaltProver's look at what ran before go
};

// Leaves that of an object. Of a ReplicaSet or ControllerRevision, whose template is its workload's
// once more, it is always little.
void reduce(Json& object, Detail detail);

// Names of members that such an object lacks then wherever they are in it, so that they need not be
// built first (JsonLimits::without).
std::span<const std::string_view> left_out(std::string_view kind, Detail detail);

}  // namespace dr::kube
