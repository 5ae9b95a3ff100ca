#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plugins/lkg/status/verdict.hpp"

namespace dr::lkg {

enum class Tone { plain, good, warning, bad };

// One line of the screen; `head` alone is in the tone.
struct ScreenLine {
  std::string label;
  Tone tone = Tone::plain;
  std::string head;
  std::string rest;
};

inline constexpr std::size_t k_screen_lines = 40;
inline constexpr std::size_t k_screen_columns = 100;

// The status as one screen: the verdict, then a row a part. At most k_screen_lines lines of at most
// `columns` (and never more than k_screen_columns) characters.
std::vector<ScreenLine> screen_of(const Status& status, std::size_t columns);

}  // namespace dr::lkg
