#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/backup/backup.hpp"
#include "common/base/error.hpp"
#include "common/os/clock.hpp"
#include "common/os/process_runner.hpp"

namespace dr::backup {

enum class State { complete, partial, incomplete, damaged };
std::string_view name_of(State state);

// One entry of the store after every check.
struct Entry {
  BackupId id;
  State state = State::damaged;
  std::optional<Backup> backup;  // not of `damaged`
  std::string damage;            // of `damaged`: the file and what is wrong with it
  std::uintmax_t bytes = 0;
};

// A directory of backups, <id>/, each a sealed directory. What is there is never edited, only added
// and pruned; anything that is not named like a backup is not looked at.
class BackupStore {
 public:
  explicit BackupStore(std::filesystem::path directory) : m_directory(std::move(directory)) {}

  std::vector<BackupId> ids() const;  // oldest first
  // Reads and checks one; a damaged one is an Entry too. Throws Error(failed) when there is none of
  // that id, or the directory cannot be read.
  Entry check(const BackupId& id) const;
  // The same, and throws Error(integrity) when it is damaged.
  Backup load(const BackupId& id) const;

  // Publishes the backup that `make` makes for its id, whole or not at all. Holds the store's lock
  // and waits for the next second when this one has a backup, so that ids stay unique and sorted.
  // What dead runs left is removed. Throws Error(failed).
  BackupId publish(const std::function<std::map<std::string, std::string>(const BackupId&)>& make,
                   const os::Clock& clock, os::ProcessRunner& runner) const;

  // Adds the files of a sealed directory that was fetched, SHA256SUMS left out, under its own id;
  // one that is there already with the same content is success, with another Error(integrity).
  void adopt(const BackupId& id, const std::map<std::string, std::string>& files) const;

  // Removes backups, under the lock; a crash leaves each one whole or gone.
  void remove(const std::vector<BackupId>& ids) const;

  std::filesystem::path directory() const { return m_directory; }
  std::filesystem::path directory_of(const BackupId& id) const { return m_directory / id.text(); }

 private:
  std::filesystem::path m_directory;
};

// Those of a repository: <root>/audit_artifacts/cluster_backup, and pre_restore beside it, which
// has what restores found.
BackupStore backups_of(const std::filesystem::path& root);
BackupStore evidence_of(const std::filesystem::path& root);

}  // namespace dr::backup
