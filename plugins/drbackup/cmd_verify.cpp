#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/base/text.hpp"
#include "plugins/drbackup/cmd_completion.hpp"
#include "plugins/drbackup/cmd_support.hpp"
#include "plugins/drbackup/commands.hpp"

namespace dr::backup {
namespace {

struct VerifyOptions {
  std::string id = "latest";
  bool all = false;
};

std::string text_of(const Entry& entry) {
  const std::string& id = entry.id.text();
  if (!entry.backup) return fmt::format("backup {} is DAMAGED: {}\n", id, entry.damage);
  std::string text =
      fmt::format("backup {} is intact{}: {} objects of namespace {}\n", id,
                  entry.state == State::complete ? " and complete"
                                                 : fmt::format(", but {}", name_of(entry.state)),
                  entry.backup->objects.size(), entry.backup->provenance.ns);
  for (const auto& gap : gaps_of(*entry.backup)) text += "  not read: " + printable(gap) + "\n";
  return text;
}

ExitCode run(const VerifyOptions& options, cli::Runtime& runtime,
             const cli::GlobalOptions& globals) {
  const auto [store, named] = named_backup(globals.root, options.id);
  const auto ids = options.all ? store.ids() : std::vector{named};
  ExitCode code = ExitCode::ok;
  Json list = Json::array();
  std::string text;
  for (const auto& id : ids) {
    const Entry entry = store.check(id);
    code = worse(code, code_of(entry.state));
    list.push_back(to_json(entry));
    text += text_of(entry);
  }
  cli::print_result(runtime, globals, "BackupVerifyReport", {{"backups", std::move(list)}}, text);
  return code;
}

}  // namespace

cli::CommandSpec verify_command() {
  return {"verify",
          "Check a backup on disk",
          "Check the files of a backup: every checksum, the index against the files, every file "
          "against its object, no Secret, one namespace. Contacts no cluster. Exit code 0: intact; "
          "4: intact, but a kind could not be read when it was made; 6: damaged.",
          "  # Check the newest one\n  kubectl drbackup verify\n\n"
          "  # Check them all\n  kubectl drbackup verify --all",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<VerifyOptions>();
            auto* id =
                app.add_option("ID", options->id, "Backup to check: its id, latest, or its path")
                    ->type_name("");
            app.add_flag("--all", options->all, "Check every backup")->excludes(id);
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          },
          {},
          {{"ID", complete_id}}};
}

}  // namespace dr::backup
