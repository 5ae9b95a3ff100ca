#include "plugins/lkg/status/read_disk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/backup/backup_store.hpp"
#include "common/base/error.hpp"
#include "common/lkg/ledger.hpp"
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

// Looks at one backup, newer ones first; true when it is the one that counts.
bool note_backup(const backup::Entry& entry, const std::string& ns, BackupsStatus& status) {
  const auto note = [&](const std::string& what) {
    if (status.newer.empty()) status.newer = fmt::format("{} is {}", entry.id.text(), what);
  };
  if (entry.state == backup::State::damaged) {
    // It does not tell its namespace, so it counts for each.
    note("damaged: " + entry.damage);
    status.damaged = true;
    return false;
  }
  if (entry.backup->provenance.ns != ns || entry.backup->partial()) return false;
  if (entry.state == backup::State::incomplete) {
    note("incomplete");
    return false;
  }
  status.newest_complete = entry.id.text();
  status.taken = entry.id.time();
  return true;
}

void read_backups(const fs::path& root, const std::string& ns, DiskFacts& facts) try {
  const auto store = backup::backups_of(root);
  auto ids = store.ids();
  std::reverse(ids.begin(), ids.end());
  BackupsStatus status;
  for (const auto& id : ids) {
    if (note_backup(store.check(id), ns, status)) break;
  }
  facts.backups.value = std::move(status);
} catch (const Error& error) {
  facts.backups.unknown = error.what();
}

// --- The ledger

RestoresStatus restores_of(const std::vector<LedgerEntry>& entries) {
  RestoresStatus status;
  if (entries.empty()) return status;
  status.ledger = FileState::intact;
  status.expected = expected_time(entries);
  const auto drill = std::find_if(entries.rbegin(), entries.rend(), [](const LedgerEntry& entry) {
    return entry.kind == k_ledger_drill;
  });
  if (drill != entries.rend())
    status.last_drill = {drill->time, drill->exit_code, drill->verified_after};
  return status;
}

void read_ledger(const fs::path& root, DiskFacts& facts) try {
  facts.restores.value = restores_of(Ledger(root).entries());
} catch (const Error& error) {
  if (error.code() == ExitCode::integrity) {
    facts.restores.value.emplace();
    facts.restores.value->ledger = FileState::damaged;
    facts.restores.value->damage = error.what();
  } else {
    facts.restores.unknown = error.what();
  }
}

}  // namespace

DiskFacts read_disk(const fs::path& root, const std::string& ns, const LkgStore& lkgs) {
  DiskFacts facts;
  read_lkg(lkgs, facts);
  if (facts.lkg && facts.lkg->ns != ns) facts.lkg.reset();
  read_images(root, facts);
  read_backups(root, ns, facts);
  read_ledger(root, facts);
  return facts;
}

}  // namespace dr::lkg
