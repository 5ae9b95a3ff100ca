#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <set>

#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "common/registry/protect.hpp"
#include "plugins/arsnap/cmd_support.hpp"
#include "plugins/arsnap/commands.hpp"

namespace dr::arsnap {
namespace {

using registry::TagAction;
using registry::TagStep;
using registry::Verdict;

struct ProtectOptions {
  cli::LkgSource source;
  bool dry_run = false;
};

// What the steps were about, and the images that no tag of ours can be on.
struct Protection {
  std::vector<TagStep> steps;
  std::vector<registry::LkgImage> elsewhere;
  bool dry_run = false;

  bool done(const TagStep& step) const {
    return step.carries_tag || (dry_run && step.action != TagAction::none);
  }
};

constexpr std::string_view k_limits =
    "A tag does not keep an image from a cleanup policy that deletes tagged images, unless a keep "
    "policy matches the tag prefix lkg- (see `kubectl arsnap forecast`), nor from a person who "
    "deletes the image with its tags, its package or the repository.\n";

std::string state_of(const TagStep& step, const Protection& protection) {
  if (protection.dry_run && step.action != TagAction::none) {
    return fmt::format("would {}", name_of(step.action));
  }
  if (!step.carries_tag) return "not tagged";
  switch (step.action) {
    case TagAction::create:
      return "created";
    case TagAction::move:
      return "moved";
    case TagAction::none:
      break;
  }
  return "there already";
}

std::string text_of(const Protection& protection) {
  cli::Table table({"IMAGE", "TAG", "STATE", "REASON"});
  std::set<std::string> steps;
  std::string notes;
  for (const auto& step : protection.steps) {
    table.add({step.image.text(), step.tag, state_of(step, protection), step.reason});
    steps.insert(step.next_step);
    if (step.may_be_part) {
      notes += fmt::format(
          "note: {} had no tag and is of one platform: when it is part of an "
          "index, tag that too\n",
          step.image.text());
    }
  }
  for (const auto& image : protection.elsewhere) {
    table.add({image.reference, "", "not tagged", registry::not_searched(image).reason});
  }
  return table.text() + notes + lines_of_steps(steps) + std::string(k_limits);
}

Json json_of(const Protection& protection) {
  Json list = Json::array();
  for (const auto& step : protection.steps) {
    Json entry = {{"reference", step.image.text()},   {"tag", step.tag},
                  {"verdict", name_of(step.verdict)}, {"action", name_of(step.action)},
                  {"tagged", step.carries_tag},       {"mayBePartOfIndex", step.may_be_part}};
    if (!step.reason.empty()) entry["reason"] = step.reason;
    if (!step.next_step.empty()) entry["nextStep"] = step.next_step;
    list.push_back(std::move(entry));
  }
  for (const auto& image : protection.elsewhere) {
    list.push_back({{"reference", image.reference},
                    {"verdict", name_of(Verdict::unknown)},
                    {"action", name_of(TagAction::none)},
                    {"tagged", false},
                    {"reason", registry::not_searched(image).reason}});
  }
  return list;
}

ExitCode code_of(const Protection& protection) {
  ExitCode code = protection.elsewhere.empty() ? ExitCode::ok : ExitCode::incomplete;
  for (const auto& step : protection.steps) {
    if (protection.done(step)) continue;
    const bool gone = step.verdict == Verdict::missing;
    code = worse(code, gone ? ExitCode::failed : ExitCode::incomplete);
  }
  return code;
}

ExitCode run(const ProtectOptions& options, cli::Runtime& runtime,
             const cli::GlobalOptions& globals) {
  const auto lkg = read_lkg(options.source, runtime, globals);
  const auto gcloud = cli::make_gcloud(runtime, globals);
  const auto images = registry::images_of(lkg);
  const auto in_registry = registry::registry_images_of(images);
  Protection protection;
  protection.dry_run = options.dry_run;
  protection.steps = plan_tags(in_registry, registry::search_live(in_registry, gcloud));
  if (!options.dry_run) protection.steps = apply_tags(std::move(protection.steps), gcloud);
  for (const auto& image : images) {
    if (!image.registry) protection.elsewhere.push_back(image);
  }
  cli::print_result(runtime, globals, "ProtectReport",
                    {{"lkg", lkg.id},
                     {"namespace", lkg.ns},
                     {"dryRun", options.dry_run},
                     {"images", json_of(protection)}},
                    text_of(protection));
  return code_of(protection);
}

}  // namespace

cli::CommandSpec protect_command() {
  return {"protect", "Tag each image of an LKG in the registry",
          "Put a tag lkg-<12 digits of the digest> on each image of the LKG, so that a cleanup of "
          "untagged images leaves it alone and a keep policy can match it. Writes only the tags "
          "that are missing, and removes none. Exit code 1: an image is missing; 4: one could not "
          "be tagged. Contacts no cluster.",
          "  # What would it write?\n  kubectl arsnap protect --dry-run\n\n"
          "  # Tag the images of the current LKG\n  kubectl arsnap protect",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<ProtectOptions>();
            cli::add_lkg_source(app, options->source);
            app.add_flag("--dry-run", options->dry_run, "Write nothing, say what would be written");
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          }};
}

}  // namespace dr::arsnap
