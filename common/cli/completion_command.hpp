#pragma once

#include <string>

#include "common/cli/command.hpp"

namespace dr::cli {

// The verb `completion`, which every plugin has.
CommandSpec completion_command(const std::string& plugin);

}  // namespace dr::cli
