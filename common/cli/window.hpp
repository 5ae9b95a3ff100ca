#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace dr::cli {

// The columns of the terminal that a file descriptor is; nullopt when it is none.
std::optional<std::size_t> terminal_columns(int descriptor);

// What draws `lines` over what the screen shows, without a flicker.
std::string redrawn(const std::string& lines);

}  // namespace dr::cli
