#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/base/error.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "plugins/lkg/cmd_support.hpp"
#include "plugins/lkg/commands.hpp"
#include "plugins/lkg/preview.hpp"

namespace dr::lkg {
namespace {

struct PlanOptions {
  cli::LkgSource source;
  std::string check_images = "auto";
  RestoreOptions restore;
};

std::string detail_of(const PlannedObject& planned) {
  std::string detail = planned.rolls.empty() ? "" : "pods are replaced: " + planned.rolls;
  if (!planned.immutable.empty())
    detail = planned.immutable.front().pointer + " cannot be changed by an update";
  if (planned.action == Action::hold) detail = "suspended until everything is verified";
  if (detail.empty() && !planned.drift.differences.empty()) {
    detail = fmt::format("{} field{}, first {}", planned.drift.differences.size(),
                         planned.drift.differences.size() == 1 ? "" : "s",
                         planned.drift.differences.front().pointer);
  }
  return detail.empty() ? "-" : detail;
}

std::string text_of(const Plan& plan) {
  cli::Table table({"WAVE", "OBJECT", "ACTION", "DETAIL"});
  for (const auto& planned : plan.objects) {
    if (planned.action == Action::same) continue;
    table.add({std::string(kube::name_of(planned.wave)), planned.drift.key.display(),
               std::string(name_of(planned.action)), detail_of(planned)});
  }
  for (const auto& extra : plan.extras)
    table.add({"-", extra.key.display(), "extra", "not in the LKG, stays"});
  std::string text = table.empty() ? std::string() : table.text() + "\n";
  return text + plan.summary() + "\nplan hash " + plan.hash + "\n";
}

Json json_of(const Plan& plan) {
  Json objects = Json::array();
  for (const auto& planned : plan.objects) {
    objects.push_back({{"kind", planned.drift.key.kind},
                       {"name", planned.drift.key.name},
                       {"wave", kube::name_of(planned.wave)},
                       {"action", name_of(planned.action)},
                       {"rolls", planned.rolls},
                       {"differences", to_json(planned.drift.differences)}});
  }
  for (const auto& extra : plan.extras) {
    objects.push_back({{"kind", extra.key.kind}, {"name", extra.key.name}, {"action", "extra"}});
  }
  return objects;
}

ExitCode run(const PlanOptions& options, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const Lkg lkg = cli::load_lkg(options.source, runtime, globals);
  const auto kubectl = cli::connect(runtime, globals);
  lkg.require_namespace(kubectl.target().ns);
  RestoreOptions restore = options.restore;
  restore.check_images = image_check(options.check_images, lkg, runtime, globals);
  const Preview preview = preview_restore(lkg, kubectl, restore);
  for (const auto& warning : preview.warnings) runtime.terminal.warn(warning);
  cli::print_result(runtime, globals, "Plan",
                    {{"lkg", lkg.id},
                     {"namespace", lkg.ns},
                     {"planHash", preview.plan.hash},
                     {"warnings", preview.warnings},
                     {"checks", to_json(preview.checks)},
                     {"objects", json_of(preview.plan)}},
                    table_of(preview.checks) + "\n" + text_of(preview.plan));
  refuse_stops(preview.checks);
  if (preview.plan.count(Action::blocked) == 0) return ExitCode::ok;
  throw Error(ExitCode::refused,
              "a restore would refuse: no update can undo the changes marked blocked",
              "delete those objects by hand when that is safe; a restore then creates them");
}

}  // namespace

cli::CommandSpec plan_command() {
  return {"plan", "Show what a restore would do, without writing anything",
          "Read the namespace and show, object by object and wave by wave, what `restore` would "
          "do, which workloads roll and why, and what is in the way of it. Exit code 3: a restore "
          "would refuse. "
          "The plan hash can be given to `restore --expect-plan`, which then refuses if the world "
          "has moved.",
          "  # What would a restore do?\n  kubectl lkg plan -n trading-floor\n\n"
          "  # Restore exactly what was planned\n"
          "  hash=$(kubectl lkg plan -n trading-floor -o json | jq -r .planHash)\n"
          "  kubectl lkg restore -n trading-floor --expect-plan \"$hash\"",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<PlanOptions>();
            cli::add_lkg_source(app, options->source);
            app.add_flag("--allow-different-cluster", options->restore.allow_different_cluster,
                         "Plan for a cluster that is not the LKG's, although workloads run there");
            add_allow_gitops(app, options->restore.allow_gitops);
            add_check_images(app, options->check_images);
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          }};
}

}  // namespace dr::lkg
