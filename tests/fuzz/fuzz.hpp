#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.hpp"

// What the fuzz targets share. A target gives its input to one reader of what comes from outside
// and holds it to what its header promises. Only dr::Error may leave a reader; any other exception,
// a crash, a finding of a sanitizer or a broken promise ends the run, and libFuzzer keeps the
// input.
namespace dr::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

// Whether `text` can do nothing to a terminal: no control character, no line or paragraph
// separator, no bidirectional control. Looked up by its bytes, so not as printable() does it.
inline bool is_harmless(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7f) return false;
    const std::string_view rest = text.substr(at);
    if (byte == 0xc2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa0) return false;
    if (rest.starts_with("\xd8\x9c")) return false;
    if (rest.size() < 3 || byte != 0xe2) continue;
    const auto last = static_cast<unsigned char>(rest[2]);
    if (rest[1] == '\x80' && (last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae)))
      return false;
    if (rest[1] == '\x81' && last >= 0xa6 && last <= 0xa9) return false;
  }
  return true;
}

inline void require_shown(std::string_view text) {
  require(!text.empty(), "there are words to show");
  require(is_harmless(text), "what is shown does nothing to a terminal");
}

// What `read` returns, or nullopt when it refuses, which it does with this exit code and one line.
template <class Read>
auto accepted(ExitCode code, const Read& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const Error& error) {
    require(error.code() == code, "a refusal has the exit code of its header");
    require_shown(error.what());
    return std::nullopt;
  }
}

// The parts of an input that stands for several texts: lines of four equals signs are between them.
inline std::vector<std::string> parts_of(std::string_view text) {
  constexpr std::string_view k_mark = "\n====\n";
  std::vector<std::string> parts;
  for (auto at = text.find(k_mark); at != std::string_view::npos; at = text.find(k_mark)) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + k_mark.size());
  }
  parts.emplace_back(text);
  return parts;
}

}  // namespace dr::fuzz
