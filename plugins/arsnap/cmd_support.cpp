#include "plugins/arsnap/cmd_support.hpp"

namespace dr::arsnap {

lkg::Lkg read_lkg(const cli::LkgSource& source, cli::Runtime& runtime,
                  const cli::GlobalOptions& globals) {
  lkg::Lkg lkg = cli::load_lkg(source, runtime, globals);
  if (!globals.connection.ns.empty()) lkg.require_namespace(globals.connection.ns);
  return lkg;
}

std::string lines_of_steps(const std::set<std::string>& steps) {
  std::string text;
  for (const auto& step : steps) {
    if (!step.empty()) text += "next: " + step + "\n";
  }
  return text;
}

}  // namespace dr::arsnap
