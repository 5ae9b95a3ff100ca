#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/base/text.hpp"
#include "common/cli/table.hpp"
#include "common/os/git.hpp"
#include "plugins/drbackup/cmd_completion.hpp"
#include "plugins/drbackup/cmd_support.hpp"
#include "plugins/drbackup/collect.hpp"
#include "plugins/drbackup/commands.hpp"

namespace dr::backup {
namespace {

std::string text_of(const Backup& backup, const BackupStore& store) {
  std::size_t kinds = 0;
  cli::Table gaps({"RESOURCE", "OUTCOME"});
  for (const auto& coverage : backup.coverage) {
    if (coverage.count > 0) ++kinds;
    if (!coverage.readable()) gaps.add({coverage.resource, text_of(coverage)});
  }
  for (const auto& group : backup.dead_groups) {
    if (!group.derived_only) gaps.add({"*." + group.group_version, "error: " + group.message});
  }
  std::string text =
      fmt::format("backup {} of namespace {} is {}: {} objects of {} kinds in {}\n",
                  backup.id.text(), backup.provenance.ns,
                  !backup.complete() ? "INCOMPLETE" : (backup.partial() ? "partial" : "complete"),
                  backup.objects.size(), kinds, store.directory_of(backup.id).string());
  if (!gaps.empty()) text += "\n" + gaps.text();
  return text;
}

void warn(const Backup& backup, cli::Terminal& terminal) {
  for (const auto& warning : backup.warnings) terminal.warn(warning);
  for (const auto& group : backup.dead_groups) {
    terminal.warn(fmt::format("API group {} does not answer{}: {}", group.group_version,
                              group.derived_only ? " (it holds nothing that a backup would)" : "",
                              group.message));
  }
}

ExitCode run(const Selection& selection, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const auto kubectl = cli::connect(runtime, globals);
  kubectl.open_proxy();
  Backup backup = collect(kubectl, selection, BackupId(runtime.clock.now()));
  backup.provenance.git_sha =
      os::read_git_facts(globals.root, runtime.environment, runtime.runner).sha;
  backup.provenance.tool_version = cli::version();
  const BackupStore store = backups_of(globals.root);
  backup.id = store.publish(
      [&](const BackupId& id) {
        backup.id = id;
        return files_of(backup);
      },
      runtime.clock, runtime.runner);
  warn(backup, runtime.terminal);
  cli::print_result(runtime, globals, "CreateReport",
                    {{"id", backup.id.text()},
                     {"path", store.directory_of(backup.id).string()},
                     {"namespace", backup.provenance.ns},
                     {"complete", backup.complete()},
                     {"partial", backup.partial()},
                     {"objects", backup.objects.size()},
                     {"coverage", to_json(backup.coverage)},
                     {"deadGroups", to_json(backup.dead_groups)},
                     {"warnings", backup.warnings}},
                    text_of(backup, store));
  return backup.complete() ? ExitCode::ok : ExitCode::incomplete;
}

}  // namespace

cli::CommandSpec create_command() {
  return {"create",
          "Back up the namespace",
          "Write every object of the namespace into a file of its own under "
          "audit_artifacts/cluster_backup/<time>/, with an index, a README and SHA256SUMS. The "
          "directory appears whole or not at all. Secrets are never read, and what controllers "
          "derive from other objects (pods, ReplicaSets, events...) is left out. "
          "A kind that cannot be read makes the backup incomplete: it is written, marked so "
          "everywhere, and the exit code is 4.",
          "  # The daily backup\n  kubectl drbackup create -n trading-floor\n\n"
          "  # Two kinds only, and no heartbeat\n  kubectl drbackup create --kinds=deploy,cm "
          "--exclude='cm/agenttrader-heartbeat-*'",
          [](CLI::App& app) -> cli::Action {
            auto selection = std::make_shared<Selection>();
            app.add_option("--kinds", selection->kinds,
                           "Only these kinds: the backup is partial, and does not count as one of "
                           "the namespace")
                ->type_name("KIND,...")
                ->delimiter(',');
            app.add_option("--exclude", selection->exclude,
                           "Leave out a kind, or the objects whose name matches")
                ->type_name("KIND[/GLOB],...")
                ->delimiter(',');
            return [selection](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*selection, runtime, globals);
            };
          },
          {},
          {{"--kinds", complete_kinds}, {"--exclude", complete_excluded}}};
}

}  // namespace dr::backup
