#include "common/cli/command.hpp"
#include "plugins/drbackup/commands.hpp"

int main(int argc, char** argv) {
  return dr::cli::run_main(
      argc, argv,
      {"drbackup", "Back up the state of one namespace, one file per object, whole or not at all.",
       dr::drbackup::commands()});
}
