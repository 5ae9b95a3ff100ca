#pragma once

#include <string>
#include <string_view>

#include "common/data/json.hpp"

namespace dr::data {

// What a plain (unquoted) scalar means. `refusal` is empty, or says why the scalar has no value
// that we would trust.
struct PlainScalar {
  Json value;
  std::string_view refusal;
};

// The YAML 1.2 core schema, cut down to what YAML 1.1 reads alike. Empty text, ~ and null are the
// caller's: the parser knows them already.
PlainScalar resolve_plain(std::string_view text);

// The character may stand in YAML text as it is: printable in both YAML versions and a line break
// in neither. Line feed and tab are not counted as such.
bool may_stand_raw(char32_t code_point);

// The scalar that every reader takes for this string: plain when that is beyond doubt, else double
// quoted. One line. Throws Error(failed) on a string that is not UTF-8.
std::string string_scalar(std::string_view text);

// The string can be written as a literal block (|) that every reader gives back exactly.
bool fits_literal_block(std::string_view text);

// The scalar of a JSON number, written so that YAML 1.1 and 1.2 agree on it.
std::string number_scalar(const Json& number);

}  // namespace dr::data
