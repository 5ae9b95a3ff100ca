#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <set>

#include "common/base/text.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "common/registry/check.hpp"
#include "plugins/arsnap/cmd_support.hpp"
#include "plugins/arsnap/commands.hpp"

namespace dr::arsnap {
namespace {

using registry::ImageCheck;
using registry::Verdict;

struct CheckOptions {
  cli::LkgSource source;
  bool live = false;
};

std::vector<std::string> tags_of(const ImageCheck& check) {
  return check.finding.listed ? check.finding.listed->tags() : std::vector<std::string>{};
}

std::string reason_of(const ImageCheck& check) {
  std::string reason = check.finding.reason;
  if (!check.finding.other_names.empty()) {
    reason += "; the same digest is " + join(check.finding.other_names, ", ");
  }
  return reason;
}

std::size_t count(const std::vector<ImageCheck>& checks, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count_if(
      checks, [&](const ImageCheck& check) { return check.finding.verdict == verdict; }));
}

Json json_of(const std::vector<ImageCheck>& checks) {
  Json list = Json::array();
  for (const auto& check : checks) {
    Json entry = {{"component", check.image.component},
                  {"container", check.image.container},
                  {"reference", check.image.reference},
                  {"verdict", name_of(check.finding.verdict)},
                  {"tags", tags_of(check)}};
    if (check.as_of) entry.update({{"source", check.source}, {"asOf", rfc3339(*check.as_of)}});
    if (check.finding.verdict != Verdict::present) {
      entry.update({{"reason", check.finding.reason},
                    {"nextStep", check.finding.next_step},
                    {"otherNames", check.finding.other_names}});
    }
    list.push_back(std::move(entry));
  }
  return list;
}

std::string text_of(const std::vector<ImageCheck>& checks, const std::string& source) {
  cli::Table table({"COMPONENT", "CONTAINER", "VERDICT", "TAGS", "IMAGE", "REASON"});
  std::set<std::string> steps;
  for (const auto& check : checks) {
    table.add({check.image.component, check.image.container,
               std::string(name_of(check.finding.verdict)), join(tags_of(check), ","),
               check.image.reference, reason_of(check)});
    steps.insert(check.finding.next_step);
  }
  return table.text() +
         fmt::format("{} present, {} missing, {} unknown; looked up in {}\n",
                     count(checks, Verdict::present), count(checks, Verdict::missing),
                     count(checks, Verdict::unknown), source) +
         lines_of_steps(steps);
}

ExitCode run(const CheckOptions& options, cli::Runtime& runtime,
             const cli::GlobalOptions& globals) {
  const auto lkg = read_lkg(options.source, runtime, globals);
  const UtcTime now = runtime.clock.now();
  std::vector<ImageCheck> checks;
  std::string source = "the registry, now";
  if (options.live) {
    checks = registry::check_images_live(lkg, cli::make_gcloud(runtime, globals), now);
  } else {
    const auto path = registry::inventory_path(globals.root);
    const auto inventory = registry::read_inventory(path);
    checks = registry::check_images(lkg, inventory);
    source = fmt::format("{}, {}", path.string(), cli::age_text(inventory.time, now));
  }
  cli::print_result(runtime, globals, "CheckReport",
                    {{"lkg", lkg.id},
                     {"namespace", lkg.ns},
                     {"present", count(checks, Verdict::present)},
                     {"missing", count(checks, Verdict::missing)},
                     {"unknown", count(checks, Verdict::unknown)},
                     {"images", json_of(checks)}},
                    text_of(checks, source));
  return exit_code_of(checks);
}

}  // namespace

cli::CommandSpec check_command() {
  return {"check", "Tell whether every image of an LKG still exists",
          "Look up each image of the LKG, by name and digest, in the inventory that the last "
          "snapshot wrote, or with --live in the registry itself. Missing is only what Artifact "
          "Registry itself said is not there, so the inventory alone gives present or unknown. "
          "Exit code 0: all present; 1: some missing; 4: some unknown. Contacts no cluster.",
          "  # From the inventory, without a network\n  kubectl arsnap check\n\n"
          "  # Ask the registry\n  kubectl arsnap check --live\n\n"
          "  # An LKG of the history\n  kubectl arsnap check --from 20260102T030405Z-0a1b2c3d",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<CheckOptions>();
            cli::add_lkg_source(app, options->source);
            app.add_flag("--live", options->live, "Ask the registry instead of the inventory");
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          }};
}

}  // namespace dr::arsnap
