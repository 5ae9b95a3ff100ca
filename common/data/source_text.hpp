#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace dr::data {

// A text from outside and the name that errors give it. Only the readers of this floor use it.
struct SourceText {
  std::string_view text;
  std::string_view name;

  // Throws Error(failed) "<name>: <cause> at line L column C"; a column counts characters, not
  // bytes. No cause quotes a value: the text may be a Secret.
  [[noreturn]] void refuse(std::string_view cause, std::size_t offset) const;

  // Throws Error(failed) when the text is larger than `max_bytes`.
  void require_size(std::size_t max_bytes) const;
};

// The code point at `at`, which moves past it; nullopt, and `at` stays, when no well-formed UTF-8
// sequence begins there.
std::optional<char32_t> decode_utf8(std::string_view text, std::size_t& at);

}  // namespace dr::data
