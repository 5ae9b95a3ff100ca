#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "common/cli/command.hpp"
#include "common/cli/command_line.hpp"

namespace dr::cli {

// The hidden verb that completes a command line.
inline constexpr std::string_view k_complete_verb = "__complete";

// What kubectl's plugin completion wants on stdout: a line "value<TAB>description" for each
// candidate, then ":" and the directive. `args` are the words after the plugin's name, the last one
// being typed (empty when nothing is typed yet). Never throws: whatever fails means no candidates,
// because an error would be written into the line that the user is typing.
std::string complete(std::span<const std::string> args, CommandLine& line, Runtime& runtime,
                     const std::filesystem::path& current_directory) noexcept;

}  // namespace dr::cli
