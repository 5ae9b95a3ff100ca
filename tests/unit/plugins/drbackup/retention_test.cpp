#include "plugins/drbackup/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace dr::backup {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSubsetOf;

Candidate candidate(const std::string& id, State state = State::complete,
                    const std::string& ns = "trading-floor") {
  return {BackupId::parse(id).value(), state, ns};
}

// "<id>: keep|remove (reason, reason)", oldest first.
std::vector<std::string> decided(std::vector<Candidate> candidates, const RetentionPolicy& policy) {
  std::vector<std::string> lines;
  for (const auto& decision : decide_retention(std::move(candidates), policy)) {
    std::string line = decision.backup.id.text() + (decision.keep ? ": keep" : ": remove");
    for (const std::string& reason : decision.reasons) line += ", " + reason;
    lines.push_back(line);
  }
  return lines;
}

TEST(DecideRetention, HasNothingToSayOfAnEmptyStore) {
  EXPECT_THAT(decided({}, {.keep_last = 3}), IsEmpty());
}

TEST(DecideRetention, KeepsTheLast) {
  EXPECT_THAT(decided({candidate("20261122T010000Z"), candidate("20261123T010000Z"),
                       candidate("20261124T010000Z")},
                      {.keep_last = 2}),
              ElementsAre("20261122T010000Z: remove, no rule keeps it",
                          "20261123T010000Z: keep, last 2 of 2",
                          "20261124T010000Z: keep, newest complete, last 1 of 2"));
}

TEST(DecideRetention, KeepsTheNewestOfADay) {
  EXPECT_THAT(decided({candidate("20261123T010000Z"), candidate("20261123T235959Z"),
                       candidate("20261124T000000Z")},
                      {.keep_daily = 2}),
              ElementsAre("20261123T010000Z: remove, no rule keeps it",
                          "20261123T235959Z: keep, daily 2026-11-23",
                          "20261124T000000Z: keep, newest complete, daily 2026-11-24"));
}

// Days without a backup do not use up the number: a month of outage must not empty the store.
TEST(DecideRetention, CountsOnlyPeriodsThatHaveABackup) {
  EXPECT_THAT(
      decided({candidate("20250101T010000Z"), candidate("20260101T010000Z")}, {.keep_daily = 2}),
      ElementsAre("20250101T010000Z: keep, daily 2025-01-01",
                  "20260101T010000Z: keep, newest complete, daily 2026-01-01"));
}

// 2026 has 53 ISO weeks: the first days of 2027 are in the last week of 2026.
TEST(DecideRetention, WeeksAreIsoWeeks) {
  EXPECT_THAT(decided({candidate("20251228T120000Z"), candidate("20251229T120000Z"),
                       candidate("20261231T120000Z"), candidate("20270103T120000Z"),
                       candidate("20270104T120000Z")},
                      {.keep_weekly = 9}),
              ElementsAre("20251228T120000Z: keep, weekly 2025-W52",
                          "20251229T120000Z: keep, weekly 2026-W01",
                          "20261231T120000Z: remove, no rule keeps it",
                          "20270103T120000Z: keep, weekly 2026-W53",
                          "20270104T120000Z: keep, newest complete, weekly 2027-W01"));
}

TEST(DecideRetention, OneBackupMayStandForSeveralRules) {
  EXPECT_THAT(
      decided({candidate("20261124T010000Z")},
              {.keep_last = 1, .keep_daily = 1, .keep_weekly = 1, .keep_monthly = 1}),
      ElementsAre("20261124T010000Z: keep, newest complete, last 1 of 1, daily 2026-11-24, weekly "
                  "2026-W48, monthly 2026-11"));
}

TEST(DecideRetention, KeepsTheNewestCompleteWhateverTheRules) {
  EXPECT_THAT(decided({candidate("20250101T010000Z"), candidate("20261124T010000Z", State::partial),
                       candidate("20261124T020000Z", State::incomplete)},
                      {.keep_last = 1}),
              ElementsAre("20250101T010000Z: keep, newest complete",
                          "20261124T010000Z: remove, no rule keeps it",
                          "20261124T020000Z: keep, last 1 of 1"));
}

TEST(DecideRetention, ACompleteOneStandsForADayBeforeANewerPartOfOne) {
  EXPECT_THAT(decided({candidate("20261123T010000Z", State::incomplete),
                       candidate("20261123T020000Z", State::partial), candidate("20261124T010000Z"),
                       candidate("20261124T020000Z", State::incomplete)},
                      {.keep_daily = 2}),
              ElementsAre("20261123T010000Z: remove, no rule keeps it",
                          "20261123T020000Z: keep, daily 2026-11-23",
                          "20261124T010000Z: keep, newest complete, daily 2026-11-24",
                          "20261124T020000Z: remove, no rule keeps it"));
}

// Someone must look at it; and it must not push an intact one out.
TEST(DecideRetention, ADamagedOneStaysAndCountsForNothing) {
  EXPECT_THAT(
      decided({candidate("20261123T010000Z"), candidate("20261124T010000Z", State::damaged)},
              {.keep_last = 1, .keep_daily = 1}),
      ElementsAre("20261123T010000Z: keep, newest complete, last 1 of 1, daily 2026-11-23",
                  "20261124T010000Z: keep, damaged: look at it, then remove it by hand"));
}

// A root may hold several namespaces: backups of one must not push those of another out.
TEST(DecideRetention, TakesEachNamespaceByItself) {
  EXPECT_THAT(decided({candidate("20261122T010000Z", State::complete, "a"),
                       candidate("20261123T010000Z", State::complete, "a"),
                       candidate("20261124T010000Z", State::complete, "b"),
                       candidate("20261124T020000Z", State::incomplete, "b")},
                      {.keep_last = 1, .keep_daily = 1}),
              ElementsAre("20261122T010000Z: remove, no rule keeps it",
                          "20261123T010000Z: keep, newest complete, last 1 of 1, daily 2026-11-23",
                          "20261124T010000Z: keep, newest complete, daily 2026-11-24",
                          "20261124T020000Z: keep, last 1 of 1"));
}

// --- Properties, on stores made at random. The seed is fixed, so that a failure comes back.

class RandomStores {
 public:
  std::vector<Candidate> store() {
    std::map<UtcTime, State> backups;
    for (std::size_t count = below(40); count > 0; --count) {
      // Hours of 200 days around a year's end, so that days, weeks and months have several.
      const auto time = UtcTime(std::chrono::sys_days(std::chrono::year(2026) / 10 / 1)) +
                        std::chrono::hours(below(std::size_t{200} * 24));
      backups[time] = static_cast<State>(below(4));
    }
    std::vector<Candidate> candidates;
    for (const auto& [time, state] : backups) {
      candidates.push_back({BackupId(time), state, below(3) == 0 ? "staging" : "trading-floor"});
    }
    return candidates;
  }
  RetentionPolicy policy() { return {below(5), below(10), below(6), below(4)}; }
  void shuffle(std::vector<Candidate>& candidates) {
    std::shuffle(candidates.begin(), candidates.end(), m_random);
  }
  std::size_t below(std::size_t limit) { return m_random() % limit; }

 private:
  std::mt19937 m_random{20261124};
};

std::set<std::string> kept(const std::vector<Candidate>& candidates,
                           const RetentionPolicy& policy) {
  std::set<std::string> ids;
  for (const auto& decision : decide_retention(candidates, policy)) {
    if (decision.keep) ids.insert(decision.backup.id.text());
  }
  return ids;
}

constexpr int k_rounds = 2000;

TEST(DecideRetentionProperty, NeverRemovesTheNewestCompleteNorADamagedOne) {
  RandomStores stores;
  for (int round = 0; round < k_rounds; ++round) {
    const auto candidates = stores.store();
    const auto left = kept(candidates, stores.policy());
    std::map<std::string, std::string> newest;  // by namespace
    for (const Candidate& one : candidates) {
      if (one.state == State::complete) newest[one.ns] = one.id.text();
      if (one.state == State::damaged) {
        ASSERT_TRUE(left.contains(one.id.text())) << round;
      }
    }
    for (const auto& [ns, id] : newest) ASSERT_TRUE(left.contains(id)) << round;
  }
}

TEST(DecideRetentionProperty, DecidesOnceForEachWhateverTheOrder) {
  RandomStores stores;
  for (int round = 0; round < k_rounds; ++round) {
    auto candidates = stores.store();
    const RetentionPolicy policy = stores.policy();
    const auto in_order = decided(candidates, policy);
    ASSERT_EQ(in_order.size(), candidates.size());
    ASSERT_TRUE(std::is_sorted(in_order.begin(), in_order.end())) << round;
    stores.shuffle(candidates);
    ASSERT_EQ(decided(candidates, policy), in_order) << round;
  }
}

TEST(DecideRetentionProperty, AHigherNumberNeverKeepsLess) {
  RandomStores stores;
  for (int round = 0; round < k_rounds; ++round) {
    const auto candidates = stores.store();
    const RetentionPolicy less = stores.policy();
    const RetentionPolicy add = stores.policy();
    const RetentionPolicy more = {less.keep_last + add.keep_last, less.keep_daily + add.keep_daily,
                                  less.keep_weekly + add.keep_weekly,
                                  less.keep_monthly + add.keep_monthly};
    ASSERT_THAT(kept(candidates, less), IsSubsetOf(kept(candidates, more))) << round;
  }
}

// Pruning what was pruned removes nothing: a daily job does not eat the store bit by bit.
TEST(DecideRetentionProperty, PruningAgainChangesNothing) {
  RandomStores stores;
  for (int round = 0; round < k_rounds; ++round) {
    auto candidates = stores.store();
    const RetentionPolicy policy = stores.policy();
    const auto left = kept(candidates, policy);
    std::erase_if(candidates, [&](const Candidate& one) { return !left.contains(one.id.text()); });
    ASSERT_EQ(kept(candidates, policy), left) << round;
  }
}

}  // namespace
}  // namespace dr::backup
