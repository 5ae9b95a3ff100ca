#include "plugins/drbackup/collect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/backup/credentials.hpp"
#include "common/base/error.hpp"
#include "common/kube/bulk_list.hpp"
#include "common/kube/derived.hpp"
#include "common/kube/discovery.hpp"
#include "common/kube/field_rules.hpp"
#include "common/kube/kinds.hpp"
#include "plugins/drbackup/selection.hpp"

namespace dr::backup {
namespace {

void set_failure(Coverage& coverage, const kube::ApiError& error) {
  coverage.message = error.text;
  if (error.reason == kube::ApiReason::not_found) {
    coverage.outcome = Outcome::absent;  // gone since discovery
    coverage.message.clear();
  } else if (error.reason == kube::ApiReason::forbidden) {
    coverage.outcome = Outcome::forbidden;
  } else {
    coverage.outcome = Outcome::error;
  }
}

std::vector<Json> items_of(const Json& list) {
  if (!data::string_or(list, {"metadata", "continue"}, "").empty())
    throw Error(ExitCode::failed, "the server sent only a part of the list");
  if (!list.is_object() || !list.contains("items"))
    throw Error(ExitCode::failed, "the answer is not a list");
  std::vector<Json> items = data::array_or_empty(list, {"items"});
  for (const auto& item : items) {
    // What cannot be named cannot be kept.
    kube::name_of(item);
    kube::uid_of(item);
  }
  return items;
}

// Every object of the kinds of `coverage`, as the server has them; failures go into the coverage.
std::vector<Json> objects_of(std::vector<kube::Reply> replies,
                             const std::vector<Coverage*>& kinds) {
  std::vector<Json> objects;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (replies[i].error) {
      set_failure(*kinds[i], *replies[i].error);
      continue;
    }
    try {
      for (auto& item : items_of(replies[i].value)) objects.push_back(std::move(item));
      replies[i].value = nullptr;
    } catch (const Error& error) {
      kinds[i]->outcome = Outcome::error;
      kinds[i]->message = error.what();
    }
  }
  return objects;
}

std::vector<DeadGroup> dead_groups_of(const kube::Discovery& discovery) {
  std::vector<DeadGroup> groups;
  for (const auto& group : discovery.dead) {
    groups.push_back({group.group_version, group.error.text,
                      kube::is_derived_group(kube::group_of(group.group_version))});
  }
  return groups;
}

void warn_of_deletions(Backup& backup, const std::vector<Json>& objects) {
  for (const auto& object : objects) {
    if (data::has(object, {"metadata", "deletionTimestamp"}))
      backup.warnings.push_back(kube::display(object) + " is being deleted");
  }
}

// Keeps the objects as a backup has them, by file name, and counts them.
void keep(Backup& backup, std::vector<Json> objects) {
  std::map<std::string, Json> by_file;
  for (auto& object : objects) {
    const auto coverage =
        std::find_if(backup.coverage.begin(), backup.coverage.end(),
                     [&](const Coverage& one) { return &one == backup.coverage_of(object); });
    if (is_excluded(backup.selection, *coverage, kube::name_of(object))) continue;
    ++coverage->count;
    by_file.emplace(file_name(*coverage, object), kube::captured(object));
  }
  for (auto& [file, object] : by_file) backup.objects.push_back(std::move(object));
}

// What tells one namespace of one cluster from another. False when the namespace itself may not be
// read, so that it may not exist.
bool read_provenance(const kube::Kubectl& kubectl, Provenance& provenance) {
  const auto& target = kubectl.target();
  const std::array<std::string, 3> paths = {"/api/v1/namespaces/" + target.ns,
                                            "/api/v1/namespaces/kube-system", "/version"};
  const auto replies = kubectl.get_all(paths);
  const auto& ns = replies[0];
  if (ns.error && ns.error->reason == kube::ApiReason::not_found) {
    throw Error(ExitCode::failed, "namespace " + target.ns + " does not exist",
                "name another one with -n");
  }
  if (ns.error && ns.error->reason != kube::ApiReason::forbidden)
    throw Error(ExitCode::failed, "failed to read namespace " + target.ns + ": " + ns.error->text);
  provenance.ns = target.ns;
  provenance.context = target.context;
  provenance.cluster = target.cluster;
  if (!replies[1].error) provenance.cluster_uid = kube::uid_of(replies[1].value);
  if (!replies[2].error)
    provenance.server_version = data::string_or(replies[2].value, {"gitVersion"}, "");
  return !ns.error;
}

std::vector<Json> read_objects(const kube::Kubectl& kubectl, std::vector<Coverage>& coverage) {
  std::vector<Coverage*> kinds;
  std::vector<kube::ListedResource> resources;
  for (auto& one : coverage) {
    if (one.outcome == Outcome::absent) continue;
    kinds.push_back(&one);
    resources.push_back(
        {one.api_version, one.kind, one.resource.substr(0, one.resource.find('.'))});
  }
  return objects_of(kube::list_all(kubectl, resources), kinds);
}

}  // namespace

Backup collect(const kube::Kubectl& kubectl, const Selection& selection, const BackupId& id) {
  Backup backup{id, {}, selection, {}, {}, {}, {}};
  const bool namespace_seen = read_provenance(kubectl, backup.provenance);
  const auto discovery = kube::discover(kubectl);
  backup.coverage = planned_coverage(discovery.resources, selection);
  backup.dead_groups = dead_groups_of(discovery);
  const auto objects = without_derived(read_objects(kubectl, backup.coverage));
  // The lists of a namespace that does not exist are empty, not refused; a namespace that exists
  // holds its default ServiceAccount.
  if (!namespace_seen && objects.empty()) {
    const auto& ns = backup.provenance.ns;
    throw Error(ExitCode::failed,
                "failed to back up namespace " + ns + ": it may not be read, and is empty",
                "grant `get` on namespaces/" + ns + ", or name another one with -n");
  }
  warn_of_deletions(backup, objects);
  keep(backup, objects);
  for (auto& warning : credential_warnings(backup.objects))
    backup.warnings.push_back(std::move(warning));
  return backup;
}

}  // namespace dr::backup
