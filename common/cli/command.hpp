#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/base/exit_code.hpp"
#include "common/cli/completer.hpp"
#include "common/cli/terminal.hpp"
#include "common/kube/target.hpp"
#include "common/os/clock.hpp"
#include "common/os/environment.hpp"
#include "common/os/process_runner.hpp"

namespace CLI {
class App;
}

namespace dr::cli {

// The seams of a command: everything outside the process that it may touch.
struct Runtime {
  os::ProcessRunner& runner;
  const os::Clock& clock;
  const os::Environment& environment;
  Terminal& terminal;
};

// What every verb takes, before or after its name.
struct GlobalOptions {
  kube::ConnectionFlags connection;
  std::filesystem::path root;  // as given, or found (find_root); absolute
  // As named by flag or variable, else from PATH; empty when there is none, which is for the verb
  // to tell.
  std::filesystem::path kubectl;  // --kubectl, $KUBECTL, $KUBECTL_PATH
  std::filesystem::path gcloud;   // --gcloud, $GCLOUD
  std::string output;             // "table", "json", "yaml", or one of the verb's own
  bool verbose = false;           // -v: each child command on stderr
};

// Runs a parsed verb and returns its exit code; dr::Error and dr::Interrupted may leave it.
using Action = std::function<ExitCode(Runtime&, const GlobalOptions&)>;

// One row of a plugin's table of verbs, which help, suggestions and dispatch read.
struct CommandSpec {
  std::string name;
  std::string summary;      // one line for the list of commands
  std::string description;  // paragraphs of --help
  // kubectl's form: "  # Comment" and command lines, without a prompt, and with "kubectl <plugin>".
  std::string examples;
  // Declares the verb's own flags on `app` and returns what runs it. The action owns the options it
  // was declared with (a shared pointer captured by value); parsing has no other effect.
  std::function<Action(CLI::App& app)> setup;
  // Values of -o of this verb alone, besides json, yaml and table.
  std::vector<std::string> more_outputs = {};
  // What completes the values of its flags ("--to") and arguments ("ID"), where the type name of
  // the option does not tell (common/cli/completion_values.hpp).
  std::map<std::string, Completer> completers = {};
  std::string group = "Available Commands";  // its heading in the list of commands
};

inline constexpr char k_other_commands[] = "Other Commands";  // the built-in ones are there

struct CommandGroup {
  std::string heading;
  std::vector<CommandSpec> commands;
};
// The table of verbs made from the groups that help shows, in their order.
std::vector<CommandSpec> command_table(std::vector<CommandGroup> groups);

struct Program {
  std::string name;     // "lkg": the executable is kubectl-lkg, shown as "kubectl lkg"
  std::string summary;  // first paragraph of --help
  std::span<const CommandSpec> commands;
};

// main() of a plugin: parses, runs, and is the one place that turns exceptions into messages and
// exit codes.
int run_main(int argc, char** argv, const Program& program);

// The same with its world given, for tests; `args` is without argv[0].
ExitCode run(std::span<const std::string> args, const Program& program, Runtime& runtime,
             const std::filesystem::path& current_directory);

// Where ops/, audit_artifacts/ and deploy_logs/ live when --root is not given: the nearest ancestor
// of `start` with ops/lkg, else the nearest with .git, else `start`.
std::filesystem::path find_root(const std::filesystem::path& start);

std::string version();

}  // namespace dr::cli
