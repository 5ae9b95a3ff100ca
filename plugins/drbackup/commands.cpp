#include "plugins/drbackup/commands.hpp"

#include <vector>

namespace dr::backup {

cli::Program program() {
  static const std::vector<cli::CommandSpec> table = cli::command_table({
      {"Backup Commands",
       {create_command(), list_command(), verify_command(), status_command(), prune_command()}},
      {"Recovery Commands", {show_command(), diff_command()}},
      {"Copy Commands", {push_command(), pull_command()}},
  });
  return {"drbackup",
          "Back up the state of one namespace, one file per object, whole or not at all.", table};
}

}  // namespace dr::backup
