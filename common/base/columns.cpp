#include "common/base/columns.hpp"

#include <algorithm>

namespace dr {
namespace {

constexpr std::string_view k_cut = "...";

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

// The offset of the character with that index; of the end when there are not so many.
std::size_t start_of_character(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (starts_character(text[at]) && index-- == 0) break;
  }
  return at;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string cut(std::string text, std::size_t columns) {
  if (width_of(text) <= columns) return text;
  const std::size_t kept = columns - std::min(columns, k_cut.size());
  text.resize(start_of_character(text, kept));
  return text.append(k_cut.substr(0, columns - kept));
}

}  // namespace dr
