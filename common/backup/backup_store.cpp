#include "common/backup/backup_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "common/os/atomic_file.hpp"
#include "common/os/pruned_dir.hpp"
#include "common/os/sealed_dir.hpp"

namespace dr::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_lock = ".lock";

void make_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    throw Error(ExitCode::failed,
                fmt::format("failed to create {}: {}", directory.string(), error.message()));
  }
}

void seal(const fs::path& target, const std::map<std::string, std::string>& files) {
  os::SealedDirWriter writer(target);
  for (const auto& [name, text] : files) writer.add(name, text);
  writer.commit();
}

}  // namespace

std::string_view name_of(State state) {
  static constexpr std::array<std::string_view, 4> names = {"complete", "partial", "incomplete",
                                                            "damaged"};
  return names.at(static_cast<std::size_t>(state));
}

std::vector<BackupId> BackupStore::ids() const {
  std::vector<BackupId> ids;
  std::error_code error;
  for (fs::directory_iterator entry(m_directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (auto id = BackupId::parse(entry->path().filename().string())) ids.push_back(std::move(*id));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(ExitCode::failed,
                fmt::format("failed to list {}: {}", m_directory.string(), error.message()));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Entry BackupStore::check(const BackupId& id) const {
  std::error_code error;
  if (fs::symlink_status(directory_of(id), error).type() == fs::file_type::not_found) {
    throw Error(ExitCode::failed, "failed to read backup " + id.text() + ": there is none",
                "`kubectl drbackup list` lists what there is");
  }
  Entry entry{id, State::damaged, std::nullopt, {}, 0};
  try {
    const auto files = os::read_sealed_dir(directory_of(id));
    for (const auto& [name, text] : files) entry.bytes += text.size();
    entry.backup = parse_backup(id, files);
  } catch (const Error& failure) {
    entry.damage = failure.what();
    return entry;
  }
  entry.state = !entry.backup->complete() ? State::incomplete
                : entry.backup->partial() ? State::partial
                                          : State::complete;
  return entry;
}

Backup BackupStore::load(const BackupId& id) const {
  Entry entry = check(id);
  if (entry.state == State::damaged) {
    throw Error(ExitCode::integrity,
                fmt::format("backup {} is damaged: {}", id.text(), entry.damage),
                "take another one: `kubectl drbackup list` tells which are intact");
  }
  return std::move(*entry.backup);
}

BackupId BackupStore::publish(
    const std::function<std::map<std::string, std::string>(const BackupId&)>& make,
    const os::Clock& clock, os::ProcessRunner& runner) const {
  make_directory(m_directory);
  const os::FileLock lock(m_directory / k_lock);
  os::remove_pruned(m_directory);
  const auto kept = ids();
  const auto newest = kept.empty() ? std::nullopt : std::optional(kept.back().time());
  const BackupId id(os::second_after(newest, clock, runner));
  seal(directory_of(id), make(id));
  return id;
}

void BackupStore::adopt(const BackupId& id, const std::map<std::string, std::string>& files) const {
  parse_backup(id, files);
  make_directory(m_directory);
  const os::FileLock lock(m_directory / k_lock);
  if (!fs::exists(fs::symlink_status(directory_of(id)))) {
    seal(directory_of(id), files);
    return;
  }
  if (os::read_sealed_dir(directory_of(id)) != files) {
    throw Error(ExitCode::integrity,
                "backup " + id.text() + " is there already, with another content",
                "look at both; nothing was changed");
  }
}

void BackupStore::remove(const std::vector<BackupId>& ids) const {
  if (ids.empty()) return;
  const os::FileLock lock(m_directory / k_lock);
  os::remove_pruned(m_directory);
  for (const auto& id : ids) os::prune_dir(directory_of(id));
}

BackupStore backups_of(const fs::path& root) {
  return BackupStore(root / "audit_artifacts" / "cluster_backup");
}

BackupStore evidence_of(const fs::path& root) {
  return BackupStore(root / "audit_artifacts" / "pre_restore");
}

}  // namespace dr::backup
