#include "plugins/lkg/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/os/atomic_file.hpp"
#include "plugins/lkg/lkg_diff.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::lkg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HistoryTest : public testing::Test {
 protected:
  // More than a capture would keep.
  std::vector<LkgId> publish(int count) {
    std::vector<LkgId> ids;
    for (int i = 0; i < count; ++i) {
      m_clock.advance(std::chrono::hours(1));
      ids.push_back(m_store.publish(
          test::lkg_files(test::small_floor()).manifest,
          [&](const LkgId& id) {
            return test::lkg_files(test::small_floor(),
                                   Json::object({{"note", "nr " + std::to_string(i)}}), id.time())
                .metadata;
          },
          1000, m_clock, m_runner));
    }
    return ids;
  }
  void damage(const LkgId& id) const {
    os::write_file(m_store.directory() / "history" / id.text() / k_manifest_name, "{}");
  }

  test::TempDir m_root;
  test::FakeClock m_clock;
  test::FakeProcessRunner m_runner;
  LkgStore m_store{m_root.path()};
};

TEST_F(HistoryTest, ListsTheNewestFirstAndShowsDamage) {
  const auto ids = publish(3);
  damage(ids[1]);
  const History history = read_history(m_store);
  ASSERT_EQ(history.kept.size(), 3U);
  EXPECT_EQ(history.kept[0].id, ids[2]);
  EXPECT_TRUE(history.kept[0].current);
  EXPECT_EQ(history.kept[0].note, "nr 2");
  EXPECT_EQ(history.kept[0].objects, 3U);
  EXPECT_NE(history.kept[1].damage, "");
  EXPECT_FALSE(history.kept[2].current);
}

TEST_F(HistoryTest, PruningKeepsTheNewestIntactOnesAndEveryDamagedOne) {
  const auto ids = publish(6);
  damage(ids[0]);
  damage(ids[4]);
  EXPECT_THAT(superfluous(read_history(m_store), 3), ElementsAre(ids[1]));
  EXPECT_THAT(superfluous(read_history(m_store), 4), IsEmpty());
  m_store.remove({ids[1]});
  EXPECT_EQ(m_store.history().size(), 5U);
}

// Version control may have brought an old one back.
// So that nothing is kept for it, nor lost for it.
TEST_F(HistoryTest, AnOlderOnePutBackIsNotTheCurrentOne) {
  const auto ids = publish(3);
  const auto directory = m_store.directory();
  for (const auto name : {k_manifest_name, k_metadata_name, std::string_view("SHA256SUMS")}) {
    std::filesystem::copy_file(directory / "history" / ids[0].text() / name, directory / name,
                               std::filesystem::copy_options::overwrite_existing);
  }
  const History history = read_history(m_store);
  EXPECT_TRUE(history.kept[0].current);
  EXPECT_EQ(history.kept[0].id.text(), ids[2].text());
  EXPECT_THAT(superfluous(history, 1), ElementsAre(ids[1], ids[0]));
}

TEST_F(HistoryTest, ADamagedCurrentOneIsSaid) {
  publish(2);
  os::write_file(m_store.directory() / k_manifest_name, "{}");
  const History history = read_history(m_store);
  EXPECT_NE(history.current_damage, "");
  EXPECT_FALSE(history.kept[0].current);
}

TEST(LkgDiff, TellsWhatWasAddedRemovedAndChanged) {
  const Lkg from = test::make_lkg({test::make_namespace(), test::make_switch(),
                                   test::make_config_map("gone", "a", "b"),
                                   test::make_config_map("settings", "level", "info"),
                                   test::make_config_map("agenttrader-heartbeat-x", "t", "1")});
  const Lkg to = test::make_lkg({test::make_namespace(), test::make_switch(),
                                 test::make_config_map("new", "a", "b"),
                                 test::make_config_map("settings", "level", "debug"),
                                 test::make_config_map("agenttrader-heartbeat-x", "t", "2")});
  std::vector<std::string> found;
  for (const auto& drift : compare_lkgs(from, to)) {
    if (drift.kind == DriftKind::same) continue;
    found.push_back(drift.key.name + " " + std::string(name_of(drift.kind)));
    if (drift.kind != DriftKind::changed) continue;
    EXPECT_EQ(drift.differences.front().pointer, "/data/level");
    EXPECT_EQ(drift.differences.front().left, "info");
  }
  EXPECT_THAT(found,
              testing::UnorderedElementsAre("gone missing", "settings changed", "new extra"));
}

}  // namespace
}  // namespace dr::lkg
