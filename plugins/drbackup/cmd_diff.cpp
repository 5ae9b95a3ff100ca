#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/base/text.hpp"
#include "common/cli/table.hpp"
#include "plugins/drbackup/cmd_completion.hpp"
#include "plugins/drbackup/cmd_support.hpp"
#include "plugins/drbackup/collect.hpp"
#include "plugins/drbackup/commands.hpp"
#include "plugins/drbackup/comparison.hpp"
#include "plugins/drbackup/patch.hpp"

namespace dr::backup {
namespace {

constexpr std::string_view k_live = "live";

struct DiffOptions {
  std::string left;
  std::string right{k_live};
};

std::string text_of(const Comparison& comparison, const std::string& left,
                    const std::string& right) {
  cli::Table table({"OBJECT", "CHANGE", "POINTER", left, right});
  for (const auto& change : comparison.changes) {
    const std::string how(name_of(change.change));
    if (change.differences.empty()) table.add({change.key.display(), how, "-", "-", "-"});
    for (const auto& difference : change.differences) {
      table.add({change.key.display(), how, difference.pointer, cli::shown(difference.left),
                 cli::shown(difference.right)});
    }
  }
  if (!table.empty()) return table.text();
  return fmt::format("no difference: {} objects are equal\n", comparison.objects);
}

Json json_of(const Comparison& comparison) {
  Json changes = Json::array();
  for (const auto& change : comparison.changes) {
    Json differences = Json::array();
    for (const auto& difference : change.differences) {
      Json entry = {{"pointer", difference.pointer}};
      if (difference.left) entry["left"] = *difference.left;
      if (difference.right) entry["right"] = *difference.right;
      differences.push_back(std::move(entry));
    }
    changes.push_back({{"apiVersion", change.key.api_version},
                       {"kind", change.key.kind},
                       {"name", change.key.name},
                       {"change", name_of(change.change)},
                       {"differences", std::move(differences)}});
  }
  return changes;
}

Json json_of(const std::vector<NotCompared>& gaps) {
  Json list = Json::array();
  for (const auto& gap : gaps) {
    list.push_back({{"resource", gap.resource}, {"reason", gap.reason}, {"unknown", gap.unknown}});
  }
  return list;
}

Backup load(const cli::GlobalOptions& globals, const std::string& word) {
  const NamedBackup named = named_backup(globals.root, word);
  return named.store.load(named.id);
}

Backup load_right(const DiffOptions& options, const Backup& left, cli::Runtime& runtime,
                  const cli::GlobalOptions& globals) {
  if (options.right != k_live) return load(globals, options.right);
  cli::GlobalOptions where = globals;
  // The namespace of the backup, unless another one is named, which compare() then refuses.
  if (where.connection.ns.empty()) where.connection.ns = left.provenance.ns;
  const auto kubectl = cli::connect(runtime, where);
  kubectl.open_proxy();
  return collect(kubectl, left.selection, BackupId(runtime.clock.now()));
}

ExitCode run(const DiffOptions& options, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const Backup left = load(globals, options.left);
  const Backup right = load_right(options, left, runtime, globals);
  const std::string right_name = options.right == k_live ? std::string(k_live) : right.id.text();
  const Comparison comparison = compare(left, right, right_name);
  for (const auto& gap : comparison.not_compared) {
    runtime.terminal.warn(fmt::format("not compared: {} ({})", gap.resource, gap.reason));
  }
  if (globals.output == "unified") {
    runtime.terminal.print(unified_patch(comparison, allocated_between(left, right),
                                         runtime.environment, runtime.runner));
  } else {
    cli::print_result(runtime, globals, "BackupDiff",
                      {{"left", left.id.text()},
                       {"right", right_name},
                       {"namespace", left.provenance.ns},
                       {"objects", comparison.objects},
                       {"changes", json_of(comparison)},
                       {"notCompared", json_of(comparison.not_compared)}},
                      text_of(comparison, left.id.text(), right_name));
  }
  if (comparison.unknown()) return ExitCode::incomplete;
  return comparison.changes.empty() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

cli::CommandSpec diff_command() {
  return {
      "diff",
      "Compare two backups, or one with the live namespace",
      "Compare every object of backup A with the one of backup B, or with the live namespace, "
      "field by field. Fields that the server or controllers own do not count. -o unified "
      "prints a patch. Of what a restore kept before it wrote (audit_artifacts/pre_restore/), only "
      "the objects that it holds count. Exit code 0: no difference; 1: differences; 4: a kind "
      "could not be read "
      "on one of the sides, so that it was not compared.",
      "  # What has changed since the last backup?\n  kubectl drbackup diff latest\n\n"
      "  # Between two days, as a patch\n  kubectl drbackup diff 20260102T030405Z "
      "20260103T030405Z -o unified\n\n"
      "  # What has become of what a restore found?\n  kubectl drbackup diff "
      "audit_artifacts/pre_restore/latest",
      [](CLI::App& app) -> cli::Action {
        auto options = std::make_shared<DiffOptions>();
        app.add_option("A", options->left, "Id of a backup, latest, or the path of one")
            ->type_name("")
            ->required();
        app.add_option("B", options->right, "Another one, or live")->type_name("");
        return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
          return run(*options, runtime, globals);
        };
      },
      {"unified"},
      {{"A", complete_id}, {"B", complete_id_or_live}}};
}

}  // namespace dr::backup
