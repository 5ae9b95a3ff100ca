#include "plugins/lkg/commands.hpp"

#include <vector>

namespace dr::lkg {

std::span<const cli::CommandSpec> commands() {
  static const std::vector<cli::CommandSpec> table = {
      halt_command(), capture_command(), verify_command(), diff_command(),
      plan_command(), restore_command(), report_command(),
  };
  return table;
}

}  // namespace dr::lkg
