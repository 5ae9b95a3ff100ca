#include <CLI/CLI.hpp>
#include <memory>

#include "common/cli/lkg_source.hpp"
#include "common/cli/verb.hpp"
#include "plugins/lkg/cmd_show_plan.hpp"
#include "plugins/lkg/cmd_support.hpp"
#include "plugins/lkg/commands.hpp"

namespace dr::lkg {
namespace {

struct PlanFlags {
  cli::LkgSource source;
  std::string check_images = "auto";
  std::string dry_run = "none";
  Consent consent;
};

ExitCode run(const PlanFlags& flags, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  PlanRequest request{flags.consent, {}, {}, is_dry_run(flags.dry_run)};
  const Lkg lkg = cli::load_lkg(flags.source, runtime, globals);
  request.check_images = image_check(flags.check_images, lkg, runtime, globals);
  return show_plan(lkg, request, cli::connect(runtime, globals), runtime, globals);
}

}  // namespace

cli::CommandSpec plan_command() {
  return {
      "plan", "Show what a restore would do, without writing anything",
      "Read the namespace and show, object by object and wave by wave, what `restore` would "
      "do: each field that it sets back, which workloads roll and why, which addresses a Service "
      "keeps, what is not in the LKG, and what is in the way of it. Exit code 3: a restore would "
      "refuse. The plan hash can be given to `restore --expect-plan`, which then refuses if the "
      "world "
      "has moved, or if --recreate, --prune, --preserve-nodeports, --allow-gitops or "
      "--allow-different-cluster are others.",
      "  # What would a restore do?\n  kubectl lkg plan -n trading-floor\n\n"
      "  # Restore exactly what was planned\n"
      "  hash=$(kubectl lkg plan -n trading-floor -o json | jq -r .planHash)\n"
      "  kubectl lkg restore -n trading-floor --expect-plan \"$hash\"\n\n"
      "  # Would admission let it pass?\n"
      "  kubectl lkg plan -n trading-floor --dry-run=server",
      [](CLI::App& app) -> cli::Action {
        auto flags = std::make_shared<PlanFlags>();
        cli::add_lkg_source(app, flags->source);
        app.add_flag("--allow-different-cluster", flags->consent.allow_different_cluster,
                     "Plan for a cluster that is not the LKG's, although workloads run there");
        add_consent(app, flags->consent);
        add_dry_run(app, flags->dry_run);
        add_check_images(app, flags->check_images);
        return [flags](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
          return run(*flags, runtime, globals);
        };
      }};
}

}  // namespace dr::lkg
