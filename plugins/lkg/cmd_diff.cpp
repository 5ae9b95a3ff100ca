#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "common/base/error.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "common/kube/cluster_facts.hpp"
#include "plugins/lkg/cmd_diff_kept.hpp"
#include "plugins/lkg/cmd_support.hpp"
#include "plugins/lkg/commands.hpp"
#include "plugins/lkg/drift.hpp"

namespace dr::lkg {
namespace {

struct DiffOptions {
  cli::LkgSource source;
  std::string to;
  bool ignore_extras = false;
};

std::string text_of(const std::vector<ObjectDrift>& drifts, const Lkg& lkg) {
  cli::Table table({"OBJECT", "DRIFT", "POINTER", "LKG", "LIVE"});
  for (const auto& drift : drifts) {
    const std::string kind(name_of(drift.kind));
    if (drift.differences.empty()) table.add({drift.key.display(), kind, "-", "-", "-"});
    for (const auto& difference : drift.differences) {
      table.add({drift.key.display(), kind, difference.pointer, cli::shown(difference.left),
                 cli::shown(difference.right)});
    }
  }
  if (table.empty())
    return fmt::format("no difference: {} objects are equal to the LKG\n", lkg.objects.size());
  return table.text();
}

Json json_of(const std::vector<ObjectDrift>& drifts) {
  Json list = Json::array();
  for (const auto& drift : drifts) {
    list.push_back({{"kind", drift.key.kind},
                    {"name", drift.key.name},
                    {"drift", name_of(drift.kind)},
                    {"differences", to_json(drift.differences)}});
  }
  return list;
}

ExitCode run(const DiffOptions& options, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  if (!options.to.empty()) return diff_kept(options.source, options.to, runtime, globals);
  const Lkg lkg = cli::load_lkg(options.source, runtime, globals);
  const auto kubectl = cli::connect(runtime, globals);
  lkg.require_namespace(kubectl.target().ns);
  const auto facts = kube::read_cluster_facts(kubectl);
  const Live live = read_live_objects(kubectl, priority_classes_of(lkg));
  auto drifts = find_drift(lkg, live, allocated_on(lkg, facts.uid));
  std::erase_if(drifts, [&](const ObjectDrift& drift) {
    return drift.kind == DriftKind::same ||
           (options.ignore_extras && drift.kind == DriftKind::extra);
  });
  cli::print_result(runtime, globals, "DiffReport",
                    {{"lkg", lkg.id},
                     {"namespace", lkg.ns},
                     {"objects", lkg.objects.size()},
                     {"drifts", json_of(drifts)}},
                    text_of(drifts, lkg));
  return drifts.empty() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

cli::CommandSpec diff_command() {
  return {"diff", "Compare the live namespace with an LKG",
          "Compare every object of the LKG with its live self, field by field, and name the "
          "objects that are not in the LKG. "
          "Fields that the server or controllers own do not count. With --to, two kept LKGs are "
          "compared, and no cluster is contacted. Exit code 0: no difference; 1: differences.",
          "  # What has drifted?\n  kubectl lkg diff -n trading-floor\n\n"
          "  # For a script\n  kubectl lkg diff -n trading-floor -o json\n\n"
          "  # What has changed between two releases?\n"
          "  kubectl lkg diff --from 20260102T030405Z-0a1b2c3d --to 20260109T030405Z-4e5f6a7b",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<DiffOptions>();
            cli::add_lkg_source(app, options->source);
            auto* ignore = app.add_flag("--ignore-extras", options->ignore_extras,
                                        "Do not count objects that are not in the LKG");
            app.add_option("--to", options->to,
                           "Id of a kept LKG to compare with, instead of the live namespace")
                ->type_name("LKG")
                ->excludes(ignore);
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          }};
}

}  // namespace dr::lkg
