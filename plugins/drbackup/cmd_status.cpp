#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/base/text.hpp"
#include "plugins/drbackup/cmd_support.hpp"
#include "plugins/drbackup/commands.hpp"
#include "plugins/drbackup/freshness.hpp"

namespace dr::backup {
namespace {

std::string text_of(const Freshness& found) {
  std::string text = found.verdict + "\n";
  if (!found.newest) return text;
  if (found.newest->backup) {
    for (const auto& gap : gaps_of(*found.newest->backup))
      text += "  not read: " + printable(gap) + "\n";
  } else {
    text += "  " + printable(found.newest->damage) + "\n";
  }
  if (found.newest->state != State::complete) {
    text += "  newest complete one: " +
            (found.newest_complete ? found.newest_complete->id.text() : "none") + "\n";
  }
  return text;
}

ExitCode run(const std::string& max_age, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const BackupStore store = backups_of(globals.root);
  const Millis limit = cli::duration_flag("--max-age", max_age);
  const Freshness found = freshness(store, globals.connection.ns, runtime.clock.now(), limit);
  Json document = {{"verdict", found.verdict}, {"maxAgeSeconds", limit.count() / 1000}};
  if (found.newest) document["newest"] = to_json(*found.newest);
  if (found.newest_complete) document["newestComplete"] = to_json(*found.newest_complete);
  cli::print_result(runtime, globals, "BackupStatus", std::move(document), text_of(found));
  return found.code;
}

}  // namespace

cli::CommandSpec status_command() {
  return {"status", "Tell whether the newest backup is fresh, complete and intact",
          "What a monitor calls. Exit code 0: the newest backup is fresh, complete and intact; 1: "
          "it is too old, or there is none; 4: it is incomplete; 6: it is damaged. With -n, the "
          "newest backup of that namespace. Contacts no cluster.",
          "  # The runbook's recovery point objective\n  kubectl drbackup status -n trading-floor "
          "--max-age=24h",
          [](CLI::App& app) -> cli::Action {
            auto max_age = std::make_shared<std::string>("24h");
            app.add_option("--max-age", *max_age, "How old the newest backup may be")
                ->type_name("DURATION");
            return [max_age](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*max_age, runtime, globals);
            };
          }};
}

}  // namespace dr::backup
