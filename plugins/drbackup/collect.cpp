#include "plugins/drbackup/collect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/error.hpp"
#include "common/kube/discovery.hpp"
#include "common/kube/field_rules.hpp"
#include "common/kube/kinds.hpp"
#include "plugins/drbackup/credentials.hpp"
#include "plugins/drbackup/selection.hpp"

namespace dr::drbackup {
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

// The objects of a list, which carry neither kind nor apiVersion.
std::vector<Json> items_of(Json&& list, const Coverage& coverage) {
  if (!data::string_or(list, {"metadata", "continue"}, "").empty())
    throw Error(ExitCode::failed, "the server sent only a part of the list");
  std::vector<Json> items = data::array_or_empty(list, {"items"});
  for (auto& item : items) {
    item["apiVersion"] = coverage.api_version;
    item["kind"] = coverage.kind;
    // What cannot be named cannot be kept.
    kube::name_of(item);
    kube::uid_of(item);
  }
  return items;
}

// Every object of the kinds of `coverage`, as the server has them; failures go into the coverage.
std::vector<Json> read_objects(std::vector<kube::Reply> replies, std::vector<Coverage*> kinds) {
  std::vector<Json> objects;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (replies[i].error) {
      set_failure(*kinds[i], *replies[i].error);
      continue;
    }
    try {
      for (auto& item : items_of(std::move(replies[i].value), *kinds[i]))
        objects.push_back(std::move(item));
    } catch (const Error& error) {
      kinds[i]->outcome = Outcome::error;
      kinds[i]->message = error.what();
    }
  }
  return objects;
}

void require_namespace(const kube::Reply& reply, const std::string& ns) {
  if (!reply.error || reply.error->reason == kube::ApiReason::forbidden) return;
  if (reply.error->reason == kube::ApiReason::not_found) {
    throw Error(ExitCode::failed, "namespace " + ns + " does not exist",
                "name another one with -n");
  }
  throw Error(ExitCode::failed, "failed to read namespace " + ns + ": " + reply.error->text);
}

std::vector<DeadGroup> dead_groups_of(const kube::Discovery& discovery) {
  std::vector<DeadGroup> groups;
  for (const auto& group : discovery.dead) {
    groups.push_back({group.group_version, group.error.text,
                      is_derived_group(kube::group_of(group.group_version))});
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

}  // namespace

Backup collect(const kube::Kubectl& kubectl, const Selection& selection, const BackupId& id) {
  const auto& target = kubectl.target();
  const auto discovery = kube::discover(kubectl);
  Backup backup{id,
                {},
                selection,
                planned_coverage(discovery.resources, selection),
                dead_groups_of(discovery),
                {},
                {}};
  std::vector<std::string> paths = {"/api/v1/namespaces/" + target.ns,
                                    "/api/v1/namespaces/kube-system", "/version"};
  const auto facts = paths.size();
  std::vector<Coverage*> kinds;
  for (auto& coverage : backup.coverage) {
    if (coverage.outcome == Outcome::absent) continue;
    const auto plural = coverage.resource.substr(0, coverage.resource.find('.'));
    paths.push_back(kube::list_path(coverage.api_version, plural, target.ns));
    kinds.push_back(&coverage);
  }
  auto replies = kubectl.get_all(paths);
  require_namespace(replies[0], target.ns);
  const bool namespace_seen = !replies[0].error;
  backup.provenance.ns = target.ns;
  backup.provenance.context = target.context;
  backup.provenance.cluster = target.cluster;
  if (!replies[1].error) backup.provenance.cluster_uid = kube::uid_of(replies[1].value);
  if (!replies[2].error)
    backup.provenance.server_version = data::string_or(replies[2].value, {"gitVersion"}, "");
  replies.erase(replies.begin(), replies.begin() + static_cast<std::ptrdiff_t>(facts));
  const auto objects = without_derived(read_objects(std::move(replies), std::move(kinds)));
  // The lists of a namespace that does not exist are empty, not refused; a namespace that exists
  // holds its default ServiceAccount.
  if (!namespace_seen && objects.empty()) {
    throw Error(ExitCode::failed,
                "failed to back up namespace " + target.ns + ": it may not be read, and is empty",
                "grant `get` on namespaces/" + target.ns + ", or name another one with -n");
  }
  warn_of_deletions(backup, objects);
  keep(backup, objects);
  for (auto& warning : credential_warnings(backup.objects))
    backup.warnings.push_back(std::move(warning));
  return backup;
}

}  // namespace dr::drbackup
