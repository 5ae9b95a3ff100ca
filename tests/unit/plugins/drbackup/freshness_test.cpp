#include "plugins/drbackup/freshness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/common/backup/backup_builder.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::backup {
namespace {

using namespace dr::test;
using testing::StartsWith;

constexpr Millis k_day = std::chrono::hours(24);

class FreshnessTest : public testing::Test {
 protected:
  void add(Backup backup) { m_store.adopt(backup.id, files_of(backup)); }
  void add_incomplete(const std::string& id) {
    Backup backup = small_backup(id);
    backup.dead_groups = {{"shop.example.com/v1", "down", false}};
    add(backup);
  }
  void damage(const std::string& id) {
    std::ofstream(m_store.directory_of(backup_id(id)) / "cm__a.yaml", std::ios::app) << "#";
  }
  Freshness at(const std::string& now, const std::string& ns = "trading-floor") const {
    return freshness(m_store, ns, *parse_timestamp_id(now), k_day);
  }

  TempDir m_dir;
  BackupStore m_store = backups_of(m_dir.path());
};

TEST_F(FreshnessTest, NoBackupIsAFailure) {
  EXPECT_EQ(at("20260102T000000Z").code, ExitCode::failed);
}

TEST_F(FreshnessTest, TheLimitIsIncluded) {
  add(small_backup("20260102T000000Z"));
  EXPECT_EQ(at("20260103T000000Z").code, ExitCode::ok);
  EXPECT_EQ(at("20260103T000001Z").code, ExitCode::failed);
}

TEST_F(FreshnessTest, TheHigherDangerWins) {
  add(small_backup("20260102T000000Z"));
  add_incomplete("20260102T010000Z");
  EXPECT_EQ(at("20260102T020000Z").code, ExitCode::incomplete);
  EXPECT_EQ(at("20260202T020000Z").code, ExitCode::incomplete);
  EXPECT_EQ(at("20260102T020000Z").newest_complete->id.text(), "20260102T000000Z");
  damage("20260102T010000Z");
  const auto found = at("20260202T020000Z");
  EXPECT_EQ(found.code, ExitCode::integrity);
  EXPECT_THAT(found.verdict, StartsWith("DAMAGED: TOO OLD: "));
}

TEST_F(FreshnessTest, APartialBackupDoesNotCount) {
  add(small_backup("20260102T000000Z"));
  Backup partial = small_backup("20260103T000000Z");
  partial.selection.kinds = {"cm", "deploy", "wd"};
  add(partial);
  EXPECT_EQ(at("20260103T000001Z").code, ExitCode::failed);
}

TEST_F(FreshnessTest, ABackupOfAnotherNamespaceDoesNotCount) {
  add(small_backup("20260102T000000Z"));
  EXPECT_EQ(at("20260102T010000Z", "another").code, ExitCode::failed);
  EXPECT_EQ(at("20260102T010000Z", "").code, ExitCode::ok);
}

}  // namespace
}  // namespace dr::backup
