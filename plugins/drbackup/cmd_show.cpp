#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/base/text.hpp"
#include "common/cli/verb.hpp"
#include "common/kube/kill_switch.hpp"
#include "plugins/drbackup/cmd_completion.hpp"
#include "plugins/drbackup/cmd_support.hpp"
#include "plugins/drbackup/commands.hpp"

namespace dr::backup {
namespace {

struct ShowOptions {
  std::string id;
  std::string object;
};

const Json& the_object(const Backup& backup, const std::string& word) {
  const auto slash = word.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == word.size()) {
    throw Error(ExitCode::usage, "\"" + printable(word) + "\" is not KIND/NAME",
                "write it as in deploy/strategy-engine");
  }
  const auto found = backup.find(word.substr(0, slash), word.substr(slash + 1));
  if (found.empty()) {
    throw Error(ExitCode::failed,
                fmt::format("backup {} does not hold {}", backup.id.text(), printable(word)),
                "its backup.json lists what it holds");
  }
  if (found.size() > 1) {
    std::vector<std::string> names;
    for (const Json* object : found) names.push_back(backup.coverage_of(*object)->resource);
    throw Error(ExitCode::usage, fmt::format("{} names objects of several kinds", printable(word)),
                "name the kind in full: " + join(names, ", "));
  }
  return *found.front();
}

// What is shown may be piped into kubectl.
void warn_of_trading(const Json& object, cli::Terminal& terminal) {
  if (!kube::is_switch(kube::key_of(object))) return;
  if (data::string_or(object, {"data", kube::k_switch_key}, "") == kube::k_switch_halted) return;
  terminal.warn(fmt::format("{} lets trading execute as it stands in this backup: do not apply it",
                            kube::display(object)));
}

ExitCode run(const ShowOptions& options, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const NamedBackup named = named_backup(globals.root, options.id);
  const Backup backup = named.store.load(named.id);
  const Json& object = the_object(backup, options.object);
  warn_of_trading(object, runtime.terminal);
  cli::print_document(runtime, globals, object);
  return ExitCode::ok;
}

}  // namespace

cli::CommandSpec show_command() {
  return {"show",
          "Print one object of a backup",
          "Print an object of a backup as YAML that kubectl takes, after the whole backup was "
          "checked. KIND is named as kubectl takes it.",
          "  # What was it two days ago?\n  kubectl drbackup show 20260102T030405Z "
          "deploy/strategy-engine\n\n"
          "  # Against what runs\n  kubectl drbackup show latest cm/strategy-config | kubectl diff "
          "-f -",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<ShowOptions>();
            app.add_option("ID", options->id, "Id of a backup, latest, or the path of one")
                ->type_name("")
                ->required();
            app.add_option("KIND/NAME", options->object, "The object")->type_name("")->required();
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          },
          {},
          {{"ID", complete_id}, {"KIND/NAME", complete_object}}};
}

}  // namespace dr::backup
