#include "plugins/lkg/status/read_disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/lkg/lkg_store.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/sealed_dir.hpp"
#include "common/registry/inventory.hpp"
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
  void seal_backup(const std::string& id, bool complete, bool partial = false,
                   const std::string& ns = test::k_floor) const {
    os::SealedDirWriter writer(root() / "audit_artifacts/cluster_backup" / id);
    writer.add("backup.json",
               data::write_json({{"namespace", ns}, {"complete", complete}, {"partial", partial}}));
    writer.commit();
  }
  DiskFacts read() const { return read_disk(root(), test::k_floor); }
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
  const DiskFacts facts = read_disk(root(), "another");
  EXPECT_FALSE(facts.lkg);
  EXPECT_EQ(facts.lkg_status.value->ns, test::k_floor);
}

TEST_F(ReadDisk, TakesTheNewestCompleteBackupOfTheNamespace) {
  seal_backup("20260101T000000Z", true);
  seal_backup("20260102T000000Z", true);
  seal_backup("20260103T000000Z", true, true);
  seal_backup("20260104T000000Z", true, false, "another");
  EXPECT_EQ(read().backups.value->newest_complete, "20260102T000000Z");
  EXPECT_EQ(read().backups.value->newer, "");
}

TEST_F(ReadDisk, SaysWhatIsWrongWithANewerBackup) {
  seal_backup("20260101T000000Z", true);
  seal_backup("20260102T000000Z", false);
  EXPECT_EQ(read().backups.value->newer, "20260102T000000Z is incomplete");
  EXPECT_FALSE(read().backups.value->damaged);
  seal_backup("20260103T000000Z", true);
  os::write_file(root() / "audit_artifacts/cluster_backup/20260103T000000Z/backup.json", "{}");
  EXPECT_THAT(read().backups.value->newer, HasSubstr("20260103T000000Z is damaged"));
  EXPECT_TRUE(read().backups.value->damaged);
  EXPECT_EQ(read().backups.value->newest_complete, "20260101T000000Z");
}

TEST_F(ReadDisk, ADamagedInventoryIsNoAbsentOne) {
  std::filesystem::create_directories(root() / "audit_artifacts");
  os::write_file(registry::inventory_path(root()), "{");
  EXPECT_EQ(read().images.value->inventory, FileState::damaged);
}

}  // namespace
}  // namespace dr::lkg
