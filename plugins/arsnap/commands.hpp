#pragma once

#include "common/cli/command.hpp"

namespace dr::arsnap {

// kubectl arsnap, with the table of its verbs.
cli::Program program();

cli::CommandSpec snapshot_command();
cli::CommandSpec check_command();
cli::CommandSpec diff_command();
cli::CommandSpec protect_command();
cli::CommandSpec forecast_command();

}  // namespace dr::arsnap
