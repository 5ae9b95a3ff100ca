#pragma once

#include <span>

#include "common/cli/command.hpp"

namespace dr::lkg {

// The verbs of kubectl lkg, in the order of their use.
std::span<const cli::CommandSpec> commands();

cli::CommandSpec halt_command();
cli::CommandSpec capture_command();
cli::CommandSpec verify_command();
cli::CommandSpec diff_command();
cli::CommandSpec plan_command();
cli::CommandSpec restore_command();
cli::CommandSpec report_command();

}  // namespace dr::lkg
