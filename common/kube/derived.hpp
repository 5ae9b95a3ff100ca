#pragma once

#include <string_view>

#include "common/kube/discovery.hpp"

namespace dr::kube {

// Resources that hold no state of a user's: made from other objects, measured, or a log. Secrets
// are among them because nothing of ours reads them.

// Why neither an LKG nor a backup holds a resource, or "" when nothing speaks against it.
std::string_view derived_reason(const Resource& resource);
// The same of a whole API group: what its API server does not answer is no loss.
bool is_derived_group(std::string_view group);
// Objects that one of this kind owns are made by its controller.
bool is_derived_kind(std::string_view kind);

}  // namespace dr::kube
