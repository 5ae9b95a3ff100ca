#include "common/cli/version.hpp"

#include "common/data/json.hpp"
#include "common/data/yaml_codec.hpp"

namespace dr::cli {
namespace {

std::string version_document(const std::string& executable, const std::string& output) {
  if (output == "table") return version_text(executable);
  const Json document = {{"apiVersion", "dr.agenttrader.dev/v1"},
                         {"kind", "Version"},
                         {"name", executable},
                         {"version", version()}};
  return output == "json" ? data::write_json(document) : data::write_yaml(document);
}

}  // namespace

std::string version() {
  return "v" DR_VERSION;
}

std::string version_text(const std::string& executable) {
  return executable + " " + version() + "\n";
}

CommandSpec version_command(const std::string& program) {
  const std::string executable = "kubectl-" + program;
  CommandSpec spec;
  spec.name = "version";
  spec.summary = "Print the version";
  spec.description = "Print the version of this plugin. It needs neither a cluster nor kubectl.";
  spec.examples = "  # For a script\n  kubectl " + program + " version -o json";
  spec.setup = [executable](CLI::App&) -> Action {
    return [executable](Runtime& runtime, const GlobalOptions& options) {
      runtime.terminal.print(version_document(executable, options.output));
      return ExitCode::ok;
    };
  };
  return spec;
}

}  // namespace dr::cli
