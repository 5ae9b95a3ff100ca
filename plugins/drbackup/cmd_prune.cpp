#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "plugins/drbackup/commands.hpp"
#include "plugins/drbackup/retention.hpp"

namespace dr::backup {
namespace {

struct PruneOptions {
  RetentionPolicy policy;
  bool dry_run = false;
};

std::string_view action_of(const RetentionDecision& decision) {
  return decision.keep ? "keep" : "remove";
}

// Every backup is read whole: one that is damaged must not push an intact one out. `ns`: empty for
// any; a damaged one does not tell its namespace, so it is shown for each.
std::vector<Candidate> candidates_in(const BackupStore& store, const std::string& ns) {
  std::vector<Candidate> candidates;
  for (const BackupId& id : store.ids()) {
    const Entry entry = store.check(id);
    const std::string own = entry.backup ? entry.backup->provenance.ns : "";
    if (ns.empty() || own.empty() || own == ns) candidates.push_back({id, entry.state, own});
  }
  return candidates;
}

std::vector<BackupId> removed_by(const std::vector<RetentionDecision>& decisions) {
  std::vector<BackupId> ids;
  for (const RetentionDecision& decision : decisions) {
    if (!decision.keep) ids.push_back(decision.backup.id);
  }
  return ids;
}

std::string text_of(const std::vector<RetentionDecision>& decisions, std::size_t removed,
                    bool dry_run) {
  if (decisions.empty()) return "no backup, nothing to prune\n";
  cli::Table table({"ID", "NAMESPACE", "STATE", "ACTION", "REASONS"});
  for (const RetentionDecision& decision : decisions) {
    table.add({decision.backup.id.text(), decision.backup.ns,
               std::string(name_of(decision.backup.state)), std::string(action_of(decision)),
               join(decision.reasons, ", ")});
  }
  return table.text() + fmt::format("{} {}removed, {} kept\n", removed, dry_run ? "would be " : "",
                                    decisions.size() - removed);
}

Json json_of(const std::vector<RetentionDecision>& decisions) {
  Json list = Json::array();
  for (const RetentionDecision& decision : decisions) {
    list.push_back({{"id", decision.backup.id.text()},
                    {"namespace", decision.backup.ns},
                    {"state", name_of(decision.backup.state)},
                    {"action", action_of(decision)},
                    {"reasons", decision.reasons}});
  }
  return list;
}

void require_policy(const RetentionPolicy& policy) {
  if (policy.keep_last + policy.keep_daily + policy.keep_weekly + policy.keep_monthly > 0) return;
  throw Error(ExitCode::usage, "prune: nothing says what to keep",
              "give at least one of --keep-last, --keep-daily, --keep-weekly and --keep-monthly, "
              "over 0");
}

ExitCode run(const PruneOptions& options, cli::Runtime& runtime,
             const cli::GlobalOptions& globals) {
  require_policy(options.policy);
  const BackupStore store = backups_of(globals.root);
  const auto decisions =
      decide_retention(candidates_in(store, globals.connection.ns), options.policy);
  const std::vector<BackupId> removed = removed_by(decisions);
  if (!options.dry_run) store.remove(removed);
  cli::print_result(runtime, globals, "PruneReport",
                    {{"dryRun", options.dry_run},
                     {"removed", removed.size()},
                     {"kept", decisions.size() - removed.size()},
                     {"policy",
                      {{"last", options.policy.keep_last},
                       {"daily", options.policy.keep_daily},
                       {"weekly", options.policy.keep_weekly},
                       {"monthly", options.policy.keep_monthly}}},
                     {"backups", json_of(decisions)}},
                    text_of(decisions, removed.size(), options.dry_run));
  const bool any_damaged = std::any_of(
      decisions.begin(), decisions.end(),
      [](const RetentionDecision& decision) { return decision.backup.state == State::damaged; });
  return any_damaged ? ExitCode::integrity : ExitCode::ok;
}

void add_keep_flag(CLI::App& app, const std::string& name, std::size_t& count,
                   const std::string& help) {
  app.add_option(name, count, help)->check(CLI::Range(0, 100'000))->type_name("N");
}

}  // namespace

cli::CommandSpec prune_command() {
  return {"prune", "Remove old backups by rules of retention",
          "Remove the backups that no rule keeps, and say for each one why it stays or goes. A "
          "backup stays when one --keep-... rule wants it; days, weeks (ISO) and months are those "
          "of UTC, and count only when they have a backup. Each namespace is taken by itself; with "
          "-n only that one. Its newest complete backup always stays. A partial or incomplete one "
          "stands for a day, week or month only when that has "
          "no complete one. Damaged ones are never removed: look at them first. Exit code 6 says "
          "that there is a damaged one; the rest is pruned then too. Contacts no cluster.",
          "  # Two weeks of days, two months of weeks, a year of months: what would go?\n"
          "  kubectl drbackup prune --keep-daily 14 --keep-weekly 8 --keep-monthly 12 --dry-run\n\n"
          "  # The newest 30\n  kubectl drbackup prune --keep-last 30",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<PruneOptions>();
            RetentionPolicy& policy = options->policy;
            add_keep_flag(app, "--keep-last", policy.keep_last, "Keep the newest N backups");
            add_keep_flag(app, "--keep-daily", policy.keep_daily,
                          "Keep the newest backup of each of the newest N days");
            add_keep_flag(app, "--keep-weekly", policy.keep_weekly,
                          "Keep the newest backup of each of the newest N weeks");
            add_keep_flag(app, "--keep-monthly", policy.keep_monthly,
                          "Keep the newest backup of each of the newest N months");
            app.add_flag("--dry-run", options->dry_run, "Only show what would be removed");
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          }};
}

}  // namespace dr::backup
