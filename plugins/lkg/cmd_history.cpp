#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "common/base/error.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "plugins/lkg/commands.hpp"
#include "plugins/lkg/history.hpp"

namespace dr::lkg {
namespace {

struct HistoryOptions {
  std::string id;
  std::size_t keep = k_default_keep;
  bool dry_run = false;
};

constexpr std::size_t k_short_sha = 12;

std::string_view state_of(const KeptLkg& kept) {
  return kept.damage.empty() ? "intact" : "damaged";
}

void warn_of_current(const History& history, cli::Runtime& runtime) {
  if (!history.current_damage.empty())
    runtime.terminal.warn("the current LKG is damaged: " + history.current_damage);
}

// --- list

Json json_of(const KeptLkg& kept) {
  return {{"id", kept.id.text()},    {"time", rfc3339(kept.id.time())}, {"current", kept.current},
          {"state", state_of(kept)}, {"damage", kept.damage},           {"namespace", kept.ns},
          {"objects", kept.objects}, {"cluster", kept.cluster},         {"gitSha", kept.git_sha},
          {"note", kept.note}};
}

ExitCode list(cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const LkgStore store = cli::open_lkgs(runtime, globals);
  const History history = read_history(store);
  warn_of_current(history, runtime);
  cli::Table table({"ID", "AGE", "CURRENT", "STATE", "OBJECTS", "CLUSTER", "GIT", "NOTE"});
  Json rows = Json::array();
  for (const auto& kept : history.kept) {
    rows.push_back(json_of(kept));
    table.add({kept.id.text(), format_duration(runtime.clock.now() - kept.id.time()),
               kept.current ? "current" : "-", std::string(state_of(kept)),
               kept.damage.empty() ? std::to_string(kept.objects) : "", kept.cluster,
               kept.git_sha.substr(0, k_short_sha), kept.damage.empty() ? kept.note : kept.damage});
  }
  if (rows.empty())
    runtime.terminal.info("no kept LKG in " + (store.directory() / "history").string());
  cli::print_result(runtime, globals, "LkgList", {{"lkgs", std::move(rows)}},
                    table.empty() ? "" : table.text());
  return ExitCode::ok;
}

// --- show

Json objects_json(const Lkg& lkg) {
  Json rows = Json::array();
  for (const auto& object : lkg.objects) {
    const auto key = kube::key_of(object);
    rows.push_back({{"apiVersion", key.api_version}, {"kind", key.kind}, {"name", key.name}});
  }
  return rows;
}

std::string show_text(const Lkg& lkg, UtcTime captured, UtcTime now) {
  const auto text = [&](data::Path path) { return data::string_or(lkg.metadata, path, ""); };
  cli::Table facts({"FACT", "VALUE"});
  facts.add({"id", lkg.id});
  facts.add(
      {"captured", fmt::format("{} ({} ago)", rfc3339(captured), format_duration(now - captured))});
  facts.add({"namespace", lkg.ns});
  facts.add({"cluster", text({"cluster_name"})});
  facts.add({"cluster uid", lkg.cluster_uid});
  facts.add({"server version", text({"cluster", "server_version"})});
  facts.add({"git", text({"git_sha"})});
  facts.add({"build", text({"build_id"})});
  facts.add({"note", text({"note"})});
  facts.add({"manifest sha256", text({"manifest", "sha256"})});
  facts.add({"images", std::to_string(data::array_or_empty(lkg.metadata, {"images"}).size())});
  facts.add({"left out", std::to_string(data::array_or_empty(lkg.metadata, {"left_out"}).size())});
  facts.add(
      {"captured by", fmt::format("{} {}", text({"tool", "name"}), text({"tool", "version"}))});
  cli::Table objects({"KIND", "NAME", "API VERSION"});
  for (const auto& object : lkg.objects) {
    const auto key = kube::key_of(object);
    objects.add({key.kind, key.name, key.api_version});
  }
  return facts.text() + "\n" + objects.text();
}

ExitCode show(const std::string& id, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const Lkg lkg = cli::open_lkgs(runtime, globals).load(id);
  const UtcTime captured = LkgId::parse(lkg.id)->time();
  cli::print_result(runtime, globals, "LkgDetails",
                    {{"id", lkg.id},
                     {"time", rfc3339(captured)},
                     {"metadata", lkg.metadata},
                     {"objects", objects_json(lkg)}},
                    show_text(lkg, captured, runtime.clock.now()));
  return ExitCode::ok;
}

// --- prune

std::string prune_text(const std::vector<LkgId>& gone, std::size_t left, bool dry_run) {
  std::string text;
  for (const auto& id : gone) text += id.text() + (dry_run ? " would go\n" : " removed\n");
  return text +
         fmt::format("{} {}, {} kept\n", gone.size(), dry_run ? "would go" : "removed", left);
}

ExitCode prune(const HistoryOptions& options, cli::Runtime& runtime,
               const cli::GlobalOptions& globals) {
  if (options.keep < k_default_keep) {
    throw Error(ExitCode::usage,
                fmt::format("--keep: {} is under {}", options.keep, k_default_keep),
                "an LKG is a release record: at least 30 stay");
  }
  const LkgStore store = cli::open_lkgs(runtime, globals);
  const History history = read_history(store);
  // What is current must be known before anything goes.
  if (!history.current_damage.empty())
    throw Error(ExitCode::integrity, "nothing is pruned: " + history.current_damage,
                "restore ops/lkg from version control, then run it again");
  const auto gone = superfluous(history, options.keep);
  if (!options.dry_run) store.remove(gone);
  Json ids = Json::array();
  for (const auto& id : gone) ids.push_back(id.text());
  const std::size_t left = history.kept.size() - gone.size();
  cli::print_result(runtime, globals, "LkgPruneReport",
                    {{"dryRun", options.dry_run},
                     {"keep", options.keep},
                     {"removed", std::move(ids)},
                     {"kept", left}},
                    prune_text(gone, left, options.dry_run));
  const auto is_damaged = [](const KeptLkg& kept) { return !kept.damage.empty(); };
  return std::any_of(history.kept.begin(), history.kept.end(), is_damaged) ? ExitCode::integrity
                                                                           : ExitCode::ok;
}

void declare(CLI::App& app, HistoryOptions& options) {
  app.add_subcommand("list", "List the kept LKGs, the newest first, each one checked");
  app.add_subcommand("show", "Show what one of them holds")
      ->add_option("ID", options.id, "Id of a kept LKG")
      ->type_name("LKG")
      ->required();
  CLI::App* prune = app.add_subcommand("prune", "Remove the oldest of them");
  prune->add_option("--keep", options.keep, "How many intact ones stay, the newest; at least 30")
      ->type_name("N")
      ->capture_default_str();
  prune->add_flag("--dry-run", options.dry_run, "Only show what would be removed");
  app.require_subcommand(1);
}

}  // namespace

cli::CommandSpec history_command() {
  return {"history", "List, show and prune the kept LKGs",
          "Every capture is kept whole under ops/lkg/history. `list` shows them, the newest first, "
          "each one checked as `verify` does: a damaged one is shown with what is wrong. `show` "
          "prints the metadata of one and names every object that it holds. `prune` removes the "
          "oldest, never the current one, and never so that fewer than 30 intact ones are left. A "
          "damaged one is never removed, and counts for nothing: look at it first; exit code 6 of "
          "`prune` says that there is one. Contacts no cluster.",
          "  # Which LKGs are there to restore?\n  kubectl lkg history list\n\n"
          "  # What does one hold, and what has changed since?\n"
          "  kubectl lkg history show 20260102T030405Z-0a1b2c3d\n"
          "  kubectl lkg diff --from 20260102T030405Z-0a1b2c3d --to 20260109T030405Z-4e5f6a7b\n\n"
          "  # What would go?\n  kubectl lkg history prune --keep 60 --dry-run",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<HistoryOptions>();
            declare(app, *options);
            return [options, &app](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              const std::string verb = app.get_subcommands().front()->get_name();
              if (verb == "list") return list(runtime, globals);
              if (verb == "show") return show(options->id, runtime, globals);
              return prune(*options, runtime, globals);
            };
          }};
}

}  // namespace dr::lkg
