#include "plugins/drbackup/cmd_support.hpp"

#include <fmt/format.h>

#include "common/base/text.hpp"

namespace dr::backup {

NamedBackup named_backup(const std::filesystem::path& root, const std::string& word) {
  if (word.find('/') == std::string::npos) {
    const BackupStore store = backups_of(root);
    return {store, backup_id(store, word)};
  }
  std::filesystem::path path = std::filesystem::path(word).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "a/b/"
  const BackupStore store(path.parent_path());
  return {store, backup_id(store, path.filename().string())};
}

BackupId backup_id(const BackupStore& store, const std::string& word) {
  if (word == "latest") {
    const auto ids = store.ids();
    if (!ids.empty()) return ids.back();
    throw Error(ExitCode::failed, "there is no backup in " + store.directory().string(),
                "make one: kubectl drbackup create");
  }
  if (const auto id = BackupId::parse(word)) return *id;
  throw Error(ExitCode::usage, "\"" + printable(word) + "\" is not the id of a backup",
              "ids look like 20260102T030405Z, or say latest; `kubectl drbackup list` has them");
}

Json to_json(const std::vector<Coverage>& coverage) {
  Json list = Json::array();
  for (const auto& one : coverage) {
    Json entry = {
        {"resource", one.resource}, {"outcome", name_of(one.outcome)}, {"count", one.count}};
    if (!one.message.empty()) entry["message"] = one.message;
    list.push_back(std::move(entry));
  }
  return list;
}

Json to_json(const std::vector<DeadGroup>& groups) {
  Json list = Json::array();
  for (const auto& group : groups) {
    list.push_back({{"groupVersion", group.group_version},
                    {"message", group.message},
                    {"derivedOnly", group.derived_only}});
  }
  return list;
}

std::vector<std::string> gaps_of(const Backup& backup) {
  std::vector<std::string> gaps;
  for (const auto& coverage : backup.coverage) {
    if (!coverage.readable())
      gaps.push_back(fmt::format("{}: {}", coverage.resource, text_of(coverage)));
  }
  for (const auto& group : backup.dead_groups) {
    if (!group.derived_only)
      gaps.push_back(fmt::format("group {}: {}", group.group_version, group.message));
  }
  return gaps;
}

std::string size_text(std::uintmax_t bytes) {
  constexpr double k_kib = 1024;
  const auto size = static_cast<double>(bytes);
  if (size < k_kib) return fmt::format("{}B", bytes);
  return size < k_kib * k_kib ? fmt::format("{:.0f}KiB", size / k_kib)
                              : fmt::format("{:.1f}MiB", size / k_kib / k_kib);
}

Json to_json(const Entry& entry) {
  Json json = {{"id", entry.id.text()},
               {"time", rfc3339(entry.id.time())},
               {"state", name_of(entry.state)},
               {"bytes", entry.bytes}};
  if (entry.backup) {
    json["namespace"] = entry.backup->provenance.ns;
    json["cluster"] = entry.backup->provenance.cluster;
    json["objects"] = entry.backup->objects.size();
    json["gaps"] = gaps_of(*entry.backup);
  } else {
    json["damage"] = entry.damage;
  }
  return json;
}

ExitCode code_of(State state) {
  switch (state) {
    case State::damaged:
      return ExitCode::integrity;
    case State::incomplete:
      return ExitCode::incomplete;
    case State::complete:
    case State::partial:
      break;
  }
  return ExitCode::ok;
}

}  // namespace dr::backup
