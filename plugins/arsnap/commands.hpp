#pragma once

#include <span>

#include "common/cli/command.hpp"

namespace dr::arsnap {

// The verbs of kubectl arsnap, in the order of their use.
std::span<const cli::CommandSpec> commands();

cli::CommandSpec snapshot_command();
cli::CommandSpec check_command();
cli::CommandSpec diff_command();
cli::CommandSpec protect_command();
cli::CommandSpec forecast_command();

}  // namespace dr::arsnap
