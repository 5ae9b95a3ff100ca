#include "plugins/arsnap/commands.hpp"

#include <vector>

namespace dr::arsnap {

cli::Program program() {
  static const std::vector<cli::CommandSpec> table = cli::command_table({
      {"Inventory Commands", {snapshot_command(), diff_command()}},
      {"Image Commands", {check_command(), forecast_command(), protect_command()}},
  });
  return {"arsnap",
          "Keep an inventory of Artifact Registry, and tell whether every image of the last known "
          "good (LKG) still exists, and for how long.",
          table};
}

}  // namespace dr::arsnap
