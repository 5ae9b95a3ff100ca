#include "common/cli/completion_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <system_error>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/completion_install.hpp"
#include "common/cli/completion_scripts.hpp"

namespace dr::cli {
namespace {

namespace fs = std::filesystem;

// Absolute, because PATH is compared with it.
fs::path named_directory(const std::string& name) {
  std::error_code ignored;
  fs::path directory = fs::absolute(name, ignored).lexically_normal();
  if (name.empty() || !fs::is_directory(directory, ignored)) {
    throw Error(ExitCode::usage, fmt::format("--dir: \"{}\" is not a directory", printable(name)));
  }
  return directory;
}

fs::path target_directory(const CompletionFile& file, const std::optional<std::string>& named) {
  if (named) return named_directory(*named);
  if (auto directory = file.default_directory()) return *std::move(directory);
  throw Error(ExitCode::failed,
              "failed to install the completion: no usual directory is on PATH and may be written",
              "name one with --dir; krew's own is not for this");
}

ExitCode install(const std::string& plugin, const std::optional<std::string>& named,
                 Runtime& runtime) {
  const CompletionFile file(plugin, runtime.environment);
  const fs::path directory = target_directory(file, named);
  const bool changed = file.install(directory);
  runtime.terminal.print(fmt::format("{}/kubectl_complete-{} {}\n", printable(directory.string()),
                                     plugin, changed ? "installed" : "is installed already"));
  if (!file.on_path(directory)) {
    runtime.terminal.warn(
        fmt::format("kubectl looks for it on PATH, and {} is not there", directory.string()));
  }
  return ExitCode::ok;
}

ExitCode uninstall(const std::string& plugin, const std::optional<std::string>& named,
                   Runtime& runtime) {
  const CompletionFile file(plugin, runtime.environment);
  const auto removed =
      file.uninstall(named ? std::vector<fs::path>{named_directory(*named)} : file.path());
  for (const fs::path& path : removed) {
    runtime.terminal.print(printable(path.string()) + " removed\n");
  }
  if (removed.empty()) runtime.terminal.info("no completion is installed there");
  return ExitCode::ok;
}

constexpr std::string_view k_description =
    "kubectl completes \"kubectl {0} <TAB>\" when its own completion is set up (kubectl completion "
    "--help) and a program kubectl_complete-{0} is on PATH. `install` puts it there: beside the "
    "plugin, or into another directory on PATH when the plugin is krew's; `uninstall` "
    "removes it from every directory on PATH. For kubectl-{0} called directly, `bash`, `zsh` and "
    "`fish` print what to source. Contacts no cluster.";

constexpr std::string_view k_examples =
    "  # Complete kubectl {0}, in every shell that completes kubectl\n"
    "  kubectl {0} completion install\n\n"
    "  # Complete kubectl-{0} in this shell\n"
    "  source <(kubectl-{0} completion bash)";

}  // namespace

CommandSpec completion_command(const std::string& plugin) {
  CommandSpec spec;
  spec.name = "completion";
  spec.summary = "Set up the completion of command lines";
  spec.description = fmt::format(k_description, plugin);
  spec.examples = fmt::format(k_examples, plugin);
  spec.setup = [plugin](CLI::App& app) -> Action {
    auto directory = std::make_shared<std::optional<std::string>>();
    for (const char* shell : {"bash", "zsh", "fish"}) {
      app.add_subcommand(shell, fmt::format("Print what {} sources", shell));
    }
    for (const char* verb : {"install", "uninstall"}) {
      app.add_subcommand(
             verb, fmt::format("{} kubectl_complete-{}",
                               verb == std::string_view("install") ? "Install" : "Remove", plugin))
          ->add_option("--dir", *directory, "The directory, which should be on PATH")
          ->type_name("DIR");
    }
    app.require_subcommand(1);
    return [plugin, directory, &app](Runtime& runtime, const GlobalOptions&) {
      const std::string verb = app.get_subcommands().front()->get_name();
      if (verb == "install") return install(plugin, *directory, runtime);
      if (verb == "uninstall") return uninstall(plugin, *directory, runtime);
      runtime.terminal.print(shell_completion(verb, plugin));
      return ExitCode::ok;
    };
  };
  return spec;
}

}  // namespace dr::cli
