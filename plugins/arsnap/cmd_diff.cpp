#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/base/text.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "common/registry/inventory.hpp"
#include "plugins/arsnap/cmd_support.hpp"
#include "plugins/arsnap/commands.hpp"
#include "plugins/arsnap/inventory_diff.hpp"

namespace dr::arsnap {
namespace {

struct DiffFiles {
  std::string before;
  std::string after;
};

bool is_of_image(Change change) {
  return change == Change::came || change == Change::went;
}

std::string name_of_image(const std::string& image) {
  return image.substr(0, image.find('@'));
}

std::string digest_of(const std::string& image) {
  return image.substr(image.find('@') + 1);
}

std::string detail_of(const InventoryChange& change) {
  if (is_of_image(change.change)) return change.tags.empty() ? "" : join(change.tags, ",");
  if (change.change != Change::tag_moved) return digest_of(change.image);
  return fmt::format("{} -> {}", digest_of(change.old_image), digest_of(change.image));
}

std::string text_of(const InventoryDiff& diff) {
  cli::Table table({"CHANGE", "IMAGE", "DETAIL"});
  for (const auto& change : diff.changes) {
    const std::string image =
        is_of_image(change.change) ? change.image : name_of_image(change.image) + ":" + change.tag;
    table.add({std::string(name_of(change.change)), image, detail_of(change)});
  }
  std::string text = table.empty() ? "no difference in what was compared\n" : table.text();
  for (const auto& reason : diff.not_compared) text += "not compared: " + reason + "\n";
  return text;
}

Json json_of(const std::vector<InventoryChange>& changes) {
  Json list = Json::array();
  for (const auto& change : changes) {
    Json entry = {{"change", name_of(change.change)},
                  {"image", name_of_image(change.image)},
                  {"digest", digest_of(change.image)}};
    if (is_of_image(change.change)) {
      entry["tags"] = change.tags;
    } else {
      entry["tag"] = change.tag;
    }
    if (change.change == Change::tag_moved) entry["oldDigest"] = digest_of(change.old_image);
    list.push_back(std::move(entry));
  }
  return list;
}

ExitCode run(const DiffFiles& files, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const auto before = registry::read_inventory(files.before);
  const auto after = registry::read_inventory(files.after);
  const auto diff = compare(before, after);
  cli::print_result(runtime, globals, "InventoryDiff",
                    {{"old", rfc3339(before.time)},
                     {"new", rfc3339(after.time)},
                     {"changes", json_of(diff.changes)},
                     {"notCompared", diff.not_compared}},
                    text_of(diff));
  const ExitCode code = diff.changes.empty() ? ExitCode::ok : ExitCode::failed;
  return diff.not_compared.empty() ? code : worse(code, ExitCode::incomplete);
}

}  // namespace

cli::CommandSpec diff_command() {
  return {
      "diff", "Compare two inventories",
      "List the digests that came and went between two inventories, and the tags that were "
      "added, removed or moved. A repository that is not whole in both is named and not "
      "compared. Exit code 0: no difference; 1: differences; 4: not everything was compared.",
      "  # What has changed since the inventory that was kept?\n"
      "  kubectl arsnap diff kept.json audit_artifacts/artifacts_snapshot.json",
      [](CLI::App& app) -> cli::Action {
        auto files = std::make_shared<DiffFiles>();
        app.add_option("OLD", files->before, "The older inventory")->type_name("FILE")->required();
        app.add_option("NEW", files->after, "The newer inventory")->type_name("FILE")->required();
        return [files](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
          return run(*files, runtime, globals);
        };
      }};
}

}  // namespace dr::arsnap
