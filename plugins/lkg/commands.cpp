#include "plugins/lkg/commands.hpp"

#include <vector>

namespace dr::lkg {

cli::Program program() {
  static const std::vector<cli::CommandSpec> table = cli::command_table({
      {"Safety Commands", {halt_command(), status_command()}},
      {"Capture Commands", {capture_command(), verify_command(), history_command()}},
      {"Restore Commands", {plan_command(), restore_command(), drill_command(), diff_command()}},
      {cli::k_other_commands, {report_command()}},
  });
  return {"lkg",
          "Capture and restore the last known good (LKG) state of one namespace, with trading "
          "provably halted.",
          table};
}

}  // namespace dr::lkg
