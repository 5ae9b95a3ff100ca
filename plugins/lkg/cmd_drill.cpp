#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/cli/verb.hpp"
#include "common/lkg/ledger.hpp"
#include "common/os/identity.hpp"
#include "common/os/sha256.hpp"
#include "plugins/lkg/cmd_support.hpp"
#include "plugins/lkg/commands.hpp"
#include "plugins/lkg/drill/drill.hpp"

namespace dr::lkg {
namespace {

struct DrillFlags {
  cli::LkgSource source;
  std::string timeout = "5m";
  std::string prefix = "lkg-drill-";
  bool admission_only = false;
};

constexpr std::size_t k_longest_name = 63;  // of a namespace, which is a DNS label

// Names a drill and its namespace, which nobody else may have.
std::string make_id(const os::Clock& clock) {
  const auto ticks = clock.steady().time_since_epoch().count();
  const std::string run = fmt::format("{} {} {}", os::host_name(), os::process_id(), ticks);
  std::string id = timestamp_id(clock.now()) + "-" + os::sha256_hex(run).substr(0, 8);
  std::transform(id.begin(), id.end(), id.begin(), [](unsigned char c) { return std::tolower(c); });
  return id;
}

std::string namespace_name(const std::string& prefix, const std::string& id) {
  const std::string name = prefix + id;
  const bool is_label = !prefix.empty() && prefix.front() != '-' &&
                        std::all_of(prefix.begin(), prefix.end(), [](char c) {
                          return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                        });
  if (!is_label || name.size() > k_longest_name) {
    throw Error(ExitCode::usage,
                fmt::format("--namespace-prefix: \"{}\" begins no name of a namespace", prefix),
                fmt::format("use at most {} of a-z, 0-9 and -", k_longest_name - id.size()));
  }
  return name;
}

// --- The result

Json changes_json(const std::vector<DrillChange>& changes) {
  Json rows = Json::array();
  for (const auto& change : changes) {
    rows.push_back(
        {{"object", change.object}, {"pointer", change.pointer}, {"reason", change.reason}});
  }
  return rows;
}

Json workloads_json(const DrillResult& result) {
  Json rows = Json::array();
  for (const auto& one : result.restore.workloads) {
    const auto ready = result.ready_after.find(one.workload);
    rows.push_back({{"workload", one.workload},
                    {"settled", one.state.settled},
                    {"ready", one.state.ready},
                    {"wanted", one.state.wanted},
                    {"reason", one.failure.empty() ? one.state.reason : one.failure},
                    {"readyAfterMs", nullptr}});
    if (ready != result.ready_after.end()) rows.back()["readyAfterMs"] = ready->second.count();
  }
  return rows;
}

Json phases_json(const RestoreResult& restore) {
  Json rows = Json::array();
  for (const auto& [phase, took] : restore.phases)
    rows.push_back({{"phase", phase}, {"ms", took.count()}});
  return rows;
}

Json json_of(const DrillCopy& rehearsal, const DrillResult& result) {
  const auto& restore = result.restore;
  Json document = {{"lkg", restore.lkg_id},
                   {"namespace", rehearsal.lkg.ns},
                   {"started", rfc3339(restore.started)},
                   {"phase", restore.phase},
                   {"exitCode", static_cast<int>(restore.code)},
                   {"error", restore.error},
                   {"nextStep", restore.next_step},
                   {"haltedAt", restore.halted_at},
                   {"removed", result.removed},
                   {"verifiedAfterMs", nullptr},
                   {"phases", phases_json(restore)},
                   {"workloads", workloads_json(result)},
                   {"changes", changes_json(rehearsal.changes)},
                   {"secrets", Json::array()},
                   {"warnings", restore.warnings}};
  for (const auto& secret : rehearsal.secrets)
    document["secrets"].push_back(data::string_at(secret, {"metadata", "name"}));
  if (const auto time = time_to_verified(restore)) document["verifiedAfterMs"] = time->count();
  return document;
}

// One line for each reason, with the objects that it is about.
std::string changes_text(const std::vector<DrillChange>& changes) {
  std::map<std::pair<bool, std::string>, std::vector<std::string>> by_reason;
  for (const auto& change : changes) {
    auto& objects = by_reason[{change.pointer.empty(), change.reason}];
    if (objects.empty() || objects.back() != change.object) objects.push_back(change.object);
  }
  std::string text;
  for (const auto& [reason, objects] : by_reason) {
    text += fmt::format("{}: {} ({})\n", reason.first ? "left out" : "changed", first_of(objects),
                        reason.second);
  }
  return text;
}

std::string text_of(const DrillCopy& rehearsal, const DrillResult& result) {
  const auto& restore = result.restore;
  std::string text = changes_text(rehearsal.changes);
  for (const auto& one : restore.workloads) {
    const auto ready = result.ready_after.find(one.workload);
    const bool came_up = ready != result.ready_after.end() && one.failure.empty();
    text += came_up ? fmt::format("{}: rolled out after {}\n", one.workload,
                                  format_duration(ready->second))
                    : fmt::format("{}: would NOT come up: {}\n", one.workload,
                                  one.failure.empty() ? one.state.reason : one.failure);
  }
  const auto time = time_to_verified(restore);
  text += time ? fmt::format("LKG {} was restored and verified in {}\n", restore.lkg_id,
                             format_duration(*time))
               : fmt::format("LKG {} was NOT restored: stopped in phase {}\n", restore.lkg_id,
                             restore.phase);
  return text +
         fmt::format("namespace {} {}\n", rehearsal.lkg.ns, result.removed ? "is gone" : "STAYS");
}

// --- The run

ExitCode run(const DrillFlags& flags, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  RestoreOptions options;
  options.timeout = cli::duration_flag("--timeout", flags.timeout);
  options.soak = Millis(0);
  const std::string id = make_id(runtime.clock);
  cli::GlobalOptions elsewhere = globals;
  elsewhere.connection.ns = namespace_name(flags.prefix, id);
  const Lkg lkg = cli::load_lkg(flags.source, runtime, globals);
  if (!globals.connection.ns.empty()) lkg.require_namespace(globals.connection.ns);
  cli::LiveProgress live(runtime);
  cli::TickingRunner ticking(runtime.runner, live);
  cli::Runtime shown{ticking, runtime.clock, runtime.environment, runtime.terminal};
  const auto kubectl = cli::connect(shown, elsewhere);
  options.holder = {kubectl.target().user.empty() ? "unknown" : kubectl.target().user,
                    os::host_name(), os::process_id()};
  const auto rehearsal = rehearse(lkg, elsewhere.connection.ns, id,
                                  flags.admission_only ? DrillPods::none : DrillPods::one);
  options.record = [&](std::string_view event, const Json& members) {
    show_step(event, members, options.timeout, live);
  };
  const DrillResult result = drill(rehearsal, options, kubectl, runtime.clock,
                                   [&](std::string_view line) { show_line(line, live); });
  add_to_ledger(k_ledger_drill, result.restore, lkg.ns, runtime, globals);
  cli::print_result(runtime, globals, "DrillReport", json_of(rehearsal, result),
                    text_of(rehearsal, result));
  if (result.restore.code != ExitCode::ok)
    throw Error(result.restore.code, result.restore.error, result.restore.next_step);
  return ExitCode::ok;
}

}  // namespace

cli::CommandSpec drill_command() {
  return {
      "drill", "Rehearse a restore in a throw-away namespace, and measure it",
      "Restore the LKG into a namespace of its own, as a restore would: trading halted first and "
      "proven, wave by wave, every rollout awaited, every object compared. Then remove that "
      "namespace again, whatever happened, an interruption included. The floor is neither read nor "
      "written.\n\n"
      "The copy can do no harm: all its traffic is denied first, each workload has one replica "
      "(none with --admission-only), volumes are empty directories, Secrets have the keys that are "
      "named and empty values, and what would run by the clock, lead in from outside or act in the "
      "cloud is left out. The result names all of it. What would not have come up is named, too; "
      "the time goes to the ledger, as that of a drill.\n\n"
      "It needs the rights to create and delete namespaces. Exit code: that of the rehearsed "
      "restore; 4 when the namespace could not be removed.",
      "  # Would the LKG come up, and how long would it take?\n"
      "  kubectl lkg drill -n trading-floor\n\n"
      "  # Start no pod: would the API server take it all?\n"
      "  kubectl lkg drill -n trading-floor --admission-only",
      [](CLI::App& app) -> cli::Action {
        auto flags = std::make_shared<DrillFlags>();
        cli::add_lkg_source(app, flags->source);
        app.add_option("--timeout", flags->timeout, "One deadline for all rollouts")
            ->type_name("DURATION")
            ->capture_default_str();
        app.add_option("--namespace-prefix", flags->prefix,
                       "What the name of the throw-away namespace begins with")
            ->type_name("PREFIX")
            ->capture_default_str();
        app.add_flag("--admission-only", flags->admission_only,
                     "Start no pod: replicas 0, and DaemonSets fit no node");
        return [flags](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
          return run(*flags, runtime, globals);
        };
      }};
}

}  // namespace dr::lkg
