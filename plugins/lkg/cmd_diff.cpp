#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>

#include "common/base/error.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "common/kube/blame.hpp"
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
  bool blame = false;
};

// --- As a table

// BY, OP, WHEN, SSA KEEPS.
std::vector<std::string> cells_of(const kube::Blame& blame) {
  const std::string kept = blame.apply_keeps ? "yes" : "no";
  if (blame.owners.empty()) {
    return {blame.last_writer ? fmt::format("unknown (last writer: {})", blame.last_writer->manager)
                              : "unknown",
            "-", "-", kept};
  }
  const auto& newest = blame.owners.front();
  const std::size_t others = blame.owners.size() - 1;
  return {
      others == 0 ? newest.manager : fmt::format("{} (and {} more)", newest.manager, others),
      newest.subresource.empty() ? newest.operation : newest.operation + "/" + newest.subresource,
      newest.time, kept};
}

std::string text_of(const std::vector<ObjectDrift>& drifts, const Lkg& lkg, bool blame) {
  std::vector<std::string> headings = {"OBJECT", "DRIFT", "POINTER", "LKG", "LIVE"};
  if (blame) headings.insert(headings.end(), {"BY", "OP", "WHEN", "SSA KEEPS"});
  cli::Table table(headings);
  for (const auto& drift : drifts) {
    const auto blames = blame ? blames_of(drift) : std::vector<kube::Blame>();
    const auto add = [&](std::size_t index, std::vector<std::string> cells) {
      cells.insert(cells.begin(), {drift.key.display(), std::string(name_of(drift.kind))});
      if (blame) std::ranges::move(cells_of(blames.at(index)), std::back_inserter(cells));
      table.add(std::move(cells));
    };
    if (drift.differences.empty()) add(0, {"-", "-", "-"});
    for (std::size_t i = 0; i < drift.differences.size(); ++i) {
      const auto& difference = drift.differences[i];
      add(i, {difference.pointer, cli::shown(difference.left), cli::shown(difference.right)});
    }
  }
  if (table.empty())
    return fmt::format("no difference: {} objects are equal to the LKG\n", lkg.objects.size());
  return table.text();
}

// --- As a document

Json json_of(const kube::FieldManager& manager) {
  Json entry = {{"manager", manager.manager}, {"operation", manager.operation}};
  if (!manager.subresource.empty()) entry["subresource"] = manager.subresource;
  if (!manager.time.empty()) entry["time"] = manager.time;
  return entry;
}

Json json_of(const kube::Blame& blame) {
  Json entry = {{"owners", Json::array()}, {"applyKeeps", blame.apply_keeps}};
  for (const auto& owner : blame.owners) entry["owners"].push_back(json_of(owner));
  if (blame.last_writer) entry["lastWriter"] = json_of(*blame.last_writer);
  return entry;
}

// What the server filled in is told, and counts for nothing.
Json defaulted_of(const std::vector<ObjectDrift>& drifts) {
  Json list = Json::array();
  for (const auto& drift : drifts) {
    for (const auto& one : drift.defaulted)
      list.push_back(
          {{"object", drift.key.display()}, {"pointer", one.pointer}, {"live", *one.right}});
  }
  return list;
}

std::string lines_of(const Json& defaulted) {
  std::string text;
  for (const auto& one : defaulted) {
    text += fmt::format("no drift: {} {} was filled in by the server\n",
                        data::string_at(one, {"object"}), data::string_at(one, {"pointer"}));
  }
  return text;
}

Json json_of(const std::vector<ObjectDrift>& drifts, bool blame) {
  Json list = Json::array();
  for (const auto& drift : drifts) {
    Json entry = {{"kind", drift.key.kind},
                  {"name", drift.key.name},
                  {"drift", name_of(drift.kind)},
                  {"differences", to_json(drift.differences)}};
    const auto blames = blame ? blames_of(drift) : std::vector<kube::Blame>();
    for (std::size_t i = 0; i < blames.size(); ++i) {
      Json& place = drift.differences.empty() ? entry : entry["differences"][i];
      place["blame"] = json_of(blames[i]);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

ExitCode run(const DiffOptions& options, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  if (!options.to.empty()) return diff_kept(options.source, options.to, runtime, globals);
  const Lkg lkg = cli::load_lkg(options.source, runtime, globals);
  const auto kubectl = cli::connect(runtime, globals);
  kubectl.open_proxy();
  lkg.require_namespace(kubectl.target().ns);
  const auto facts = kube::read_cluster_facts(kubectl);
  const Live live = read_live_objects(kubectl, lkg);
  auto drifts = find_drift(lkg, live, allocated_on(lkg, facts.uid));
  const Json defaulted = defaulted_of(drifts);
  std::erase_if(drifts, [&](const ObjectDrift& drift) {
    return drift.kind == DriftKind::same ||
           (options.ignore_extras && drift.kind == DriftKind::extra);
  });
  cli::print_result(runtime, globals, "DiffReport",
                    {{"lkg", lkg.id},
                     {"namespace", lkg.ns},
                     {"objects", lkg.objects.size()},
                     {"drifts", json_of(drifts, options.blame)},
                     {"defaulted", defaulted}},
                    text_of(drifts, lkg, options.blame) + lines_of(defaulted));
  return drifts.empty() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

cli::CommandSpec diff_command() {
  return {"diff", "Compare the live namespace with an LKG",
          "Compare every object of the LKG with its live self, field by field, and name the "
          "objects that are not in the LKG. "
          "Fields that the server or controllers own do not count. With --to, two kept LKGs are "
          "compared, and no cluster is contacted. Exit code 0: no difference; 1: differences.\n\n"
          "--blame adds the field manager, its operation and the time of its last write, as the "
          "server keeps them (metadata.managedFields). SSA KEEPS: a forced `kubectl apply "
          "--server-side` of the LKG would leave the field there; a restore does not. Nobody can "
          "be named for what is missing, so that is \"unknown\", with the last writer of the "
          "object where there is one.",
          "  # What has drifted?\n  kubectl lkg diff -n trading-floor\n\n"
          "  # Who did it, and when?\n  kubectl lkg diff -n trading-floor --blame\n\n"
          "  # For a script\n  kubectl lkg diff -n trading-floor -o json\n\n"
          "  # What has changed between two releases?\n"
          "  kubectl lkg diff --from 20260102T030405Z-0a1b2c3d --to 20260109T030405Z-4e5f6a7b",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<DiffOptions>();
            cli::add_lkg_source(app, options->source);
            auto* ignore = app.add_flag("--ignore-extras", options->ignore_extras,
                                        "Do not count objects that are not in the LKG");
            auto* blame =
                app.add_flag("--blame", options->blame,
                             "Name the field manager behind each difference, and when it wrote");
            app.add_option("--to", options->to,
                           "Id of a kept LKG to compare with, instead of the live namespace")
                ->type_name("LKG")
                ->excludes(ignore)
                ->excludes(blame);
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          }};
}

}  // namespace dr::lkg
