#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "common/os/atomic_file.hpp"
#include "common/registry/listing.hpp"
#include "plugins/arsnap/cmd_support.hpp"
#include "plugins/arsnap/commands.hpp"

namespace dr::arsnap {
namespace {

struct SnapshotFlags {
  std::optional<std::string> project;
  std::optional<std::string> location;
  std::optional<std::string> repos;
};

// A flag, else the first variable that is set, else the default: those of the incumbent script.
std::string value_of(const std::optional<std::string>& flag,
                     std::initializer_list<std::string_view> variables, const std::string& fallback,
                     const os::Environment& environment) {
  if (flag) return *flag;
  for (const auto variable : variables) {
    if (auto value = environment.get(variable)) return *std::move(value);
  }
  return fallback;
}

std::vector<registry::Repository> repositories_of(const SnapshotFlags& flags,
                                                  const os::Environment& environment) {
  const auto project = value_of(flags.project, {"PROJECT"}, "agenttrader-prod", environment);
  const auto location = value_of(flags.location, {"LOCATION", "REGION"}, "us-east4", environment);
  const auto repos = value_of(flags.repos, {"AR_REPOS"}, "trader-repo", environment);
  std::vector<registry::Repository> repositories;
  for (const auto& name : split(repos, ',')) {
    registry::Repository repository{location, project, std::string(trimmed(name))};
    repository.validate();
    if (std::ranges::find(repositories, repository) == repositories.end()) {
      repositories.push_back(std::move(repository));
    }
  }
  if (repositories.empty()) {
    throw Error(ExitCode::usage, "--repos names no repository", "write it as in trader-repo,other");
  }
  return repositories;
}

struct Row {
  std::string repository;
  std::size_t digests = 0;
  std::size_t untagged = 0;
  std::string error;
  std::string next_step;
};

std::vector<Row> rows_of(const registry::Snapshot& snapshot) {
  const auto& inventory = snapshot.inventory;
  std::vector<Row> rows;
  for (const auto& repo : inventory.repos) {
    Row row{repo, 0, 0, {}, {}};
    for (const auto& image : inventory.images) {
      if (image.row().at("_repo") != repo) continue;
      ++row.digests;
      if (image.tags().empty()) ++row.untagged;
    }
    if (const auto error = inventory.errors.find(repo); error != inventory.errors.end()) {
      row.error = error->second;
      row.next_step = gcloud::next_step_of(snapshot.reasons.at(repo));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Json json_of(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const auto& row : rows) {
    Json entry = {{"name", row.repository}, {"digests", row.digests}, {"untagged", row.untagged}};
    if (!row.error.empty()) entry.update({{"error", row.error}, {"nextStep", row.next_step}});
    list.push_back(std::move(entry));
  }
  return list;
}

std::string text_of(const std::vector<Row>& rows, const std::filesystem::path& path) {
  cli::Table table({"REPOSITORY", "DIGESTS", "UNTAGGED", "STATUS"});
  std::set<std::string> steps;
  std::size_t failed = 0;
  for (const auto& row : rows) {
    if (row.error.empty()) {
      table.add({row.repository, std::to_string(row.digests), std::to_string(row.untagged), "ok"});
      continue;
    }
    table.add({row.repository, "?", "?", "failed: " + row.error});
    steps.insert(row.next_step);
    ++failed;
  }
  const std::string gap =
      failed == 0 ? "" : fmt::format(", without {} of {} repositories", failed, rows.size());
  return table.text() + fmt::format("inventory written to {}{}\n", path.string(), gap) +
         lines_of_steps(steps);
}

ExitCode run(const SnapshotFlags& flags, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const auto repositories = repositories_of(flags, runtime.environment);
  const auto gcloud = cli::make_gcloud(runtime, globals);
  const auto snapshot = registry::take_snapshot(repositories, gcloud, runtime.clock.now());
  const auto path = registry::inventory_path(globals.root);
  os::write_file(path, registry::inventory_text(snapshot.inventory));
  const auto rows = rows_of(snapshot);
  cli::print_result(runtime, globals, "SnapshotReport",
                    {{"path", path.string()},
                     {"timestamp", rfc3339(snapshot.inventory.time)},
                     {"project", snapshot.inventory.project},
                     {"location", snapshot.inventory.location},
                     {"repositories", json_of(rows)}},
                    text_of(rows, path));
  return snapshot.inventory.errors.empty() ? ExitCode::ok : ExitCode::incomplete;
}

}  // namespace

cli::CommandSpec snapshot_command() {
  return {"snapshot", "Write the inventory of Artifact Registry",
          "List every digest of the repositories, with its tags, into "
          "audit_artifacts/artifacts_snapshot.json. A repository that could not be read whole is "
          "named there as an error and has no image in it; exit code 4 then. Contacts no cluster.",
          "  # The repositories of the trading floor\n  kubectl arsnap snapshot\n\n"
          "  # Others\n  kubectl arsnap snapshot --project agenttrader-prod --location us-east4 "
          "\\\n    --repos trader-repo,base-images",
          [](CLI::App& app) -> cli::Action {
            auto flags = std::make_shared<SnapshotFlags>();
            app.add_option("--project", flags->project,
                           "Project; default: $PROJECT, else agenttrader-prod")
                ->type_name("ID");
            app.add_option("--location", flags->location,
                           "Location; default: $LOCATION, $REGION, else us-east4")
                ->type_name("NAME");
            app.add_option("--repos", flags->repos,
                           "Repositories, with commas; default: $AR_REPOS, else trader-repo")
                ->type_name("LIST");
            return [flags](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*flags, runtime, globals);
            };
          }};
}

}  // namespace dr::arsnap
