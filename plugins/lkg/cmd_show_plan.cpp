#include "plugins/lkg/cmd_show_plan.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "common/lkg/ledger.hpp"
#include "plugins/lkg/cmd_support.hpp"
#include "plugins/lkg/restore/addresses.hpp"
#include "plugins/lkg/restore/dry_run.hpp"

namespace dr::lkg {
namespace {

// --- As text

void add_rows(cli::Table& table, const PlannedObject& planned) {
  const std::string wave(kube::name_of(planned.wave));
  const std::string object = planned.drift.key.display();
  const std::string action(name_of(planned.action));
  if (planned.drift.differences.empty()) table.add({wave, object, action, "-", "-", "-"});
  for (const auto& difference : planned.drift.differences) {
    table.add({wave, object, action, difference.pointer, cli::shown(difference.left),
               cli::shown(difference.right)});
  }
}

std::string address_text(const Address& address) {
  const std::string name = address.pointer.substr(std::string_view("/spec/").size());
  if (address.value.is_null()) return name + " new";
  const std::string value = address.value.is_string() ? address.value.get<std::string>()
                                                      : data::write_json(address.value, -1);
  return fmt::format("{} {} {}", name, printable(value), address.outcome);
}

// What a table of pointers does not tell.
std::vector<std::string> notes_of(const PlannedObject& planned, kube::Allocated allocated) {
  std::vector<std::string> notes;
  if (!planned.rolls.empty()) notes.push_back("pods are replaced: " + planned.rolls);
  if (planned.action == Action::hold) notes.emplace_back("suspended until everything is verified");
  for (const auto& difference : planned.immutable)
    notes.push_back(difference.pointer + " cannot be changed by an update");
  if (!planned.objection.empty()) notes.push_back("it is never deleted here: " + planned.objection);
  std::vector<std::string> addresses;
  for (const auto& address : addresses_of(planned, allocated))
    addresses.push_back(address_text(address));
  if (!addresses.empty() && planned.action != Action::same) notes.push_back(join(addresses, ", "));
  return notes;
}

std::string name_of_action(const Plan& plan, const Extra& extra) {
  return plan.deletes(extra) ? "prune" : "extra";
}

std::string fate_of(const Plan& plan, const Extra& extra) {
  if (plan.deletes(extra)) return "deleted when everything else is verified";
  return plan.consent.prune ? "stays: " + extra.stays : "stays";
}

std::string text_of(const Plan& plan, UtcTime now) {
  cli::Table table({"WAVE", "OBJECT", "ACTION", "POINTER", "LKG", "LIVE"});
  std::string notes;
  for (const auto& planned : plan.objects) {
    if (planned.action != Action::same) add_rows(table, planned);
    for (const auto& note : notes_of(planned, plan.allocated))
      notes += fmt::format("{}: {}\n", planned.drift.key.display(), note);
  }
  for (const auto& extra : plan.extras) {
    table.add({"-", extra.key.display(), name_of_action(plan, extra), "-", "-", "-"});
    notes += fmt::format("{}: {}, {}\n", extra.key.display(), origin_text(extra, now),
                         fate_of(plan, extra));
  }
  std::string text = table.empty() ? std::string() : table.text() + "\n";
  if (!notes.empty()) text += notes + "\n";
  return text + plan.summary() + "\nplan hash " + plan.hash + "\n";
}

std::string text_of(const std::vector<Trial>& trials) {
  cli::Table table({"OBJECT", "WRITE", "ANSWER", "REASON"});
  for (const auto& trial : trials) {
    table.add({trial.key.display(), std::string(trial.write), std::string(trial.answer),
               trial.text.empty() ? "-" : trial.text});
  }
  return table.empty() ? "\nnothing to try\n" : "\n" + table.text();
}

// --- As JSON

Json pointers_of(const std::vector<data::Difference>& differences) {
  Json pointers = Json::array();
  for (const auto& difference : differences) pointers.push_back(difference.pointer);
  return pointers;
}

Json json_of(const std::vector<Address>& addresses) {
  Json list = Json::array();
  for (const auto& address : addresses) {
    list.push_back(
        {{"pointer", address.pointer}, {"value", address.value}, {"outcome", address.outcome}});
  }
  return list;
}

Json objects_of(const Plan& plan) {
  Json objects = Json::array();
  for (const auto& planned : plan.objects) {
    objects.push_back({{"kind", planned.drift.key.kind},
                       {"name", planned.drift.key.name},
                       {"wave", kube::name_of(planned.wave)},
                       {"action", name_of(planned.action)},
                       {"rolls", planned.rolls},
                       {"differences", to_json(planned.drift.differences)},
                       {"immutable", pointers_of(planned.immutable)},
                       {"objection", planned.objection},
                       {"addresses", json_of(addresses_of(planned, plan.allocated))}});
  }
  for (const auto& extra : plan.extras) {
    objects.push_back({{"kind", extra.key.kind},
                       {"name", extra.key.name},
                       {"action", name_of_action(plan, extra)},
                       {"owner", extra.owner},
                       {"created", extra.created},
                       {"runsPods", extra.runs_pods},
                       {"stays", extra.stays}});
  }
  return objects;
}

// Those with something to write, in that order.
Json waves_of(const Plan& plan) {
  Json waves = Json::array();
  for (const auto& planned : plan.objects) {
    const auto name = kube::name_of(planned.wave);
    if (planned.action == Action::same || (!waves.empty() && waves.back() == name)) continue;
    waves.push_back(name);
  }
  return waves;
}

Json json_of(const std::vector<Trial>& trials) {
  Json list = Json::array();
  for (const auto& trial : trials) {
    list.push_back({{"kind", trial.key.kind},
                    {"name", trial.key.name},
                    {"write", trial.write},
                    {"answer", trial.answer},
                    {"reason", trial.text}});
  }
  return list;
}

Json json_of(const Consent& consent) {
  return {{"recreate", consent.recreate},
          {"prune", consent.prune},
          {"preserveNodePorts", consent.preserve_node_ports},
          {"allowDifferentCluster", consent.allow_different_cluster},
          {"allowGitops", consent.allow_gitops}};
}

// --- Expected time

// How long such restores took; nothing when there is none on record, or nothing to do.
std::optional<ExpectedTime> expected_time_of(const Plan& plan, cli::Runtime& runtime,
                                             const cli::GlobalOptions& globals) {
  if (plan.is_empty()) return std::nullopt;
  try {
    return expected_time(Ledger(globals.root).entries());
  } catch (const Error& error) {
    runtime.terminal.warn(std::string("the ledger is not used: ") + error.what());
    return std::nullopt;
  }
}

std::string text_of(const std::optional<ExpectedTime>& time) {
  if (!time) return {};
  return fmt::format("expected time {}: median of {} restore{}, the slowest took {}\n",
                     format_duration(time->median), time->restores, time->restores == 1 ? "" : "s",
                     format_duration(time->worst));
}

Json json_of(const std::optional<ExpectedTime>& time) {
  if (!time) return nullptr;
  return {{"restores", time->restores},
          {"medianMs", time->median.count()},
          {"worstMs", time->worst.count()}};
}

void require_accepted(const std::vector<Trial>& trials) {
  const auto failed = std::count_if(trials.begin(), trials.end(),
                                    [](const Trial& trial) { return trial.answer != "accepted"; });
  if (failed == 0) return;
  throw Error(
      ExitCode::incomplete,
      fmt::format("the dry run leaves {} of {} writes refused or unknown", failed, trials.size()),
      "mend the causes that the API server names; a restore would stop at them");
}

}  // namespace

void add_consent(CLI::App& app, Consent& consent) {
  app.add_flag("--recreate", consent.recreate,
               "Delete and create what no update can restore (a selector, an immutable ConfigMap); "
               "pods of it are down meanwhile. Never PersistentVolumeClaims");
  app.add_flag("--prune", consent.prune,
               "Delete what is not in the LKG, when everything else is verified. Never "
               "PersistentVolumeClaims, nor what has an owner");
  app.add_flag("--preserve-nodeports", consent.preserve_node_ports,
               "Ask another cluster for the LKG's node ports too");
  app.add_flag("--allow-gitops", consent.allow_gitops,
               "Restore objects that Argo CD or Flux owns, which may write their own state back");
}

void add_dry_run(CLI::App& app, std::string& mode) {
  app.add_option("--dry-run", mode,
                 "server: send every write of the restore as a dry run, and tell what the API "
                 "server answers; nothing is written, not even the halt")
      ->type_name("none|server")
      ->capture_default_str();
}

bool is_dry_run(const std::string& mode) {
  if (mode == "server") return true;
  if (mode == "none") return false;
  throw Error(ExitCode::usage,
              fmt::format("--dry-run: \"{}\" is none of none, server", printable(mode)));
}

ExitCode show_plan(const Lkg& lkg, const PlanRequest& request, const kube::Kubectl& kubectl,
                   cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  lkg.require_namespace(kubectl.target().ns);
  const Preview preview = preview_restore(lkg, kubectl, request.consent, request.check_images);
  const Plan& plan = preview.plan;
  for (const auto& warning : preview.warnings) runtime.terminal.warn(warning);
  const auto expected = expected_time_of(plan, runtime, globals);
  Json document = {{"lkg", lkg.id},
                   {"namespace", lkg.ns},
                   {"planHash", plan.hash},
                   {"expectedTime", json_of(expected)},
                   {"consent", json_of(plan.consent)},
                   {"warnings", preview.warnings},
                   {"checks", to_json(preview.checks)},
                   {"waves", waves_of(plan)},
                   {"objects", objects_of(plan)}};
  std::string text =
      table_of(preview.checks) + "\n" + text_of(plan, runtime.clock.now()) + text_of(expected);
  std::vector<Trial> trials;
  if (request.try_writes) {
    trials = try_writes(lkg, preview.live, plan, kube::Writer::DryRun(kubectl));
    document["dryRun"] = json_of(trials);
    text += text_of(trials);
  }
  cli::print_result(runtime, globals, "Plan", std::move(document), text);
  require_expected(plan, request.expect_plan);
  refuse_stops(preview.checks);
  require_unblocked(plan);
  require_accepted(trials);
  return ExitCode::ok;
}

}  // namespace dr::lkg
