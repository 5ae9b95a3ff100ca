#include "common/cli/command.hpp"
#include "plugins/lkg/commands.hpp"

int main(int argc, char** argv) {
  return dr::cli::run_main(argc, argv,
                           {"lkg",
                            "Capture and restore the last known good (LKG) state of one namespace, "
                            "with trading provably halted.",
                            dr::lkg::commands()});
}
