#include "common/kube/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"

namespace dr::kube {
namespace {

constexpr int k_collections = 5;
constexpr Millis k_pause{500};

std::string_view object_name(const Json& object) {
  return name_of(object);
}

using Objects = std::map<std::string, std::vector<Json>, std::less<>>;  // by kind

struct Collected {
  Objects lists;
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

// The definition of a custom kind may go away, or drop a version, while that of a kind of the table
// may not.
bool is_unserved(const Kind& kind, const ApiError& error) {
  return error.reason == ApiReason::not_found && !is_builtin_group(kind.group());
}

bool cannot_be_exact(const ApiError& error) {
  return error.reason == ApiReason::expired || error.reason == ApiReason::too_large_rv;
}

// The lists of some kinds, at exactly `version` when it is not empty.
struct Lists {
  std::vector<KindList> each;
  std::string version;

  Lists() = default;
  Lists(std::string_view ns, std::span<const Kind* const> kinds, std::string at, Detail detail)
      : version(std::move(at)) {
    for (const Kind* kind : kinds) each.emplace_back(*kind, ns, version, detail);
  }
};

// What was read. Throws when a list could not be.
Collected collected(Lists read) {
  auto& [lists, version] = read;
  Collected result;
  std::vector<Unread> unread;
  for (auto& list : lists) {
    const auto& error = list.error();
    if (error && is_unserved(list.kind(), *error)) {
      result.unserved.push_back(&list.kind());
    } else if (error) {
      if (version.empty() || !cannot_be_exact(*error)) unread.push_back({&list.kind(), *error});
      result.at_one_version = false;
    } else {
      if (!version.empty() && list.version() != version) result.at_one_version = false;
      result.lists[list.kind().type()] = list.take_items();
    }
  }
  if (!unread.empty()) throw_unreadable(unread);
  return result;
}

Collected collect(const Kubectl& kubectl, std::string_view ns, std::span<const Kind* const> kinds,
                  const std::string& version, Detail detail) {
  Lists lists(ns, kinds, version, detail);
  read_lists(kubectl, lists.each);
  return collected(std::move(lists));
}

// Reads the first list, and what is read beside it. As soon as that tells its version, which is
// long before it ends, the others are asked for at that one by `others_at`; returns those, or none.
Lists read_with_first(const Kubectl& kubectl, KindList& first, const Beside& beside,
                      const std::function<Lists(std::string version)>& others_at) {
  std::vector<Get> gets = {first.get()};
  for (const auto& path : beside.paths) gets.push_back({path});
  std::vector<Reply> replies(beside.paths.size());
  Lists others;
  const auto take = [&](std::size_t index, Reply reply) {
    if (index == 0) {
      first.take(std::move(reply));
    } else if (index < gets.size()) {
      replies[index - 1] = std::move(reply);
    } else {
      others.each[index - gets.size()].take(std::move(reply));
    }
  };
  kubectl.get_each(gets, take, [&](std::size_t index, std::string_view head) {
    std::vector<Get> more;
    if (index != 0) return more;
    const auto version = data::peek_string(head, {"metadata", "resourceVersion"});
    if (!version || version->empty()) return more;
    others = others_at(*version);
    for (const auto& list : others.each) more.push_back(list.get());
    return more;
  });
  if (beside.take) beside.take(replies);
  return others;
}

// What two collections must agree on to count as one moment: every incarnation and version of every
// object.
std::set<std::string> fingerprint(const Objects& lists) {
  std::set<std::string> prints;
  for (const auto& [kind, items] : lists) {
    for (const auto& item : items) {
      prints.insert(kind + "/" + uid_of(item) + "@" + resource_version_of(item));
    }
  }
  return prints;
}

Collected collect_twice(const Kubectl& kubectl, std::string_view ns,
                        std::span<const Kind* const> kinds, Detail detail) {
  Collected before = collect(kubectl, ns, kinds, {}, detail);
  for (int i = 1; i < k_collections; ++i) {
    Collected after = collect(kubectl, ns, kinds, {}, detail);
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
  const auto& items = of(type);
  const auto item = std::ranges::lower_bound(items, name, {}, object_name);
  return item != items.end() && name_of(*item) == name ? &*item : nullptr;
}

Snapshot read_snapshot(const Kubectl& kubectl, std::string_view ns,
                       std::span<const Kind* const> kinds, const Beside& beside, Detail detail) {
  Snapshot snapshot;
  if (kinds.empty()) return snapshot;
  KindList first(*kinds.front(), ns, {}, detail);
  const auto others = kinds.subspan(1);
  Lists read = read_with_first(kubectl, first, beside, [&](std::string version) {
    return Lists(ns, others, std::move(version), detail);
  });
  if (first.error()) throw_unreadable({{&first.kind(), *first.error()}});
  const std::string& version = first.version();
  Collected rest;
  // The first can have been read anew since it told its version.
  if (!version.empty())
    rest = read.version == version ? collected(std::move(read))
                                   : collect(kubectl, ns, others, version, detail);
  if (!version.empty() && rest.at_one_version) {
    rest.lists[first.kind().type()] = first.take_items();
    snapshot.m_resource_version = version;
  } else {
    rest = collect_twice(kubectl, ns, kinds, detail);
  }
  snapshot.m_lists = std::move(rest.lists);
  for (auto& [type, items] : snapshot.m_lists) {
    // The API server's own order, so that there is seldom anything to do.
    if (!std::ranges::is_sorted(items, {}, object_name)) std::ranges::sort(items, {}, object_name);
  }
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
  std::vector<const Kind*> result;
  for (const auto& kind : kinds()) {
    if (kind.namespaced && kind.capture == Capture::never) result.push_back(&kind);
  }
  std::ranges::move(captured_kinds(), std::back_inserter(result));
  return result;
}

}  // namespace dr::kube
