#include "plugins/drbackup/commands.hpp"

#include <vector>

namespace dr::drbackup {

std::span<const cli::CommandSpec> commands() {
  static const std::vector<cli::CommandSpec> table = {
      create_command(), list_command(),  verify_command(), diff_command(), show_command(),
      status_command(), prune_command(), push_command(),   pull_command(),
  };
  return table;
}

}  // namespace dr::drbackup
