#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/base/text.hpp"
#include "common/cli/table.hpp"
#include "plugins/drbackup/cmd_support.hpp"
#include "plugins/drbackup/commands.hpp"

namespace dr::backup {
namespace {

// The whole list of what could not be read is in `verify` and in -o json.
std::string note_of(const Entry& entry) {
  if (!entry.backup) return entry.damage;
  const auto gaps = gaps_of(*entry.backup);
  if (gaps.size() < 2) return join(gaps, "");
  return fmt::format("{} and {} more", gaps.front(), gaps.size() - 1);
}

ExitCode run(cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const BackupStore store = backups_of(globals.root);
  cli::Table table({"ID", "AGE", "NAMESPACE", "OBJECTS", "SIZE", "STATE", "NOTE"});
  Json list = Json::array();
  for (const auto& id : store.ids()) {
    const Entry entry = store.check(id);
    list.push_back(to_json(entry));
    table.add({id.text(), format_duration(runtime.clock.now() - id.time()),
               entry.backup ? entry.backup->provenance.ns : "",
               entry.backup ? std::to_string(entry.backup->objects.size()) : "",
               size_text(entry.bytes), std::string(name_of(entry.state)), note_of(entry)});
  }
  if (list.empty()) runtime.terminal.info("no backup in " + store.directory().string());
  cli::print_result(runtime, globals, "BackupList", {{"backups", std::move(list)}},
                    table.empty() ? "" : table.text());
  return ExitCode::ok;
}

}  // namespace

cli::CommandSpec list_command() {
  return {"list", "List the backups, each one checked",
          "List every backup with its age, its namespace and its state after every check that "
          "`verify` makes: complete, partial (only some kinds were asked for), incomplete (a kind "
          "could not be read) or damaged. Contacts no cluster.",
          "  # What is there?\n  kubectl drbackup list", [](CLI::App&) -> cli::Action {
            return [](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(runtime, globals);
            };
          }};
}

}  // namespace dr::backup
