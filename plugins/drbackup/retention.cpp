#include "plugins/drbackup/retention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <utility>

namespace dr::backup {
namespace {

using Period = std::string (*)(UtcTime);  // names sort as their times do

std::string day_of(UtcTime time) {
  return rfc3339(time).substr(0, 10);
}

std::string month_of(UtcTime time) {
  return rfc3339(time).substr(0, 7);
}

// ISO 8601: a week belongs to the year of its Thursday.
std::string week_of(UtcTime time) {
  using std::chrono::days;
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::weekday weekday(day);
  const auto thursday = day + days(4) - days(weekday.iso_encoding());
  const auto year = std::chrono::year_month_day(thursday).year();
  const auto new_year = std::chrono::sys_days(year / std::chrono::January / 1);
  return fmt::format("{:04}-W{:02}", static_cast<int>(year), (thursday - new_year).count() / 7 + 1);
}

bool is_damaged(const RetentionDecision& decision) {
  return decision.backup.state == State::damaged;
}

bool is_complete(const RetentionDecision& decision) {
  return decision.backup.state == State::complete;
}

// The intact backups of one namespace, oldest first.
using Group = std::vector<RetentionDecision*>;

void keep_newest_complete(const Group& group) {
  const auto newest =
      std::find_if(group.rbegin(), group.rend(),
                   [](const RetentionDecision* decision) { return is_complete(*decision); });
  if (newest != group.rend()) (*newest)->reasons.emplace_back("newest complete");
}

void keep_last(const Group& group, std::size_t count) {
  std::size_t kept = 0;
  for (auto decision = group.rbegin(); decision != group.rend() && kept < count; ++decision) {
    (*decision)->reasons.push_back(fmt::format("last {} of {}", ++kept, count));
  }
}

void keep_periods(const Group& group, std::string_view name, Period period_of, std::size_t count) {
  std::map<std::string, RetentionDecision*, std::greater<>> best;  // the newest period first
  for (RetentionDecision* decision : group) {
    RetentionDecision*& holder = best[period_of(decision->backup.id.time())];
    // The newest, but nothing takes the place of a complete one that is not complete itself.
    if (holder == nullptr || is_complete(*decision) || !is_complete(*holder)) holder = decision;
  }
  for (auto entry = best.begin(); entry != best.end() && count > 0; ++entry, --count) {
    entry->second->reasons.push_back(fmt::format("{} {}", name, entry->first));
  }
}

void apply(const RetentionPolicy& policy, const Group& group) {
  keep_newest_complete(group);
  keep_last(group, policy.keep_last);
  keep_periods(group, "daily", day_of, policy.keep_daily);
  keep_periods(group, "weekly", week_of, policy.keep_weekly);
  keep_periods(group, "monthly", month_of, policy.keep_monthly);
}

void conclude(RetentionDecision& decision) {
  if (is_damaged(decision)) {
    decision.reasons = {"damaged: look at it, then remove it by hand"};
  } else if (decision.reasons.empty()) {
    decision.keep = false;
    decision.reasons = {"no rule keeps it"};
  }
}

}  // namespace

std::vector<RetentionDecision> decide_retention(std::vector<Candidate> candidates,
                                                const RetentionPolicy& policy) {
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  std::vector<RetentionDecision> decisions;
  for (Candidate& candidate : candidates) decisions.push_back({std::move(candidate), true, {}});
  std::map<std::string, Group> namespaces;
  for (RetentionDecision& decision : decisions) {
    if (!is_damaged(decision)) namespaces[decision.backup.ns].push_back(&decision);
  }
  for (const auto& [ns, group] : namespaces) apply(policy, group);
  std::for_each(decisions.begin(), decisions.end(), conclude);
  return decisions;
}

}  // namespace dr::backup
