#pragma once

#include <string_view>

#include "common/data/json.hpp"

namespace dr::kube {

// Whether anybody set the field at a JSON pointer into `live`, or a field below it, as far as the
// server keeps record of it (managedFields). A field that nobody set is one that the server filled
// in: it counts no default among what a server-side apply sets, nor one that it adds to what it has
// stored when it learns of a field, nor, in a custom resource, what a replace of ours brought with
// it. Where the record cannot tell, somebody did: it is empty, speaks
// of another version of the API, or has the value around the field as a whole.
bool is_set_by_somebody(const Json& live, std::string_view pointer);

}  // namespace dr::kube
