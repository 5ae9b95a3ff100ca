#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dr {

// The columns that a text takes on a screen: its characters (UTF-8), each taken for one.
std::size_t width_of(std::string_view text);

// The text in at most that many columns, with "..." where something is cut off.
std::string cut(std::string text, std::size_t columns);

}  // namespace dr
