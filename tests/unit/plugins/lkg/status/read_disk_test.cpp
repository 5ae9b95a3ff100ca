#include "plugins/lkg/status/read_disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "common/backup/backup_store.hpp"
#include "common/lkg/ledger.hpp"
#include "common/lkg/lkg_store.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/sealed_dir.hpp"
#include "common/registry/inventory.hpp"
#include "tests/unit/common/backup/backup_builder.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::lkg {
namespace {

using testing::HasSubstr;

class ReadDisk : public testing::Test {
 protected:
  LkgId publish(const std::vector<Json>& objects = test::small_floor()) {
    m_clock.advance(std::chrono::seconds(1));
    return LkgStore(root()).publish(
        test::lkg_files(objects).manifest,
        [&](const LkgId& id) {
          return test::lkg_files(objects, Json::object(), id.time()).metadata;
        },
        k_default_keep, m_clock, m_runner);
  }
  void seal_backup(
      const std::string& id,
      const std::function<void(backup::Backup&)>& change = [](backup::Backup&) {}) const {
    auto backup = test::small_backup(id);
    change(backup);
    os::SealedDirWriter writer(backup::backups_of(root()).directory_of(backup.id));
    for (const auto& [name, text] : backup::files_of(backup)) writer.add(name, text);
    writer.commit();
  }
  static void make_incomplete(backup::Backup& backup) {
    backup.coverage[2].outcome = backup::Outcome::forbidden;
    backup.coverage[2].count = 0;
    backup.objects.pop_back();
  }
  static LedgerEntry entry_of(std::string_view kind, int exit_code, Millis took) {
    LedgerEntry entry;
    entry.time = test::FakeClock().now();
    entry.kind = kind;
    entry.ns = test::k_floor;
    entry.exit_code = exit_code;
    entry.changed = 2;
    if (exit_code == 0) entry.verified_after = took;
    return entry;
  }
  DiskFacts read() const { return read_disk(root(), test::k_floor, LkgStore(root())); }
  const std::filesystem::path& root() const { return m_root.path(); }

  test::TempDir m_root;
  test::FakeClock m_clock;
  test::FakeProcessRunner m_runner;
};

TEST_F(ReadDisk, OfAnEmptyRepositoryHasNothingAndNoGap) {
  const DiskFacts facts = read();
  EXPECT_EQ(facts.lkg_status.value->state, FileState::absent);
  EXPECT_EQ(facts.images.value->inventory, FileState::absent);
  EXPECT_EQ(facts.backups.value->newest_complete, "");
  EXPECT_FALSE(facts.lkg_status.is_unknown());
}

TEST_F(ReadDisk, LoadsTheCurrentLkg) {
  const LkgId id = publish();
  const DiskFacts facts = read();
  ASSERT_TRUE(facts.lkg);
  EXPECT_EQ(facts.lkg_status.value->id, id.text());
  EXPECT_EQ(facts.lkg_status.value->captured, id.time());
  EXPECT_EQ(facts.lkg_status.value->objects, 3U);
}

// What to restore instead is what is needed then.
TEST_F(ReadDisk, OfADamagedLkgNamesTheNewestIntactOne) {
  const LkgId first = publish();
  const LkgId second = publish({test::make_namespace(), test::make_switch()});
  os::write_file(root() / "ops/lkg" / k_manifest_name, "{}");
  os::write_file(root() / "ops/lkg/history" / second.text() / k_manifest_name, "{}");
  const DiskFacts facts = read();
  EXPECT_FALSE(facts.lkg);
  EXPECT_EQ(facts.lkg_status.value->state, FileState::damaged);
  EXPECT_EQ(facts.lkg_status.value->intact_in_history, first.text());
}

TEST_F(ReadDisk, OfAnotherNamespaceGivesNothingToCompareWith) {
  publish();
  const DiskFacts facts = read_disk(root(), "another", LkgStore(root()));
  EXPECT_FALSE(facts.lkg);
  EXPECT_EQ(facts.lkg_status.value->ns, test::k_floor);
}

TEST_F(ReadDisk, TakesTheNewestCompleteBackupOfTheNamespace) {
  seal_backup("20260101T000000Z");
  seal_backup("20260102T000000Z");
  seal_backup("20260103T000000Z",
              [](backup::Backup& backup) { backup.selection.kinds = {"ConfigMap"}; });
  seal_backup("20260104T000000Z", [](backup::Backup& backup) {
    backup.provenance.ns = "another";
    backup.objects.clear();
    for (auto& coverage : backup.coverage) coverage.count = 0;
  });
  EXPECT_EQ(read().backups.value->newest_complete, "20260102T000000Z");
  EXPECT_EQ(read().backups.value->newer, "");
}

TEST_F(ReadDisk, SaysWhatIsWrongWithANewerBackup) {
  seal_backup("20260101T000000Z");
  seal_backup("20260102T000000Z", make_incomplete);
  EXPECT_EQ(read().backups.value->newer, "20260102T000000Z is incomplete");
  EXPECT_FALSE(read().backups.value->damaged);
  seal_backup("20260103T000000Z");
  os::write_file(root() / "audit_artifacts/cluster_backup/20260103T000000Z/backup.json", "{}");
  EXPECT_THAT(read().backups.value->newer, HasSubstr("20260103T000000Z is damaged"));
  EXPECT_TRUE(read().backups.value->damaged);
  EXPECT_EQ(read().backups.value->newest_complete, "20260101T000000Z");
}

TEST_F(ReadDisk, TellsHowLongRestoresTookAndHowTheLastDrillWent) {
  EXPECT_EQ(read().restores.value->ledger, FileState::absent);
  const Ledger ledger(root());
  ledger.append(entry_of(k_ledger_restore, 0, Millis(40'000)));
  ledger.append(entry_of(k_ledger_drill, 0, Millis(30'000)));
  ledger.append(entry_of(k_ledger_drill, 4, Millis(0)));
  ledger.append(entry_of(k_ledger_restore, 0, Millis(60'000)));
  const auto restores = *read().restores.value;
  EXPECT_EQ(restores.ledger, FileState::intact);
  EXPECT_EQ(restores.expected->restores, 2U);
  EXPECT_EQ(restores.expected->worst, Millis(60'000));
  EXPECT_EQ(restores.last_drill->exit_code, 4);
  EXPECT_EQ(restores.last_drill->verified_after, std::nullopt);
}

// Times that somebody altered are not quoted.
TEST_F(ReadDisk, ADamagedLedgerTellsNoTime) {
  const Ledger ledger(root());
  ledger.append(entry_of(k_ledger_restore, 0, Millis(40'000)));
  os::write_file(root() / "ops/lkg/ledger.jsonl", "{}\n");
  const auto restores = *read().restores.value;
  EXPECT_EQ(restores.ledger, FileState::damaged);
  EXPECT_THAT(restores.damage, HasSubstr("line 1 of "));
  EXPECT_FALSE(restores.expected);
}

TEST_F(ReadDisk, ADamagedInventoryIsNoAbsentOne) {
  std::filesystem::create_directories(root() / "audit_artifacts");
  os::write_file(registry::inventory_path(root()), "{");
  EXPECT_EQ(read().images.value->inventory, FileState::damaged);
}

}  // namespace
}  // namespace dr::lkg
