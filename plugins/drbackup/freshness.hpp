#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/backup/backup_store.hpp"

namespace dr::backup {

// What a monitor asks: is the newest backup of the namespace fresh, complete and intact?
struct Freshness {
  ExitCode code = ExitCode::failed;  // ok; failed: too old, or none; incomplete; integrity
  std::string verdict;               // one line
  std::optional<Entry> newest;
  std::optional<Entry> newest_complete;
};

// Partial backups do not stand for the namespace, so they are passed over; a damaged one does not
// tell its namespace, so it counts for each. `ns`: empty for any. Reads no more backups than it
// needs.
Freshness freshness(const BackupStore& store, const std::string& ns, UtcTime now, Millis max_age);

}  // namespace dr::backup
