#pragma once

#include <span>

#include "common/cli/command.hpp"

namespace dr::drbackup {

// The verbs of kubectl drbackup, in the order of their use.
std::span<const cli::CommandSpec> commands();

cli::CommandSpec create_command();
cli::CommandSpec list_command();
cli::CommandSpec verify_command();
cli::CommandSpec diff_command();
cli::CommandSpec show_command();
cli::CommandSpec status_command();
cli::CommandSpec prune_command();
cli::CommandSpec push_command();
cli::CommandSpec pull_command();

}  // namespace dr::drbackup
