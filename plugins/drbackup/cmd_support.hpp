#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/backup/backup_store.hpp"
#include "common/cli/verb.hpp"

// What several verbs of kubectl drbackup share.
namespace dr::backup {

// A backup as a user names it: as backup_id() takes it, among those of `root`; or, with a slash in
// it, a path to where others are, such as audit_artifacts/pre_restore/latest.
struct NamedBackup {
  BackupStore store;
  BackupId id;
};
NamedBackup named_backup(const std::filesystem::path& root, const std::string& word);

// An id as a user names it: the id itself, or "latest". Throws Error(usage) on another form,
// Error(failed) when there is no backup at all.
BackupId backup_id(const BackupStore& store, const std::string& word);

Json to_json(const std::vector<Coverage>& coverage);
Json to_json(const std::vector<DeadGroup>& groups);

// What an incomplete backup lacks, a line each: "widgets.example.com: forbidden".
std::vector<std::string> gaps_of(const Backup& backup);

// An entry for a table and for JSON.
std::string size_text(std::uintmax_t bytes);
Json to_json(const Entry& entry);

// The exit code of an entry's state.
ExitCode code_of(State state);

}  // namespace dr::backup
