#include "common/cli/command.hpp"
#include "plugins/drbackup/commands.hpp"

int main(int argc, char** argv) {
  return dr::cli::run_main(argc, argv, dr::backup::program());
}
