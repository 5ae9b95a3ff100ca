#include "common/data/source_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/base/error.hpp"

namespace dr::data {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

struct Lead {
  std::size_t length;  // of the whole sequence; 0: no sequence begins with this byte
  char32_t bits;
  char32_t smallest;  // a lower code point has a shorter form, which is the only one allowed
};

Lead lead_of(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80U) return {1, byte, 0};
  if ((byte & 0xE0U) == 0xC0U) return {2, byte & 0x1FU, 0x80};
  if ((byte & 0xF0U) == 0xE0U) return {3, byte & 0x0FU, 0x800};
  if ((byte & 0xF8U) == 0xF0U) return {4, byte & 0x07U, 0x10000};
  return {0, 0, 0};
}

}  // namespace

void SourceText::refuse(std::string_view cause, std::size_t offset) const {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::string_view on_line = before.substr(before.rfind('\n') + 1);
  const auto column =
      1 + std::count_if(on_line.begin(), on_line.end(), [](char c) { return !is_continuation(c); });
  throw Error(ExitCode::failed,
              fmt::format("{}: {} at line {} column {}", name, cause, line, column));
}

void SourceText::require_size(std::size_t max_bytes) const {
  if (text.size() <= max_bytes) return;
  throw Error(ExitCode::failed,
              fmt::format("{}: larger than the limit of {} bytes", name, max_bytes));
}

std::optional<char32_t> decode_utf8(std::string_view text, std::size_t& at) {
  const Lead lead = lead_of(text.at(at));
  if (lead.length == 0 || text.size() - at < lead.length) return std::nullopt;
  char32_t code_point = lead.bits;
  for (const char c : text.substr(at + 1, lead.length - 1)) {
    if (!is_continuation(c)) return std::nullopt;
    code_point = (code_point << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < lead.smallest || surrogate || code_point > 0x10FFFF) return std::nullopt;
  at += lead.length;
  return code_point;
}

}  // namespace dr::data
