#include "common/base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>

namespace dr {
namespace {

constexpr char k_escape = '\x1b';
constexpr std::string_view k_replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Decoded {
  char32_t code;
  std::size_t length;
  bool valid;
};

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

std::size_t utf8_length(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

bool is_shortest_form(char32_t code, std::size_t length) {
  constexpr char32_t k_first[] = {0, 0, 0x80, 0x800, 0x10000};
  return code >= k_first[length];
}

// The code point at the front of `text`, which is not empty; an invalid one has the length of one
// byte.
Decoded decode(std::string_view text) {
  constexpr Decoded k_invalid{0, 1, false};
  constexpr unsigned k_lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};

  const std::size_t length = utf8_length(byte_at(text, 0));
  if (length == 0 || length > text.size()) return k_invalid;

  char32_t code = byte_at(text, 0) & k_lead_mask[length];
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte_at(text, at) & 0xC0) != 0x80) return k_invalid;
    code = (code << 6) | (byte_at(text, at) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (surrogate || code > 0x10FFFF || !is_shortest_form(code, length)) return k_invalid;
  return {code, length, true};
}

bool is_break(char32_t code) {
  return (code >= '\t' && code <= '\r') || code == 0x85 || code == 0x2028 || code == 0x2029;
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

std::size_t skip_range(std::string_view text, std::size_t at, char first, char last) {
  while (at < text.size() && text[at] >= first && text[at] <= last) ++at;
  return at;
}

// The end of a sequence of intermediate bytes from `at` on and one final byte.
std::size_t end_of_sequence(std::string_view text, std::size_t at, char last_intermediate,
                            char first_final) {
  at = skip_range(text, at, ' ', last_intermediate);
  const bool has_final = at < text.size() && text[at] >= first_final && text[at] <= '~';
  return has_final ? at + 1 : at;
}

// The end of a control string (OSC, DCS and their like). One without a terminator ends after its
// introducer: else it could hide all the text after it. So does a longer one than any terminal
// takes, which also keeps the time linear in the length of the text.
std::size_t end_of_string(std::string_view text) {
  constexpr std::size_t k_longest = 1024;
  text = text.substr(0, k_longest);
  std::size_t end = std::string_view::npos;
  for (const std::string_view terminator : {"\a", "\x1b\\", "\xC2\x9C"}) {
    const std::size_t found = text.find(terminator, 2);
    if (found != std::string_view::npos) end = std::min(end, found + terminator.size());
  }
  return end == std::string_view::npos ? 2 : end;
}

// The length of the escape sequence at the front of `text`, or 0. C1 controls count as the ESC
// sequences they are short for.
std::size_t escape_length(std::string_view text) {
  const bool is_c1 =
      text.size() > 1 && text[0] == '\xC2' && byte_at(text, 1) >= 0x80 && byte_at(text, 1) <= 0x9F;
  if (!is_c1 && text[0] != k_escape) return 0;
  if (text.size() == 1) return 1;

  const char kind = is_c1 ? static_cast<char>(byte_at(text, 1) - 0x40) : text[1];
  if (kind == '[') return end_of_sequence(text, 2, '?', '@');
  if (std::string_view("PX]^_").find(kind) != std::string_view::npos) return end_of_string(text);
  return is_c1 ? 0 : end_of_sequence(text, 1, '/', '0');
}

bool is_shell_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

// Optimal string alignment: insertion, deletion, replacement and a swap of neighbours cost one
// each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

bool is_lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_bidi_control(char32_t code_point) {
  return code_point == 0x061C || code_point == 0x200E || code_point == 0x200F ||
         (code_point >= 0x202A && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool after_break = false;
  while (!text.empty()) {
    if (const std::size_t length = escape_length(text); length > 0) {
      text.remove_prefix(length);
      continue;
    }
    const Decoded next = decode(text);
    const bool at_break = next.valid && is_break(next.code);
    if (at_break) {
      if (!after_break) out += ' ';
    } else if (!next.valid) {
      out += k_replacement;
    } else if (!is_control(next.code) && !is_bidi_control(next.code)) {
      out += text.substr(0, next.length);
    }
    after_break = at_break;
    text.remove_prefix(next.length);
  }
  return out;
}

std::string shell_quoted(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_shell_safe)) {
    return std::string(text);
  }
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != parts.data()) out += separator;
    out += part;
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (std::size_t end = text.find(separator); end != std::string_view::npos;
       end = text.find(separator)) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.emplace_back(text);
  return parts;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view k_white = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(k_white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(k_white) - first + 1);
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  const std::size_t farthest = word.size() < 5 ? 1 : 2;
  std::size_t best = std::numeric_limits<std::size_t>::max();
  std::string found;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance <= farthest && distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

bool is_dns_label(std::string_view name) {
  if (name.empty() || name.size() > 63) return false;
  if (!is_lower_alnum(name.front()) || !is_lower_alnum(name.back())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c == '-' || is_lower_alnum(c); });
}

bool glob_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;  // the last '*' seen, and where its run would start
  std::size_t run = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      run = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++run;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace dr
