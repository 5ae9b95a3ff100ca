#pragma once

#include "common/cli/command.hpp"

namespace dr::backup {

// kubectl drbackup, with the table of its verbs.
cli::Program program();

cli::CommandSpec create_command();
cli::CommandSpec list_command();
cli::CommandSpec verify_command();
cli::CommandSpec diff_command();
cli::CommandSpec show_command();
cli::CommandSpec status_command();
cli::CommandSpec prune_command();
cli::CommandSpec push_command();
cli::CommandSpec pull_command();

}  // namespace dr::backup
