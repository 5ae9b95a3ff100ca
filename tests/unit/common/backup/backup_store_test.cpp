#include "common/backup/backup_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/os/atomic_file.hpp"
#include "tests/unit/common/backup/backup_builder.hpp"
#include "tests/unit/support/corruption.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::backup {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;

class BackupStoreTest : public testing::Test {
 protected:
  BackupStoreTest() {
    m_runner.on_sleep = [this](Millis duration) { m_clock.advance(duration); };
  }

  BackupId publish(Backup backup = small_backup()) {
    return m_store.publish(
        [&](const BackupId& id) {
          backup.id = id;
          return files_of(backup);
        },
        m_clock, m_runner);
  }

  void overwrite(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  TempDir m_dir;
  BackupStore m_store = backups_of(m_dir.path());
  FakeClock m_clock;
  FakeProcessRunner m_runner;
};

TEST_F(BackupStoreTest, LoadsWhatWasPublished) {
  const BackupId id = publish();
  EXPECT_EQ(m_store.load(id).objects, small_backup().objects);
  EXPECT_EQ(m_store.check(id).state, State::complete);
}

TEST_F(BackupStoreTest, TwoInOneSecondGetDifferentSortedIds) {
  const BackupId first = publish();
  const BackupId second = publish();
  EXPECT_LT(first.text(), second.text());
  EXPECT_THAT(m_store.ids(), ElementsAre(first, second));
}

TEST_F(BackupStoreTest, StatesAreTold) {
  Backup backup = small_backup();
  backup.coverage[1].outcome = Outcome::forbidden;
  backup.coverage[1].count = 0;
  backup.objects.erase(backup.objects.begin() + 2);
  EXPECT_EQ(m_store.check(publish(backup)).state, State::incomplete);
  backup = small_backup();
  backup.selection.kinds = {"cm", "deploy", "wd"};
  EXPECT_EQ(m_store.check(publish(backup)).state, State::partial);
}

// One object only: each flip reads the whole backup.
Backup tiny_backup() {
  Backup backup = small_backup();
  backup.coverage.resize(1);
  backup.coverage[0].count = 1;
  backup.objects.resize(1);
  return backup;
}

class BackupStoreFile : public BackupStoreTest, public testing::WithParamInterface<std::string> {};

TEST_P(BackupStoreFile, EverySingleBitFlipAndEveryTruncationIsDetected) {
  const BackupId id = publish(tiny_backup());
  const auto file = m_store.directory_of(id) / GetParam();
  each_flip_and_cut(file, [&](const std::string& what) {
    const Entry entry = m_store.check(id);
    ASSERT_EQ(entry.state, State::damaged) << what;
    if (what.starts_with("cut")) {
      ASSERT_THAT(entry.damage, testing::AnyOf(HasSubstr(GetParam()), HasSubstr("SHA256SUMS")));
    }
  });
  EXPECT_EQ(m_store.check(id).state, State::complete);
}

INSTANTIATE_TEST_SUITE_P(Files, BackupStoreFile,
                         testing::Values("README.md", "backup.json", "cm__a.yaml", "SHA256SUMS"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::erase_if(name, [](char c) { return c == '.' || c == '_'; });
                           return name;
                         });

TEST_F(BackupStoreTest, DamageNamesTheFile) {
  const BackupId id = publish();
  overwrite(m_store.directory_of(id) / "cm__a.yaml", "kind: ConfigMap\n");
  EXPECT_THAT(m_store.check(id).damage, HasSubstr("cm__a.yaml"));
  try {
    m_store.load(id);
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::integrity);
    EXPECT_THAT(error.what(), HasSubstr(id.text()));
  }
}

TEST_F(BackupStoreTest, OnlyWhatIsNamedLikeABackupIsLookedAt) {
  const BackupId id = publish();
  std::filesystem::create_directories(m_store.directory() / "notes");
  std::filesystem::create_directories(m_store.directory() / ".20260101T000000Z.partial-1");
  EXPECT_THAT(m_store.ids(), ElementsAre(id));
}

TEST_F(BackupStoreTest, AFailedPublishLeavesNothing) {
  const BackupId id = publish();
  EXPECT_THROW(
      m_store.publish(
          [](const BackupId&) -> std::map<std::string, std::string> { return {{"bad/name", "x"}}; },
          m_clock, m_runner),
      Error);
  EXPECT_THAT(m_store.ids(), ElementsAre(id));
}

TEST_F(BackupStoreTest, AdoptsOnceAndRefusesAnother) {
  const Backup backup = small_backup();
  m_store.adopt(backup.id, files_of(backup));
  m_store.adopt(backup.id, files_of(backup));
  EXPECT_EQ(m_store.load(backup.id).objects, backup.objects);
  Backup other = backup;
  other.objects[0]["data"]["x"] = "9";
  try {
    m_store.adopt(backup.id, files_of(other));
    FAIL() << "adopted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::integrity);
  }
  EXPECT_EQ(m_store.load(backup.id).objects, backup.objects);
}

TEST_F(BackupStoreTest, RemovesTheNamedOnesOnly) {
  const BackupId first = publish();
  const BackupId second = publish();
  m_store.remove({first});
  EXPECT_THAT(m_store.ids(), ElementsAre(second));
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(m_store.directory()))
    names.push_back(entry.path().filename());
  EXPECT_THAT(names, testing::UnorderedElementsAre(second.text(), ".lock"));
}

TEST_F(BackupStoreTest, AnUnknownIdIsNotDamage) {
  try {
    m_store.check(backup_id("20200101T000000Z"));
    FAIL() << "found";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
  }
}

}  // namespace
}  // namespace dr::backup
