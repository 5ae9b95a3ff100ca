// A backup as files: files_of and parse_backup.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "common/backup/backup.hpp"
#include "common/backup/readme.hpp"
#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/yaml_codec.hpp"
#include "common/kube/kinds.hpp"

namespace dr::backup {
namespace {

constexpr std::string_view k_api_version = "dr.agenttrader.dev/v1";
constexpr std::string_view k_kind = "Backup";

using Files = std::map<std::string, std::string>;

[[noreturn]] void throw_damaged(std::string_view file, std::string_view how) {
  throw Error(ExitCode::integrity, fmt::format("{} {}", printable(file), how));
}

// What `read` returns; whatever it finds wrong is damage.
template <class Read>
auto or_damaged(const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    throw error.as(ExitCode::integrity);
  }
}

// --- Writing

Json coverage_json(const Coverage& coverage) {
  Json entry = {{"resource", coverage.resource}, {"apiVersion", coverage.api_version},
                {"kind", coverage.kind},         {"shortName", coverage.short_name},
                {"aliases", coverage.aliases},   {"outcome", name_of(coverage.outcome)},
                {"count", coverage.count}};
  if (!coverage.message.empty()) entry["message"] = coverage.message;
  return entry;
}

Json objects_json(const Backup& backup) {
  Json list = Json::array();
  for (const auto& object : backup.objects) {
    const auto key = kube::key_of(object);
    list.push_back({{"file", file_name(*backup.coverage_of(object), object)},
                    {"apiVersion", key.api_version},
                    {"kind", key.kind},
                    {"name", key.name}});
  }
  return list;
}

// --- Reading

std::vector<std::string> strings_at(const Json& object, data::Path path) {
  std::vector<std::string> strings;
  for (const auto& entry : data::array_or_empty(object, path)) {
    if (!entry.is_string())
      throw Error(ExitCode::integrity, data::pointer(path) + ": expected strings");
    strings.push_back(entry.get<std::string>());
  }
  return strings;
}

Coverage parse_coverage(const Json& entry) {
  Coverage coverage;
  coverage.resource = data::string_at(entry, {"resource"});
  coverage.api_version = data::string_at(entry, {"apiVersion"});
  coverage.kind = data::string_at(entry, {"kind"});
  coverage.short_name = data::string_at(entry, {"shortName"});
  coverage.aliases = strings_at(entry, {"aliases"});
  const auto outcome = parse_outcome(data::string_at(entry, {"outcome"}));
  if (!outcome) {
    throw Error(ExitCode::integrity,
                "/coverage: unknown outcome of resource " + printable(coverage.resource));
  }
  coverage.outcome = *outcome;
  coverage.count = static_cast<std::size_t>(data::integer_or(entry, {"count"}, 0));
  coverage.message = data::string_or(entry, {"message"}, "");
  return coverage;
}

Provenance parse_provenance(const Json& index) {
  Provenance provenance;
  provenance.ns = data::string_at(index, {"namespace"});
  provenance.context = data::string_at(index, {"context"});
  provenance.cluster = data::string_at(index, {"cluster", "name"});
  provenance.cluster_uid = data::string_at(index, {"cluster", "uid"});
  provenance.server_version = data::string_at(index, {"cluster", "serverVersion"});
  provenance.git_sha = data::string_at(index, {"gitSha"});
  provenance.tool_version = data::string_at(index, {"tool", "version"});
  return provenance;
}

Backup parse_index(const BackupId& id, const Json& index) {
  if (data::string_at(index, {"apiVersion"}) != k_api_version ||
      data::string_at(index, {"kind"}) != k_kind) {
    throw Error(ExitCode::integrity, fmt::format("is not a {} of {}", k_kind, k_api_version));
  }
  if (data::string_at(index, {"id"}) != id.text())
    throw Error(ExitCode::integrity, "/id: names another backup than its directory");
  Backup backup{id, parse_provenance(index), {}, {}, {}, {}, {}};
  backup.selection = {strings_at(index, {"selection", "kinds"}),
                      strings_at(index, {"selection", "exclude"})};
  for (const auto& entry : data::array_or_empty(index, {"coverage"}))
    backup.coverage.push_back(parse_coverage(entry));
  for (const auto& entry : data::array_or_empty(index, {"deadGroups"})) {
    backup.dead_groups.push_back({data::string_at(entry, {"groupVersion"}),
                                  data::string_at(entry, {"message"}),
                                  data::boolean_or(entry, {"derivedOnly"}, false)});
  }
  backup.warnings = strings_at(index, {"warnings"});
  if (data::has(index, {"evidence"})) {
    backup.evidence = {data::string_at(index, {"evidence", "lkg"}),
                       data::string_at(index, {"evidence", "restoreId"})};
  }
  return backup;
}

Json parse_object(const std::string& file, const std::string& text) {
  auto documents = data::read_yaml(text, printable(file));
  if (documents.size() != 1) throw_damaged(file, "does not hold exactly one object");
  return std::move(documents.front());
}

// The Namespace and PriorityClasses are part of what a restore may change.
bool is_of_namespace(const Backup& backup, const kube::ObjectKey& key) {
  if (key.ns == backup.provenance.ns) return true;
  const kube::Kind* kind = kube::find_kind(key.kind);
  return backup.evidence && key.ns.empty() && kind != nullptr && !kind->namespaced;
}

// Holds an object to its index entry, and both to the backup.
void check_object(const Backup& backup, const Json& object, const Json& entry,
                  const std::string& file) {
  const auto key = kube::key_of(object);
  if (key.kind == "Secret") throw_damaged(file, "holds a Secret");
  if (!is_of_namespace(backup, key)) throw_damaged(file, "holds an object of another namespace");
  if (key.api_version != data::string_at(entry, {"apiVersion"}) ||
      key.kind != data::string_at(entry, {"kind"}) ||
      key.name != data::string_at(entry, {"name"})) {
    throw_damaged(file, "holds another object than backup.json says");
  }
  const Coverage* coverage = backup.coverage_of(object);
  if (coverage == nullptr) throw_damaged(file, "holds a kind that backup.json does not cover");
  if (file != file_name(*coverage, object)) throw_damaged(file, "is not named after its object");
}

void check_counts(const Backup& backup) {
  std::map<std::string, std::size_t> counts;
  for (const auto& object : backup.objects) ++counts[backup.coverage_of(object)->resource];
  std::set<std::string> seen;
  for (const auto& coverage : backup.coverage) {
    if (!seen.insert(coverage.resource).second)
      throw_damaged(k_index_name, "covers a resource twice: " + printable(coverage.resource));
    if (coverage.count != counts[coverage.resource]) {
      throw_damaged(k_index_name,
                    fmt::format("counts {} of {}, the files hold {}", coverage.count,
                                printable(coverage.resource), counts[coverage.resource]));
    }
  }
}

void read_objects(Backup& backup, const Json& index, const Files& files) {
  std::set<std::string> known = {std::string(k_index_name), std::string(k_readme_name)};
  for (const auto& entry : data::array_or_empty(index, {"objects"})) {
    const std::string& file = data::string_at(entry, {"file"});
    const auto found = files.find(file);
    if (found == files.end()) throw_damaged(file, "is named by backup.json and not there");
    if (!known.insert(file).second) throw_damaged(file, "is named by backup.json twice");
    Json object = parse_object(file, found->second);
    check_object(backup, object, entry, file);
    backup.objects.push_back(std::move(object));
  }
  for (const auto& [file, text] : files) {
    if (!known.contains(file)) throw_damaged(file, "is not named by backup.json");
  }
}

}  // namespace

Files files_of(const Backup& backup) {
  Json coverage = Json::array();
  for (const auto& one : backup.coverage) coverage.push_back(coverage_json(one));
  Json dead_groups = Json::array();
  for (const auto& group : backup.dead_groups) {
    dead_groups.push_back({{"groupVersion", group.group_version},
                           {"message", group.message},
                           {"derivedOnly", group.derived_only}});
  }
  const auto& from = backup.provenance;
  Json index = {
      {"apiVersion", k_api_version},
      {"kind", k_kind},
      {"id", backup.id.text()},
      {"time", rfc3339(backup.id.time())},
      {"namespace", from.ns},
      {"context", from.context},
      {"cluster",
       {{"name", from.cluster}, {"uid", from.cluster_uid}, {"serverVersion", from.server_version}}},
      {"gitSha", from.git_sha},
      {"complete", backup.complete()},
      {"partial", backup.partial()},
      {"selection", {{"kinds", backup.selection.kinds}, {"exclude", backup.selection.exclude}}},
      {"coverage", std::move(coverage)},
      {"deadGroups", std::move(dead_groups)},
      {"objects", objects_json(backup)},
      {"warnings", backup.warnings},
      {"tool",
       {{"name", backup.evidence ? "kubectl-lkg" : "kubectl-drbackup"},
        {"version", from.tool_version}}}};
  if (backup.evidence) {
    index["evidence"] = {{"lkg", backup.evidence->lkg}, {"restoreId", backup.evidence->restore_id}};
  }
  Files files;
  files.emplace(k_index_name, data::write_json(index));
  files.emplace(k_readme_name, readme_of(backup));
  for (const auto& object : backup.objects) {
    const auto name = file_name(*backup.coverage_of(object), object);
    if (!files.emplace(name, data::write_yaml(object)).second)
      throw Error(ExitCode::failed, "failed to write " + kube::display(object) + ": " +
                                        printable(name) + " is another object's file");
  }
  return files;
}

Index read_index(const BackupId& id, const std::string& text) {
  return or_damaged([&] {
    const Json json = data::read_json(text, k_index_name);
    Index index{parse_index(id, json).coverage, {}};
    for (const auto& entry : data::array_or_empty(json, {"objects"})) {
      const std::string kind = data::string_at(entry, {"kind"});
      const std::string api_version = data::string_at(entry, {"apiVersion"});
      const auto covered = std::ranges::find_if(index.coverage, [&](const Coverage& one) {
        return one.kind == kind && one.api_version == api_version;
      });
      if (covered == index.coverage.end())
        throw_damaged(k_index_name, "lists a kind that it does not cover");
      index.objects.push_back({kind, data::string_at(entry, {"name"}), *covered});
    }
    return index;
  });
}

Backup parse_backup(const BackupId& id, const Files& files) {
  const auto text = files.find(std::string(k_index_name));
  if (text == files.end()) throw_damaged(k_index_name, "is missing");
  if (!files.contains(std::string(k_readme_name))) throw_damaged(k_readme_name, "is missing");
  return or_damaged([&] {
    const Json index = data::read_json(text->second, k_index_name);
    Backup backup = parse_index(id, index);
    read_objects(backup, index, files);
    check_counts(backup);
    if (data::boolean_or(index, {"complete"}, false) != backup.complete())
      throw_damaged(k_index_name, "/complete: does not fit the coverage");
    return backup;
  });
}

}  // namespace dr::backup
