#include "plugins/lkg/cmd_diff_kept.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/base/error.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "plugins/lkg/lkg_diff.hpp"

namespace dr::lkg {
namespace {

// Of the second one, seen from the first.
std::string_view change_of(const ObjectDrift& drift) {
  static constexpr std::array<std::string_view, 4> names = {"same", "changed", "removed", "added"};
  return names.at(static_cast<std::size_t>(drift.kind));
}

std::string name_of_lkg(const Lkg& lkg) {
  return lkg.id.empty() ? "of the incumbent scripts" : lkg.id;
}

std::string text_of(const std::vector<ObjectDrift>& drifts, const Lkg& from, const Lkg& to) {
  cli::Table table({"OBJECT", "CHANGE", "POINTER", name_of_lkg(from), name_of_lkg(to)});
  for (const auto& drift : drifts) {
    const std::string change(change_of(drift));
    if (drift.differences.empty()) table.add({drift.key.display(), change, "-", "-", "-"});
    for (const auto& difference : drift.differences) {
      table.add({drift.key.display(), change, difference.pointer, cli::shown(difference.left),
                 cli::shown(difference.right)});
    }
  }
  if (table.empty())
    return fmt::format("no difference: {} objects are equal\n", from.objects.size());
  return table.text();
}

Json json_of(const std::vector<ObjectDrift>& drifts) {
  Json rows = Json::array();
  for (const auto& drift : drifts) {
    Json differences = Json::array();
    for (const auto& one : drift.differences) {
      Json entry = {{"pointer", one.pointer}};
      if (one.left) entry["from"] = *one.left;
      if (one.right) entry["to"] = *one.right;
      differences.push_back(std::move(entry));
    }
    rows.push_back({{"kind", drift.key.kind},
                    {"name", drift.key.name},
                    {"change", change_of(drift)},
                    {"differences", std::move(differences)}});
  }
  return rows;
}

}  // namespace

ExitCode diff_kept(const cli::LkgSource& from_source, const std::string& to_id,
                   cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const Lkg from = cli::load_lkg(from_source, runtime, globals);
  const Lkg to = cli::load_lkg({to_id, {}, {}, from_source.allowed_signers}, runtime, globals);
  to.require_namespace(from.ns);
  auto drifts = compare_lkgs(from, to);
  std::erase_if(drifts, [](const ObjectDrift& drift) { return drift.kind == DriftKind::same; });
  cli::print_result(
      runtime, globals, "LkgDiff",
      {{"from", from.id}, {"to", to.id}, {"namespace", from.ns}, {"changes", json_of(drifts)}},
      text_of(drifts, from, to));
  return drifts.empty() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace dr::lkg
