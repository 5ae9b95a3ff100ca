#include "common/lkg/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/json.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/sha256.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::lkg {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

LedgerEntry entry_of(int minute, Millis verified_after = Millis(40'000)) {
  LedgerEntry entry;
  entry.time = *parse_rfc3339("2026-01-02T03:04:00Z") + std::chrono::minutes(minute);
  entry.kind = k_ledger_restore;
  entry.lkg = "20260102T030405Z-0a1b2c3d";
  entry.ns = "trading-floor";
  entry.cluster_uid = "uid-1";
  entry.restore_id = "20260102T030405Z-11111111";
  entry.phases = {{"identify", Millis(120)}, {"halt", Millis(340)}};
  entry.objects = {{"change", 2}, {"same", 40}};
  entry.changed = 2;
  entry.verified_after = verified_after;
  return entry;
}

class LedgerTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return m_dir.path() / "ops" / "lkg" / "ledger.jsonl"; }
  std::vector<std::string> lines() const { return split(os::read_file(path()), '\n'); }
  void write(const std::vector<std::string>& lines) const {
    os::write_file(path(), join(lines, "\n"));
  }
  std::string damage() const {
    try {
      m_ledger.entries();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::integrity);
      return error.what();
    }
    return {};
  }

  test::TempDir m_dir;
  Ledger m_ledger{m_dir.path()};
};

TEST_F(LedgerTest, NoLedgerIsAnEmptyOne) {
  EXPECT_THAT(m_ledger.entries(), IsEmpty());
}

TEST_F(LedgerTest, TellsWhatWasWritten) {
  LedgerEntry failed = entry_of(1);
  failed.exit_code = 4;
  failed.verified_after.reset();
  m_ledger.append(entry_of(0));
  m_ledger.append(failed);
  const auto entries = m_ledger.entries();
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].time, entry_of(0).time);
  EXPECT_EQ(entries[0].lkg, entry_of(0).lkg);
  EXPECT_EQ(entries[0].ns, "trading-floor");
  EXPECT_EQ(entries[0].cluster_uid, "uid-1");
  EXPECT_EQ(entries[0].restore_id, entry_of(0).restore_id);
  EXPECT_EQ(entries[0].phases, entry_of(0).phases);
  EXPECT_EQ(entries[0].objects, entry_of(0).objects);
  EXPECT_EQ(entries[0].changed, 2U);
  EXPECT_EQ(entries[0].verified_after, Millis(40'000));
  EXPECT_EQ(entries[1].exit_code, 4);
  EXPECT_EQ(entries[1].verified_after, std::nullopt);
}

TEST_F(LedgerTest, EachLineHasTheSumOfTheOneBefore) {
  // So that sha256sum alone can check it.
  for (int i = 0; i < 3; ++i) m_ledger.append(entry_of(i));
  const auto written = lines();
  EXPECT_EQ(data::string_at(data::read_json(written[0], "line"), {"previous"}), "");
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(data::string_at(data::read_json(written[i], "line"), {"previous"}),
              os::sha256_hex(written[i - 1]));
  }
}

TEST_F(LedgerTest, AnAlteredLineBreaksTheChain) {
  for (int i = 0; i < 3; ++i) m_ledger.append(entry_of(i));
  auto written = lines();
  written[0].replace(written[0].find("\"exitCode\":0"), 12, "\"exitCode\":4");
  write(written);
  EXPECT_THAT(damage(), HasSubstr("line 2 of "));
}

// A chain can be made anew around it; what was never written must not be shown as a time.
TEST_F(LedgerTest, NothingTakesLessThanNoTime) {
  m_ledger.append(entry_of(0, Millis::min()));
  EXPECT_THAT(damage(), HasSubstr("/verifiedAfterMs: is negative"));
}

TEST_F(LedgerTest, AMissingAndAMovedLineBreakTheChain) {
  for (int i = 0; i < 3; ++i) m_ledger.append(entry_of(i));
  const auto written = lines();
  write({written[0], written[2], ""});
  EXPECT_THAT(damage(), HasSubstr("line 2 of "));
  write({written[1], written[2], ""});
  EXPECT_THAT(damage(), HasSubstr("line 1 of "));
  write({written[0], written[2], written[1], ""});
  EXPECT_THAT(damage(), HasSubstr("line 2 of "));
}

TEST_F(LedgerTest, ACutOffLineIsToldAndStays) {
  // Protects against mending that hides damage: what follows is still written.
  m_ledger.append(entry_of(0));
  const std::string text = os::read_file(path());
  os::write_file(path(), text + text.substr(0, 40));
  EXPECT_THAT(damage(), HasSubstr("line 2 of " + path().string() + " is cut off"));
  m_ledger.append(entry_of(1));
  EXPECT_THAT(lines(), SizeIs(4));
  EXPECT_THAT(damage(), HasSubstr("line 2 of "));
}

TEST_F(LedgerTest, TwoWritersLoseNoLine) {
  // Protects one chain from two namespaces that are restored at the same time.
  const auto append_ten = [&] {
    for (int i = 0; i < 10; ++i) m_ledger.append(entry_of(i));
  };
  std::thread other(append_ten);
  append_ten();
  other.join();
  EXPECT_THAT(m_ledger.entries(), SizeIs(20));
}

TEST_F(LedgerTest, AFailureNamesThePath) {
  os::write_file(m_dir.path() / "ops", "a file");
  EXPECT_THROW(m_ledger.append(entry_of(0)), Error);
}

TEST(ExpectedTime, IsOfRestoresThatHadSomethingToDoAndDidIt) {
  LedgerEntry failed = entry_of(0, Millis(1));
  failed.exit_code = 4;
  LedgerEntry idle = entry_of(0, Millis(2));
  idle.changed = 0;
  LedgerEntry drill = entry_of(0, Millis(3));
  drill.kind = "drill";
  EXPECT_FALSE(expected_time({}));
  EXPECT_FALSE(expected_time({failed, idle, drill}));
  const auto time = expected_time({entry_of(0, Millis(90)), failed, entry_of(1, Millis(50)), idle,
                                   drill, entry_of(2, Millis(70))});
  ASSERT_TRUE(time);
  EXPECT_EQ(time->restores, 3U);
  EXPECT_EQ(time->median, Millis(70));
  EXPECT_EQ(time->worst, Millis(90));
  EXPECT_EQ(expected_time({entry_of(0, Millis(50)), entry_of(1, Millis(70))})->median, Millis(70));
}

}  // namespace
}  // namespace dr::lkg
