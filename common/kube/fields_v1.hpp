#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"

// The form in which the API server keeps who set which field (metadata.managedFields, FieldsV1 of
// KEP-555): a tree of objects. A key is "." (the place itself), "f:NAME" (a member), or an element
// of a list by its keys ("k:{...}"), its value ("v:...") or its index ("i:N").
namespace dr::kube {

// The tokens of a JSON pointer, unescaped, from the top.
std::vector<std::string> tokens_of(std::string_view pointer);

// Whether such a key means this element of a list; `index`: where it stands there, as a token.
bool names_element(std::string_view key, const Json& element, std::string_view index);

}  // namespace dr::kube
