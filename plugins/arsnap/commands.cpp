#include "plugins/arsnap/commands.hpp"

#include <vector>

namespace dr::arsnap {

std::span<const cli::CommandSpec> commands() {
  static const std::vector<cli::CommandSpec> table = {
      snapshot_command(), check_command(), diff_command(), protect_command(), forecast_command(),
  };
  return table;
}

}  // namespace dr::arsnap
