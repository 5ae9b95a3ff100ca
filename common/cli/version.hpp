#pragma once

#include <string>

#include "common/cli/command.hpp"

namespace dr::cli {

std::string version_text(const std::string& executable);  // "kubectl-lkg v0.1.0\n"

// The verb `version`, which every plugin has.
CommandSpec version_command(const std::string& program);

}  // namespace dr::cli
