#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/backup/backup_store.hpp"
#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/cli/verb.hpp"
#include "common/lkg/ledger.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/git.hpp"
#include "common/os/identity.hpp"
#include "plugins/lkg/cmd_show_plan.hpp"
#include "plugins/lkg/cmd_support.hpp"
#include "plugins/lkg/commands.hpp"
#include "plugins/lkg/health_report.hpp"
#include "plugins/lkg/journal.hpp"

namespace dr::lkg {
namespace {

struct RestoreFlags {
  cli::LkgSource source;
  std::string timeout = "5m";
  std::string soak = "30s";
  std::string check_images = "auto";
  std::string dry_run = "none";
  bool no_report = false;
  RestoreOptions options;
};

constexpr std::size_t k_report_events = 20;

std::string halt_at_end(const RestoreResult& result) {
  return result.halted_at_end.value_or(false) ? "\"1\"" : "UNKNOWN";
}

std::string text_of(const RestoreResult& result, UtcTime now) {
  std::string text;
  if (has_stops(result.checks)) text += table_of(result.checks);
  for (const auto& change : result.changed) text += change + "\n";
  text += fmt::format("kill switch: halted {}, at the end {}\n",
                      result.halted_at.empty() ? "never" : result.halted_at, halt_at_end(result));
  for (const auto& extra : result.extras)
    text += fmt::format("not in the LKG: {}, {}\n", extra.key.display(), origin_text(extra, now));
  for (const auto& name : result.suspended_cron_jobs)
    text += fmt::format("still suspended: CronJob/{}\n", name);
  text += result.code == ExitCode::ok
              ? fmt::format(
                    "namespace restored to LKG {}: {} objects written, all equal, rolled out and "
                    "halted\n",
                    result.lkg_id, result.changed.size())
              : fmt::format("NOT restored: stopped in phase {}\n", result.phase);
  return text;
}

Json json_of(const RestoreResult& result, const std::string& ns) {
  Json workloads = Json::array();
  for (const auto& one : result.workloads) {
    workloads.push_back({{"workload", one.workload},
                         {"settled", one.state.settled},
                         {"ready", one.state.ready},
                         {"wanted", one.state.wanted},
                         {"reason", one.failure.empty() ? one.state.reason : one.failure}});
  }
  Json extras = Json::array();
  for (const auto& extra : result.extras) extras.push_back(extra.key.display());
  Json differences = Json::array();
  for (const auto& drift : result.differences) {
    for (const auto& difference : drift.differences) {
      differences.push_back({{"object", drift.key.display()}, {"pointer", difference.pointer}});
    }
    if (drift.differences.empty())
      differences.push_back({{"object", drift.key.display()}, {"pointer", ""}});
  }
  Json document = {{"lkg", result.lkg_id},
                   {"namespace", ns},
                   {"restoreId", result.restore_id},
                   {"phase", result.phase},
                   {"exitCode", static_cast<int>(result.code)},
                   {"error", result.error},
                   {"nextStep", result.next_step},
                   {"started", rfc3339(result.started)},
                   {"differences", std::move(differences)},
                   {"haltedAt", result.halted_at},
                   {"haltedAtEnd", nullptr},
                   {"planHash", result.plan_hash},
                   {"evidence", result.evidence},
                   {"journal", result.journal},
                   {"verifiedAfterMs", nullptr},
                   {"actions", result.actions},
                   {"changed", result.changed},
                   {"warnings", result.warnings},
                   {"checks", to_json(result.checks)},
                   {"workloads", std::move(workloads)},
                   {"proofs", to_json(result.proofs)},
                   {"extras", std::move(extras)},
                   {"suspendedCronJobs", result.suspended_cron_jobs}};
  if (result.halted_at_end) document["haltedAtEnd"] = *result.halted_at_end;
  if (const auto time = time_to_verified(result)) document["verifiedAfterMs"] = time->count();
  return document;
}

// --- What a restore leaves on disk

KeepEvidence keeper_of_evidence(cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  return [&runtime, &globals](backup::Backup evidence) {
    evidence.provenance.git_sha =
        os::read_git_facts(globals.root, runtime.environment, runtime.runner).sha;
    evidence.provenance.tool_version = cli::version();
    const auto store = backup::evidence_of(globals.root);
    const auto id = store.publish(
        [&](const backup::BackupId& given) {
          evidence.id = given;
          return backup::files_of(evidence);
        },
        runtime.clock, runtime.runner);
    return store.directory_of(id).string();
  };
}

void begin_journal(Journal& journal, const Lkg& lkg, const kube::Kubectl& kubectl,
                   const kube::LockHolder& holder, const cli::GlobalOptions& globals) {
  const auto& target = kubectl.target();
  journal.open(globals.root / "deploy_logs");
  journal.add("start", {{"lkg", lkg.id},
                        {"namespace", target.ns},
                        {"context", target.context},
                        {"server", target.server},
                        {"user", holder.user},
                        {"host", holder.host},
                        {"process", holder.process},
                        {"version", cli::version()}});
}

void end_journal(Journal& journal, const RestoreResult& result, ExitCode code) {
  Json members = {{"restoreId", result.restore_id},
                  {"phase", result.phase},
                  {"exitCode", static_cast<int>(code)},
                  {"error", result.error},
                  {"nextStep", result.next_step},
                  {"warnings", result.warnings},
                  {"haltedAtEnd", nullptr}};
  if (result.halted_at_end) members["haltedAtEnd"] = *result.halted_at_end;
  journal.add("end", std::move(members));
}

// The report never changes the verdict of a restore that failed, and fails one that did not only by
// its own error.
void write_report(const RestoreResult& result, const kube::Kubectl& kubectl, cli::Runtime& runtime,
                  const cli::GlobalOptions& globals) {
  const auto git = os::read_git_facts(globals.root, runtime.environment, runtime.runner);
  const auto facts = gather_health(kubectl, git, runtime.clock.now(), k_report_events);
  const auto path = globals.root / "deploy_logs" / "health_report.md";
  os::write_file(path, health_markdown(facts, &result));
  runtime.terminal.info("health report: " + path.string());
}

ExitCode run(const RestoreFlags& flags, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  RestoreOptions options = flags.options;
  options.timeout = cli::duration_flag("--timeout", flags.timeout);
  options.soak = cli::duration_flag("--soak", flags.soak);
  const Lkg lkg = cli::load_lkg(flags.source, runtime, globals);
  Journal journal(runtime.clock, [&](const std::string& line) { runtime.terminal.warn(line); });
  cli::LiveProgress live(runtime);
  cli::TickingRunner ticking(runtime.runner, live);
  JournaledRunner runner(ticking, journal);
  cli::Runtime journaled{runner, runtime.clock, runtime.environment, runtime.terminal};
  options.check_images = image_check(flags.check_images, lkg, journaled, globals);
  const auto kubectl = cli::connect(journaled, globals);
  if (is_dry_run(flags.dry_run)) {
    const PlanRequest request{options, options.check_images, options.expect_plan, true};
    return show_plan(lkg, request, kubectl, runtime, globals);
  }
  options.holder = {kubectl.target().user.empty() ? "unknown" : kubectl.target().user,
                    os::host_name(), os::process_id()};
  options.keep_evidence = keeper_of_evidence(journaled, globals);
  options.record = [&](std::string_view event, Json members) {
    show_step(event, members, options.timeout, live);
    journal.add(event, std::move(members));
  };
  begin_journal(journal, lkg, kubectl, options.holder, globals);
  const auto progress = [&](std::string_view line) {
    show_line(line, live);
    journal.add("progress", {{"text", printable(trimmed(line))}});
  };
  RestoreResult result = restore(lkg, options, kubectl, runtime.clock, progress);
  result.journal = journal.path().string();
  add_to_ledger(k_ledger_restore, result, lkg.ns, runtime, globals);

  std::string report_error;
  if (!flags.no_report) {
    try {
      write_report(result, kubectl, journaled, globals);
    } catch (const Error& error) {
      report_error = std::string("failed to write the health report: ") + error.what();
    } catch (const Interrupted&) {
      report_error = "interrupted while the health report was written";
    }
  }
  if (!report_error.empty()) runtime.terminal.warn(report_error);
  const bool is_whole = result.code != ExitCode::ok || report_error.empty();
  end_journal(journal, result, is_whole ? result.code : ExitCode::incomplete);
  cli::print_result(runtime, globals, "RestoreReport", json_of(result, lkg.ns),
                    text_of(result, runtime.clock.now()));
  if (result.code != ExitCode::ok) throw Error(result.code, result.error, result.next_step);
  if (!report_error.empty())
    throw Error(ExitCode::incomplete, report_error,
                "the namespace itself is restored and verified");
  return ExitCode::ok;
}

}  // namespace

cli::CommandSpec restore_command() {
  return {
      "restore", "Bring the namespace back to an LKG, with trading halted all along",
      "Halt trading and read the switch back before anything else is written; then make every "
      "object of the LKG what it was, "
      "wave by wave; wait for all rollouts under one deadline; prove every pod that takes the "
      "switch halted; and compare every "
      "object with the LKG. What others added is removed. Objects that are not in the LKG are "
      "listed and stay, unless --prune says otherwise. CronJobs are "
      "suspended until everything is verified.\n\n"
      "A field that no update can change is refused, unless --recreate says otherwise. "
      "--dry-run=server halts nothing and writes nothing: it shows the plan, and what the API "
      "server answers to each write of it but the halt. It cannot look into a namespace that is "
      "not there, and no dry run starts a pod.\n\n"
      "Whatever happens, an interruption included, the switch is written and read back once more "
      "before the command ends. What a restore is about to change is kept first, with the pods and "
      "the warning events, in audit_artifacts/pre_restore/<time>/; each step is written to "
      "deploy_logs/restore-<time>.jsonl. A "
      "restore may be run again at any time: what is right already is not touched.",
      "  # Restore the current LKG\n  kubectl lkg restore -n trading-floor\n\n"
      "  # Restore a kept one, and give slow workloads ten minutes\n"
      "  kubectl lkg restore -n trading-floor --from 20260102T030405Z-0a1b2c3d --timeout 10m",
      [](CLI::App& app) -> cli::Action {
        auto flags = std::make_shared<RestoreFlags>();
        cli::add_lkg_source(app, flags->source);
        app.add_option("--timeout", flags->timeout, "One deadline for all rollouts")
            ->type_name("DURATION")
            ->capture_default_str();
        app.add_option("--soak", flags->soak,
                       "How long the workloads must stay healthy after a change")
            ->type_name("DURATION")
            ->capture_default_str();
        app.add_option("--expect-plan", flags->options.expect_plan,
                       "Refuse when the plan has another hash")
            ->type_name("HASH");
        app.add_flag("--allow-different-cluster", flags->options.allow_different_cluster,
                     "Restore onto a cluster that is not the LKG's, although workloads run there");
        add_consent(app, flags->options);
        add_dry_run(app, flags->dry_run);
        add_check_images(app, flags->check_images);
        app.add_flag("--require-evidence", flags->options.require_evidence,
                     "Write nothing but the halt when what would be changed cannot be kept first");
        app.add_flag("--no-report", flags->no_report, "Do not write deploy_logs/health_report.md");
        return [flags](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
          return run(*flags, runtime, globals);
        };
      }};
}

}  // namespace dr::lkg
