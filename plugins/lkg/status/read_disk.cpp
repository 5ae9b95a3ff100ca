#include "plugins/lkg/status/read_disk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/base/error.hpp"
#include "common/lkg/lkg_store.hpp"
#include "common/os/sealed_dir.hpp"
#include "common/registry/check.hpp"

namespace dr::lkg {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::symlink_status(path, ignored).type() != fs::file_type::not_found;
}

// --- The LKG

std::string newest_intact(const LkgStore& store) {
  auto ids = store.history();
  std::reverse(ids.begin(), ids.end());
  for (const auto& id : ids) {
    try {
      return store.load(id.text()).id;
    } catch (const Error& error) {
      if (error.code() != ExitCode::integrity) throw;
    }
  }
  return {};
}

bool has_none(const LkgStore& store) {
  return !is_there(store.directory() / k_manifest_name) &&
         !is_there(store.directory() / k_metadata_name) && store.history().empty();
}

LkgStatus status_of(const Lkg& lkg) {
  LkgStatus status;
  status.state = FileState::intact;
  status.id = lkg.id;
  status.captured = parse_rfc3339(data::string_or(lkg.metadata, {"timestamp_utc"}, ""));
  if (const auto id = LkgId::parse(lkg.id)) status.captured = id->time();
  status.ns = lkg.ns;
  status.cluster_name = data::string_or(lkg.metadata, {"cluster_name"}, "");
  status.objects = lkg.objects.size();
  status.warnings = lkg.warnings;
  return status;
}

void read_lkg(const LkgStore& store, DiskFacts& facts) try {
  facts.lkg_status.value.emplace();
  if (has_none(store)) return;
  facts.lkg = store.load();
  facts.lkg_status.value = status_of(*facts.lkg);
} catch (const Error& error) {
  if (error.code() != ExitCode::integrity) {
    facts.lkg_status = {std::nullopt, error.what(), std::nullopt};
    return;
  }
  facts.lkg_status.value->state = FileState::damaged;
  facts.lkg_status.value->damage = error.what();
  facts.lkg_status.value->intact_in_history = newest_intact(store);
}

// --- The images

ImagesStatus images_of(const Lkg& lkg, const registry::Inventory& inventory) {
  ImagesStatus status;
  status.inventory = FileState::intact;
  status.taken = inventory.time;
  for (const auto& check : registry::check_images(lkg, inventory)) {
    const bool present = check.finding.verdict == registry::Verdict::present;
    ++(present ? status.present : status.unknown);
    const auto& image = check.image;
    if (!present && image.registry && inventory.gap(image.registry->repository).empty()) {
      status.not_found.push_back(fmt::format("{} {}", image.component, image.reference));
    }
  }
  return status;
}

void read_images(const fs::path& root, DiskFacts& facts) try {
  const auto path = registry::inventory_path(root);
  facts.images.value.emplace();
  if (!is_there(path)) return;
  const auto inventory = registry::read_inventory(path);
  if (facts.lkg) {
    facts.images.value = images_of(*facts.lkg, inventory);
  } else {
    facts.images.value->inventory = FileState::intact;
    facts.images.value->taken = inventory.time;
  }
} catch (const Error& error) {
  if (error.code() == ExitCode::integrity) {
    facts.images.value->inventory = FileState::damaged;
    facts.images.value->damage = error.what();
  } else {
    facts.images = {std::nullopt, error.what(), std::nullopt};
  }
}

// --- The backups

std::vector<UtcTime> backup_times(const fs::path& directory) {
  std::vector<UtcTime> times;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (const auto time = parse_timestamp_id(entry->path().filename().string()))
      times.push_back(*time);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(ExitCode::failed,
                fmt::format("failed to list {}: {}", directory.string(), error.message()));
  }
  std::sort(times.rbegin(), times.rend());
  return times;
}

// What the index of a sealed backup says; `kubectl drbackup verify` holds the files to it.
Json read_index(const fs::path& directory) {
  const auto files = os::read_sealed_dir(directory);
  const auto index = files.find("backup.json");
  if (index == files.end()) throw Error(ExitCode::integrity, "backup.json is missing");
  return data::read_json(index->second, "backup.json");
}

// Looks at one backup, newer ones first; true when it is the one that counts.
bool note_backup(const fs::path& directory, UtcTime time, const std::string& ns,
                 BackupsStatus& status) {
  const std::string id = timestamp_id(time);
  const auto note = [&](const std::string& what) {
    if (status.newer.empty()) status.newer = fmt::format("{} is {}", id, what);
  };
  try {
    const Json index = read_index(directory / id);
    if (data::string_at(index, {"namespace"}) != ns) return false;
    if (data::boolean_or(index, {"partial"}, false)) return false;
    if (!data::boolean_or(index, {"complete"}, false)) {
      note("incomplete");
      return false;
    }
  } catch (const Error& error) {
    // It does not tell its namespace, so it counts for each.
    note(fmt::format("damaged: {}", error.what()));
    status.damaged = true;
    return false;
  }
  status.newest_complete = id;
  status.taken = time;
  return true;
}

void read_backups(const fs::path& root, const std::string& ns, DiskFacts& facts) try {
  const fs::path directory = root / "audit_artifacts" / "cluster_backup";
  BackupsStatus status;
  for (const UtcTime time : backup_times(directory)) {
    if (note_backup(directory, time, ns, status)) break;
  }
  facts.backups.value = std::move(status);
} catch (const Error& error) {
  facts.backups.unknown = error.what();
}

}  // namespace

DiskFacts read_disk(const fs::path& root, const std::string& ns) {
  DiskFacts facts;
  read_lkg(LkgStore(root), facts);
  if (facts.lkg && facts.lkg->ns != ns) facts.lkg.reset();
  read_images(root, facts);
  read_backups(root, ns, facts);
  return facts;
}

}  // namespace dr::lkg
