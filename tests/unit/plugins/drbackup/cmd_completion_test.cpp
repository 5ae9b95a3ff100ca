#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "plugins/drbackup/commands.hpp"
#include "tests/unit/common/backup/backup_builder.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/temp_dir.hpp"

// What <TAB> offers for kubectl drbackup; no program is run for it.
namespace dr::backup {
namespace {

using namespace dr::test;

class DrbackupCompletion : public testing::Test {
 protected:
  std::string complete(std::vector<std::string> words) {
    words.insert(words.begin(), "__complete");
    std::ostringstream out;
    std::ostringstream err;
    cli::Terminal terminal{out, err, "kubectl drbackup"};
    const os::Environment environment({});
    cli::Runtime runtime{runner, clock, environment, terminal};
    EXPECT_EQ(cli::run(words, program(), runtime, root.path()), ExitCode::ok);
    EXPECT_EQ(err.str(), "");
    EXPECT_TRUE(runner.commands().empty());
    return out.str();
  }

  void write(const std::filesystem::path& file, const std::string& text = "") const {
    std::filesystem::create_directories((root.path() / file).parent_path());
    std::ofstream(root.path() / file) << text;
  }

  // Completion reads nothing but the index.
  void write_index(const Backup& backup) const {
    write(std::filesystem::path("audit_artifacts/cluster_backup") / backup.id.text() / k_index_name,
          files_of(backup).at(std::string(k_index_name)));
  }

  TempDir root;
  FakeClock clock;
  FakeProcessRunner runner;
};

TEST_F(DrbackupCompletion, KindsAreCompletedByAnyOfTheirNames) {
  EXPECT_EQ(complete({"create", "--kinds", "dep"}), "deployments\tDeployment\n:4\n");
  EXPECT_EQ(complete({"create", "--kinds", "cm"}), "cm\tConfigMap\n:4\n");
  EXPECT_EQ(complete({"create", "--kinds=Confi"}), "ConfigMap\tConfigMap\n:4\n");
  EXPECT_EQ(complete({"create", "--kinds", "secret"}), ":4\n");  // never part of a backup
}

TEST_F(DrbackupCompletion, OfAListTheLastElementIsCompleted) {
  EXPECT_EQ(complete({"create", "--kinds", "cm,dep"}), "cm,deployments\tDeployment\n:4\n");
  EXPECT_EQ(complete({"create", "--exclude", "cm/a*,dep"}), "cm/a*,deployments\n:4\n");
}

TEST_F(DrbackupCompletion, CustomKindsAreThoseOfTheNewestBackup) {
  write_index(small_backup("20260101T030405Z"));
  EXPECT_EQ(complete({"create", "--kinds", "wid"}), "widgets.example.com\tWidget\n:4\n");
  Backup partial = small_backup();
  partial.selection.kinds = {"cm"};
  partial.coverage.resize(1);
  partial.objects.resize(2);
  write_index(partial);
  EXPECT_EQ(complete({"create", "--kinds", "wid"}), ":4\n");
  EXPECT_EQ(complete({"create", "--kinds", "dep"}), "deployments\tDeployment\n:4\n");
}

TEST_F(DrbackupCompletion, ExcludesAKindOrObjectsOfTheNewestBackup) {
  write_index(small_backup());
  EXPECT_EQ(complete({"create", "--exclude", "dep"}), "deployments\ndeployments/\n:4\n");
  EXPECT_EQ(complete({"create", "--exclude", "daem"}), "daemonsets\n:4\n");
  EXPECT_EQ(complete({"create", "--exclude", "cm/"}), "cm/a\ncm/b\n:4\n");
  EXPECT_EQ(complete({"create", "--exclude=ConfigMap/a,deploy/"}), "ConfigMap/a,deploy/web\n:4\n");
}

TEST_F(DrbackupCompletion, ADamagedBackupLeavesTheKindsThatEveryServerHas) {
  write("audit_artifacts/cluster_backup/20260102T030405Z/backup.json", "{");
  EXPECT_EQ(complete({"create", "--exclude", "dep"}), "deployments\n:4\n");
}

TEST_F(DrbackupCompletion, PullsWhatTheDirectoryHolds) {
  const std::string place = (root.path() / "dr").string();
  write("dr/cluster_backup/20260102T020405Z.tar");
  write("dr/cluster_backup/20260101T030405Z.tar");
  write("dr/cluster_backup/notes.txt");
  write("dr/lkg/20260101T030405Z-0a1b2c3d.tar");
  EXPECT_EQ(complete({"pull", "--from", place, ""}),
            "20260102T020405Z\t1h00m old\n20260101T030405Z\t1d00h old\n:4\n");
  EXPECT_EQ(complete({"pull", "--lkg", "--from=" + place, "2026"}),
            "20260101T030405Z-0a1b2c3d\t1d00h old\n:4\n");
  EXPECT_EQ(complete({"pull", "--from", place, "20260101T030405Z", ""}), ":4\n");
  EXPECT_EQ(complete({"pull", "--from", "/nonexistent", ""}), ":4\n");
  EXPECT_EQ(complete({"pull", ""}), ":4\n");
}

// gcloud alone takes longer than somebody waits for a TAB.
TEST_F(DrbackupCompletion, AsksNoCloudWhatIsThere) {
  EXPECT_EQ(complete({"pull", "--from", "gs://agenttrader-dr/prod", ""}), ":4\n");
}

}  // namespace
}  // namespace dr::backup
