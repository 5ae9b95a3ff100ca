#include "common/cli/command.hpp"
#include "plugins/arsnap/commands.hpp"

int main(int argc, char** argv) {
  return dr::cli::run_main(
      argc, argv,
      {"arsnap",
       "Keep an inventory of Artifact Registry, and tell whether every image of the last known "
       "good (LKG) still exists, and for how long.",
       dr::arsnap::commands()});
}
