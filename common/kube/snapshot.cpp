#include "common/kube/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"

namespace dr::kube {
namespace {

constexpr int k_collections = 5;
constexpr Millis k_pause{500};

using Lists = std::map<std::string, std::vector<Json>, std::less<>>;

struct Collected {
  Lists lists;
  std::vector<const Kind*> unserved;
  bool at_one_version = true;  // every list answered at the resourceVersion that was asked for
};

// A kind that could not be listed, and why.
struct Unread {
  const Kind* kind;
  ApiError error;
};

// What a Role must have to list those kinds, as rules of YAML on one line.
std::string rules_for(const std::vector<Unread>& kinds) {
  std::map<std::string_view, std::vector<std::string>> plurals;  // by group
  for (const auto& one : kinds) plurals[one.kind->group()].push_back(one.kind->plural);
  std::vector<std::string> rules;
  for (const auto& [group, resources] : plurals) {
    rules.push_back(fmt::format("{{apiGroups: [\"{}\"], resources: [{}], verbs: [list]}}", group,
                                join(resources, ", ")));
  }
  return join(rules, ", ");
}

[[noreturn]] void throw_unreadable(const std::vector<Unread>& unread) {
  const auto& [kind, error] = unread.front();
  // A list is empty, not absent, in a namespace that is not there.
  if (error.reason == ApiReason::not_found) {
    throw Error(ExitCode::refused,
                "this API server is too old or has it disabled: it does not serve " + kind->plural +
                    " of " + kind->api_version,
                "an LKG needs Kubernetes 1.23 or newer with its built-in APIs enabled");
  }
  if (error.reason != ApiReason::forbidden) {
    throw Error(ExitCode::failed, "failed to list " + kind->name() + ": " + error.text,
                "check the connection to the cluster, then run it again");
  }
  std::vector<Unread> forbidden;
  std::vector<std::string> names;
  for (const auto& one : unread) {
    if (one.error.reason != ApiReason::forbidden) continue;
    forbidden.push_back(one);
    names.push_back(one.kind->name());
  }
  throw Error(ExitCode::failed, "failed to list " + join(names, ", ") + ": " + error.text,
              "have it granted by the rules [" + rules_for(forbidden) + "], then run it again");
}

// The items of a raw list, which carry neither kind nor apiVersion.
std::vector<Json> items_of(const Kind& kind, Json&& list) {
  std::vector<Json> items;
  const auto found = list.find("items");
  if (found == list.end() || found->is_null()) return items;
  if (!found->is_array()) {
    throw Error(ExitCode::failed, "failed to list " + kind.name() + ": /items: expected an array");
  }
  items.reserve(found->size());
  for (auto& item : *found) {
    set_type(item, kind.api_version, kind.kind);
    items.push_back(std::move(item));
  }
  return items;
}

// The definition of a custom kind may go away, or drop a version, while that of a kind of the table
// may not.
bool is_unserved(const Kind& kind, const ApiError& error) {
  return error.reason == ApiReason::not_found && !is_builtin_group(kind.group());
}

bool cannot_be_exact(const ApiError& error) {
  return error.reason == ApiReason::expired || error.reason == ApiReason::too_large_rv;
}

// Reads the kinds, at exactly `version` when it is given.
Collected collect(const Kubectl& kubectl, std::string_view ns, std::span<const Kind* const> kinds,
                  const std::string& version) {
  std::vector<Get> gets;
  for (const Kind* kind : kinds) {
    Get get{list_path(*kind, ns), {}};
    if (!version.empty()) get.path += "?resourceVersion=" + version + "&resourceVersionMatch=Exact";
    // Much of a pod's text, and nobody asks who wrote a pod.
    if (kind->capture == Capture::never) get.without = "managedFields";
    gets.push_back(std::move(get));
  }
  auto replies = kubectl.get_all(gets);
  Collected result;
  std::vector<Unread> unread;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const Kind& kind = *kinds[i];
    if (replies[i].error && is_unserved(kind, *replies[i].error)) {
      result.unserved.push_back(&kind);
      continue;
    }
    if (replies[i].error) {
      if (version.empty() || !cannot_be_exact(*replies[i].error))
        unread.push_back({&kind, *replies[i].error});
      result.at_one_version = false;
      continue;
    }
    if (!version.empty() &&
        data::string_at(replies[i].value, {"metadata", "resourceVersion"}) != version) {
      result.at_one_version = false;
    }
    result.lists[kind.type()] = items_of(kind, std::move(replies[i].value));
  }
  if (!unread.empty()) throw_unreadable(unread);
  return result;
}

// What two collections must agree on to count as one moment: every incarnation and version of every
// object.
std::set<std::string> fingerprint(const Lists& lists) {
  std::set<std::string> prints;
  for (const auto& [kind, items] : lists) {
    for (const auto& item : items) {
      prints.insert(kind + "/" + uid_of(item) + "@" + resource_version_of(item));
    }
  }
  return prints;
}

Collected collect_twice(const Kubectl& kubectl, std::string_view ns,
                        std::span<const Kind* const> kinds) {
  Collected before = collect(kubectl, ns, kinds, {});
  for (int i = 1; i < k_collections; ++i) {
    Collected after = collect(kubectl, ns, kinds, {});
    if (fingerprint(before.lists) == fingerprint(after.lists)) return after;
    before = std::move(after);
    kubectl.wait(k_pause);
  }
  throw Error(ExitCode::failed,
              "failed to read namespace " + std::string(ns) + ": it changed during every one of " +
                  std::to_string(k_collections) + " reads",
              "wait until nothing writes to the namespace, then run it again");
}

}  // namespace

const std::vector<Json>& Snapshot::of(std::string_view type) const {
  static const std::vector<Json> none;
  const auto list = m_lists.find(type);
  return list == m_lists.end() ? none : list->second;
}

const Json* Snapshot::find(std::string_view type, std::string_view name) const {
  for (const auto& item : of(type)) {
    if (name_of(item) == name) return &item;
  }
  return nullptr;
}

Snapshot read_snapshot(const Kubectl& kubectl, std::string_view ns,
                       std::span<const Kind* const> kinds, const Beside& beside) {
  Snapshot snapshot;
  if (kinds.empty()) return snapshot;
  const auto& first = *kinds.front();
  std::vector<std::string> paths = {list_path(first, ns)};
  paths.insert(paths.end(), beside.paths.begin(), beside.paths.end());
  auto replies = kubectl.get_all(paths);
  if (beside.take) beside.take(std::span(replies).subspan(1));
  Reply& reply = replies.front();
  if (reply.error) throw_unreadable({{&first, *reply.error}});
  const std::string version = data::string_at(reply.value, {"metadata", "resourceVersion"});
  Collected rest;
  if (!version.empty()) rest = collect(kubectl, ns, kinds.subspan(1), version);
  if (!version.empty() && rest.at_one_version) {
    rest.lists[first.type()] = items_of(first, std::move(reply.value));
    snapshot.m_resource_version = version;
  } else {
    rest = collect_twice(kubectl, ns, kinds);
  }
  snapshot.m_lists = std::move(rest.lists);
  snapshot.m_unserved = std::move(rest.unserved);
  return snapshot;
}

std::vector<const Kind*> captured_kinds() {
  std::vector<const Kind*> result;
  for (const auto& kind : kinds()) {
    if (kind.namespaced && kind.capture == Capture::always) result.push_back(&kind);
  }
  return result;
}

std::vector<const Kind*> captured_and_derived_kinds() {
  auto result = captured_kinds();
  for (const auto& kind : kinds()) {
    if (kind.namespaced && kind.capture == Capture::never) result.push_back(&kind);
  }
  return result;
}

}  // namespace dr::kube
