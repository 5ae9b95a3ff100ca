#include "plugins/arsnap/commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "common/os/atomic_file.hpp"
#include "common/registry/inventory.hpp"
#include "tests/unit/common/registry/fake_registry.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::arsnap {
namespace {

namespace fs = std::filesystem;
using namespace dr::test;
using testing::HasSubstr;
using testing::IsEmpty;

// kubectl arsnap on a fake registry, in a root of its own.
class CommandsTest : public testing::Test {
 protected:
  CommandsTest() {
    const fs::path gcloud = m_directory.path() / "gcloud";
    std::ofstream(gcloud) << "#!/bin/sh\n";
    fs::permissions(gcloud, fs::perms::owner_all);
    variables["GCLOUD"] = gcloud.string();
    registry.rows[k_repository.path()] = {make_row("app", '1', {"v1"})};
  }

  ExitCode run(const std::vector<std::string>& args) {
    out.str("");
    err.str("");
    const os::Environment environment(variables);
    cli::Runtime runtime{registry.runner, m_clock, environment, m_terminal};
    return cli::run(args, program(), runtime, m_directory.path());
  }

  void write_lkg(const std::vector<std::pair<std::string, std::string>>& images) {
    const auto lkg = lkg_of(images);
    const fs::path directory = m_directory.path() / "ops/lkg";
    os::write_file(
        directory / "lkg_manifest.yaml",
        data::write_json({{"apiVersion", "v1"}, {"kind", "List"}, {"items", lkg.objects}}));
    os::write_file(directory / "lkg_metadata.json", data::write_json(lkg.metadata));
  }

  Json document() { return data::read_json(out.str(), "the result"); }
  fs::path inventory() const { return registry::inventory_path(m_directory.path()); }

  FakeRegistry registry;
  std::map<std::string, std::string> variables;
  std::ostringstream out;
  std::ostringstream err;

 private:
  TempDir m_directory;
  FakeClock m_clock;
  cli::Terminal m_terminal{out, err, "kubectl arsnap"};
};

// A cron job calls it with these variables, or without any.
TEST_F(CommandsTest, SnapshotTakesTheVariablesOfTheIncumbent) {
  const auto listed_path = [&] { return registry.runner.commands().back().args.at(4); };
  ASSERT_EQ(run({"snapshot"}), ExitCode::ok);
  EXPECT_EQ(listed_path(), "us-east4-docker.pkg.dev/agenttrader-prod/trader-repo");
  variables["PROJECT"] = "other-project";
  variables["REGION"] = "us-east1";
  variables["AR_REPOS"] = "a-repo, b-repo,a-repo";
  ASSERT_EQ(run({"snapshot", "-o", "json"}), ExitCode::ok);
  EXPECT_EQ(listed_path(), "us-east1-docker.pkg.dev/other-project/b-repo");
  EXPECT_EQ(document().at("repositories").size(), 2U);
  variables["LOCATION"] = "us-west1";
  ASSERT_EQ(run({"snapshot"}), ExitCode::ok);
  EXPECT_EQ(listed_path(), "us-west1-docker.pkg.dev/other-project/b-repo");
  ASSERT_EQ(run({"snapshot", "--project=agenttrader-prod", "--location=us-east4", "--repos=c"}),
            ExitCode::ok);
  EXPECT_EQ(listed_path(), "us-east4-docker.pkg.dev/agenttrader-prod/c");
}

TEST_F(CommandsTest, SnapshotRefusesNamesThatAreNone) {
  for (const char* flag : {"--repos=", "--repos=,", "--repos=a,,b", "--repos=../x",
                           "--project=", "--location=us/east"}) {
    EXPECT_EQ(run({"snapshot", flag}), ExitCode::usage) << flag;
  }
  EXPECT_THAT(registry.runner.commands(), IsEmpty());
  EXPECT_FALSE(fs::exists(inventory()));
}

TEST_F(CommandsTest, SnapshotWithAFailureIsWrittenAndIncomplete) {
  const std::string bad = "us-east4-docker.pkg.dev/agenttrader-prod/bad";
  registry.list_errors[bad] = "You do not currently have an active account selected.";
  ASSERT_EQ(run({"snapshot", "--repos=bad,trader-repo"}), ExitCode::incomplete);
  EXPECT_THAT(out.str(), HasSubstr("gcloud auth login"));
  const auto written = registry::read_inventory(inventory());
  EXPECT_EQ(written.images.size(), 1U);
  EXPECT_TRUE(written.errors.contains("bad"));
  ASSERT_EQ(run({"snapshot", "--repos=bad", "-o", "json"}), ExitCode::incomplete);
  EXPECT_THAT(document().at("repositories").at(0).at("nextStep"), HasSubstr("gcloud auth login"));
}

TEST_F(CommandsTest, CheckIsOfflineUnlessTold) {
  write_lkg({{"app", image_of("app", '1').text()}});
  EXPECT_EQ(run({"check"}), ExitCode::failed);
  EXPECT_THAT(err.str(), HasSubstr("kubectl arsnap snapshot"));
  ASSERT_EQ(run({"snapshot"}), ExitCode::ok);
  const auto calls = registry.runner.commands().size();
  variables["GCLOUD"] = "/no/such/gcloud";
  ASSERT_EQ(run({"check"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("1 present, 0 missing, 0 unknown"));
  EXPECT_EQ(registry.runner.commands().size(), calls);
  ASSERT_EQ(run({"check", "--live", "-o", "json"}), ExitCode::ok);
  EXPECT_EQ(document().at("images").at(0).at("source"), "registry");
}

TEST_F(CommandsTest, CheckIsOfTheNamespaceThatIsNamed) {
  write_lkg({{"app", image_of("app", '1').text()}});
  ASSERT_EQ(run({"snapshot"}), ExitCode::ok);
  EXPECT_EQ(run({"check", "-n", "trading-floor"}), ExitCode::ok);
  EXPECT_EQ(run({"check", "-n", "another"}), ExitCode::usage);
}

TEST_F(CommandsTest, ADamagedInventoryIsAnIntegrityError) {
  write_lkg({{"app", image_of("app", '1').text()}});
  os::write_file(inventory(), "{");
  EXPECT_EQ(run({"check"}), ExitCode::integrity);
  EXPECT_EQ(run({"diff", inventory().string(), inventory().string()}), ExitCode::integrity);
}

TEST_F(CommandsTest, DiffTellsDifferencesAndGaps) {
  const std::string kept = (inventory().parent_path() / "kept.json").string();
  ASSERT_EQ(run({"snapshot"}), ExitCode::ok);
  os::write_file(kept, os::read_file(inventory()));
  EXPECT_EQ(run({"diff", kept, inventory().string()}), ExitCode::ok);
  registry.rows[k_repository.path()].push_back(make_row("app", '2'));
  ASSERT_EQ(run({"snapshot"}), ExitCode::ok);
  EXPECT_EQ(run({"diff", kept, inventory().string()}), ExitCode::failed);
  EXPECT_THAT(out.str(), HasSubstr("came"));
  registry.list_errors[k_repository.path()] = "UNAVAILABLE: x";
  ASSERT_EQ(run({"snapshot"}), ExitCode::incomplete);
  EXPECT_EQ(run({"diff", kept, inventory().string()}), ExitCode::incomplete);
  EXPECT_EQ(run({"diff", kept}), ExitCode::usage);
}

TEST_F(CommandsTest, ProtectWritesUnlessItIsADryRun) {
  write_lkg({{"app", image_of("app", '1').text()}});
  ASSERT_EQ(run({"protect", "--dry-run"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("would create"));
  EXPECT_THAT(registry.calls({"artifacts", "tags"}), IsEmpty());
  ASSERT_EQ(run({"protect", "-o", "json"}), ExitCode::ok);
  EXPECT_EQ(document().at("images").at(0).at("tagged"), true);
}

// Ends as the worst of its images.
TEST_F(CommandsTest, ProtectNamesWhatItCannotTag) {
  registry.describe_errors[digest_of('9')] = k_not_found;
  write_lkg({{"gone", image_of("app", '9').text()}});
  EXPECT_EQ(run({"protect"}), ExitCode::failed);
  EXPECT_EQ(run({"protect", "--dry-run"}), ExitCode::failed);
  write_lkg({{"github", "ghcr.io/team/app@" + digest_of('1')}});
  EXPECT_EQ(run({"protect"}), ExitCode::incomplete);
  EXPECT_THAT(out.str(), HasSubstr("ghcr.io is not a repository of Artifact Registry"));
  registry.tag_errors["lkg-111111111111"] = "PERMISSION_DENIED: x";
  write_lkg({{"app", image_of("app", '1').text()}});
  EXPECT_EQ(run({"protect"}), ExitCode::incomplete);
}

TEST_F(CommandsTest, ForecastTellsTheFirstDate) {
  registry.settings["trader-repo"] = {
      {"cleanupPolicies",
       {{"d", {{"id", "d"}, {"action", "DELETE"}, {"condition", {{"olderThan", "25920000s"}}}}}}}};
  write_lkg({{"app", image_of("app", '1').text()}});
  ASSERT_EQ(run({"forecast"}), ExitCode::ok);
  EXPECT_THAT(out.str(),
              HasSubstr("the first image of the LKG may be deleted from 2026-03-28T00:00:00Z on"));
  ASSERT_EQ(run({"forecast", "-o", "json"}), ExitCode::ok);
  EXPECT_EQ(document().at("earliest"), "2026-03-28T00:00:00Z");
}

// --live, protect and forecast must fail by name, not as if nothing were known.
TEST_F(CommandsTest, WithoutGcloudItIsAUsageError) {
  variables.erase("GCLOUD");
  write_lkg({{"app", image_of("app", '1').text()}});
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"snapshot"}, {"check", "--live"}, {"protect"}, {"forecast"}}) {
    EXPECT_EQ(run(args), ExitCode::usage) << args.front();
    EXPECT_THAT(err.str(), HasSubstr("gcloud not found in PATH"));
  }
}

}  // namespace
}  // namespace dr::arsnap
