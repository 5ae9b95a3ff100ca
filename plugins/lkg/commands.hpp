#pragma once

#include "common/cli/command.hpp"

namespace dr::lkg {

// kubectl lkg, with the table of its verbs.
cli::Program program();

cli::CommandSpec halt_command();
cli::CommandSpec capture_command();
cli::CommandSpec verify_command();
cli::CommandSpec diff_command();
cli::CommandSpec plan_command();
cli::CommandSpec restore_command();
cli::CommandSpec drill_command();
cli::CommandSpec report_command();
cli::CommandSpec status_command();
cli::CommandSpec history_command();

}  // namespace dr::lkg
