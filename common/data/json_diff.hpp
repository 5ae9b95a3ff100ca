#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/data/json.hpp"

namespace dr::data {

// One place where two values differ. `left` or `right` is absent when the place exists on one side
// only.
struct Difference {
  // RFC 6901; array indexes count on the side that has the element, the left one first.
  std::string pointer;
  std::optional<Json> left;
  std::optional<Json> right;
};

// Every difference, deepest first place that differs, in document order. Numbers are equal when
// their values are (1 and 1.0 differ only in text). Arrays: elements are paired by a member `name`
// when every element of both sides has a unique one; else equal heads and tails are cut off and the
// middles paired by position. An order that alone differs is a difference of the array as a whole.
std::vector<Difference> diff(const Json& left, const Json& right);

}  // namespace dr::data
