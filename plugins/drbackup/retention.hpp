#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/backup/backup_store.hpp"

namespace dr::backup {

// How many of the newest backups to keep, and of how many of the newest days, ISO weeks and months
// (UTC) that have one to keep the newest.
struct RetentionPolicy {
  std::size_t keep_last = 0;
  std::size_t keep_daily = 0;
  std::size_t keep_weekly = 0;
  std::size_t keep_monthly = 0;
};

struct Candidate {
  BackupId id;
  State state = State::damaged;
  std::string ns;  // its namespace; a damaged one has none to tell
};

struct RetentionDecision {
  Candidate backup;
  bool keep = true;
  std::vector<std::string> reasons;  // "daily 2026-11-24", "newest complete"; never empty
};

// One decision a candidate, oldest first, whatever the order of the candidates. The rules hold for
// each namespace by itself. Whatever the policy, its newest complete backup is kept, and so is each
// damaged one: it counts for nothing, and a person must look at it. A partial or incomplete one
// stands for a day, week or month only when that has no complete one.
std::vector<RetentionDecision> decide_retention(std::vector<Candidate> candidates,
                                                const RetentionPolicy& policy);

}  // namespace dr::backup
