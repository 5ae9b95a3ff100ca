#include "common/data/yaml_scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/source_text.hpp"

namespace dr::data {
namespace {

constexpr std::string_view k_digits = "0123456789";
constexpr std::string_view k_ambiguous =
    "an unquoted scalar that YAML 1.1 and 1.2 read differently";
constexpr std::string_view k_no_json_number = "a number that JSON cannot hold";
constexpr std::string_view k_integer_too_large = "an integer that 64 bits do not hold";

template <std::size_t Size>
bool is_one_of(std::string_view text, const std::array<std::string_view, Size>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// Takes the longest run of `characters` off the front of `text`.
std::string_view take(std::string_view& text, std::string_view characters) {
  const std::string_view run =
      text.substr(0, std::min(text.find_first_not_of(characters), text.size()));
  text.remove_prefix(run.size());
  return run;
}

bool take_one(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::string_view without_sign(std::string_view text) {
  take_one(text, "+-");
  return text;
}

// --- Forms that one YAML version or both take for something other than a string

bool is_boolean_of_yaml_1_1(std::string_view text) {
  static constexpr std::array<std::string_view, 16> k_words = {
      "y",  "Y",  "yes", "Yes", "YES", "n",   "N",   "no",
      "No", "NO", "on",  "On",  "ON",  "off", "Off", "OFF"};
  return is_one_of(text, k_words);
}

bool is_infinite_or_nan(std::string_view text) {
  static constexpr std::array<std::string_view, 6> k_words = {".inf", ".Inf", ".INF",
                                                              ".nan", ".NaN", ".NAN"};
  return is_one_of(without_sign(text), k_words);
}

// 0x1F, 0b11, 0o17, with or without sign and underscores.
bool is_based_integer(std::string_view text) {
  std::string_view body = without_sign(text);
  if (!take_one(body, "0")) return false;
  if (take_one(body, "xX")) return consists_of(body, "0123456789abcdefABCDEF_");
  if (take_one(body, "bB")) return consists_of(body, "01_");
  return take_one(body, "oO") && consists_of(body, "01234567_");
}

// 12, 007, 1_000, 1.5, .5, 1., 1e3, 1_0.5: all that any version takes for a decimal number.
bool is_decimal_number(std::string_view text) {
  std::string_view rest = without_sign(text);
  const std::string_view whole = take(rest, "0123456789_");
  const bool has_point = take_one(rest, ".");
  const std::string_view fraction = has_point ? take(rest, "0123456789_") : std::string_view();
  const bool has_digit = whole.find_first_of(k_digits) == 0 ||
                         (whole.empty() && fraction.find_first_of(k_digits) == 0);
  if (!has_digit) return false;
  if (!take_one(rest, "eE")) return rest.empty();
  return consists_of(without_sign(rest), k_digits);
}

// 12:30:45, 1:30.5: numbers to base 60 of YAML 1.1.
bool is_sexagesimal(std::string_view text) {
  std::string_view rest = without_sign(text);
  if (take(rest, "0123456789_").find_first_of(k_digits) != 0) return false;
  int parts = 1;
  for (; take_one(rest, ":"); ++parts) {
    const std::string_view part = take(rest, k_digits);
    const bool below_sixty = part.size() == 1 || (part.size() == 2 && part.front() < '6');
    if (!below_sixty) return false;
  }
  if (take_one(rest, ".")) take(rest, "0123456789_");
  return parts > 1 && rest.empty();
}

// 2026-01-02, and with a time after it.
bool is_timestamp(std::string_view text) {
  std::string_view rest = text;
  if (take(rest, k_digits).size() != 4) return false;
  for (int part = 0; part < 2; ++part) {
    if (!take_one(rest, "-")) return false;
    const std::size_t digits = take(rest, k_digits).size();
    if (digits != 1 && digits != 2) return false;
  }
  return rest.empty() || (!take(rest, "Tt \t").empty() && !take(rest, k_digits).empty());
}

// --- Forms that both versions take for the same number

// 0, 12, -7, 1.5, 1.0e+20: JSON's numbers, where an exponent needs the point and its sign.
bool is_common_number(std::string_view text) {
  std::string_view rest = text;
  take_one(rest, "-");
  const std::string_view whole = take(rest, k_digits);
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return false;
  if (rest.empty()) return true;
  if (!take_one(rest, ".") || take(rest, k_digits).empty()) return false;
  if (rest.empty()) return true;
  return take_one(rest, "eE") && take_one(rest, "+-") && consists_of(rest, k_digits);
}

PlainScalar resolve_common_number(std::string_view text) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return {nullptr, k_no_json_number};
  const bool is_integer = text.find('.') == std::string_view::npos;
  if (is_integer && value.is_number_float()) return {nullptr, k_integer_too_large};
  return {std::move(value), {}};
}

PlainScalar resolve_based_integer(std::string_view text) {
  if (!text.starts_with("0x") || text.find('_') != std::string_view::npos)
    return {nullptr, k_ambiguous};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
  if (error != std::errc()) return {nullptr, k_integer_too_large};
  return {value, {}};
}

// --- Writing

// Words that some reader takes for a boolean, null or a number, in lower case.
bool is_reserved_word(std::string_view text) {
  static constexpr std::array<std::string_view, 12> k_words = {
      "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"};
  std::string lower(text.substr(0, 9));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return is_one_of(lower, k_words);
}

bool is_safe_plain(std::string_view text) {
  constexpr std::string_view k_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const auto is_in = [](char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
  };
  if (text.empty() || !is_in(text.front(), k_letters)) return false;
  if (!is_in(text.back(), k_letters) && !is_in(text.back(), k_digits)) return false;
  const bool simple = std::all_of(text.begin(), text.end(), [&](char c) {
    return is_in(c, k_letters) || is_in(c, k_digits) || is_in(c, "._/-");
  });
  return simple && !is_reserved_word(text);
}

// Throws Error(failed) when `text` is not UTF-8.
template <typename Visit>
void for_each_code_point(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const auto code_point = decode_utf8(text, at);
    if (!code_point) throw Error(ExitCode::failed, "cannot write YAML: a string is not UTF-8");
    visit(*code_point, text.substr(begin, at - begin));
  }
}

std::string escaped(char32_t code_point) {
  switch (code_point) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      break;
  }
  const auto number = static_cast<std::uint32_t>(code_point);
  return number <= 0xFF ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{:04x}", number);
}

// In what we write, which may be shown on a terminal, bidirectional controls do not stand raw.
bool stands_raw(char32_t code_point) {
  return may_stand_raw(code_point) && !is_bidi_control(code_point);
}

// The library's own quoting replaces noncharacters by U+FFFD and leaves DEL, U+2028 and U+2029 raw.
std::string double_quoted(std::string_view text) {
  std::string quoted = "\"";
  for_each_code_point(text, [&](char32_t code_point, std::string_view bytes) {
    const bool raw = stands_raw(code_point) && code_point != '"' && code_point != '\\';
    quoted += raw ? std::string(bytes) : escaped(code_point);
  });
  return quoted + '"';
}

}  // namespace

PlainScalar resolve_plain(std::string_view text) {
  static constexpr std::array<std::string_view, 3> k_true = {"true", "True", "TRUE"};
  static constexpr std::array<std::string_view, 3> k_false = {"false", "False", "FALSE"};
  if (is_one_of(text, k_true)) return {true, {}};
  if (is_one_of(text, k_false)) return {false, {}};
  if (is_boolean_of_yaml_1_1(text) || text == "=") return {nullptr, k_ambiguous};
  if (text == "<<") return {nullptr, "a merge key"};
  if (is_common_number(text)) return resolve_common_number(text);
  if (is_based_integer(text)) return resolve_based_integer(text);
  if (is_decimal_number(text) || is_sexagesimal(text) || is_timestamp(text))
    return {nullptr, k_ambiguous};
  if (is_infinite_or_nan(text)) return {nullptr, k_no_json_number};
  return {std::string(text), {}};
}

bool may_stand_raw(char32_t code_point) {
  if (code_point < 0xA0) return code_point >= 0x20 && code_point < 0x7F;
  const bool is_line_break = code_point == 0x2028 || code_point == 0x2029;
  const bool is_byte_order_mark = code_point == 0xFEFF;
  const bool is_printable = code_point != 0xFFFE && code_point != 0xFFFF;
  return is_printable && !is_line_break && !is_byte_order_mark;
}

std::string string_scalar(std::string_view text) {
  return is_safe_plain(text) ? std::string(text) : double_quoted(text);
}

bool fits_literal_block(std::string_view text) {
  if (!text.ends_with('\n') || text.ends_with("\n\n") || text.starts_with('\n')) return false;
  // Blanks at either end of a line: readers differ on the indentation, editors cut the rest off.
  char last = '\n';
  for (const char c : text) {
    const auto is_blank = [](char candidate) { return candidate == ' ' || candidate == '\t'; };
    if ((c == '\n' && is_blank(last)) || (c == '\t' && last == '\n')) return false;
    last = c;
  }
  if (text.starts_with(' ')) return false;
  bool fits = text.size() > 1;
  for_each_code_point(text, [&](char32_t code_point, std::string_view /*bytes*/) {
    // The library writes U+FFFD for a noncharacter.
    const bool is_nonchar =
        (code_point & 0xFFFEU) == 0xFFFEU || (code_point >= 0xFDD0 && code_point <= 0xFDEF);
    const bool is_plain = stands_raw(code_point) || code_point == '\n' || code_point == '\t';
    fits = fits && is_plain && !is_nonchar;
  });
  return fits;
}

std::string number_scalar(const Json& number) {
  std::string text = number.dump();
  const auto exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos)
    text.insert(exponent, ".0");
  return text;
}

}  // namespace dr::data
