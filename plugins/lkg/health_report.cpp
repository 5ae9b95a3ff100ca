#include "plugins/lkg/health_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "common/base/error.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"
#include "plugins/lkg/restore_timeline.hpp"
#include "plugins/lkg/status/read_cluster.hpp"
#include "plugins/lkg/status/verdict.hpp"
#include "plugins/lkg/warning_event.hpp"

namespace dr::lkg {
namespace {

struct List {
  std::string_view kind;
  std::string_view api_version;
  std::string_view plural;
  std::string path;
  std::vector<Json> HealthFacts::* items;
};

List list_of(std::string_view kind_name, const std::string& ns,
             std::vector<Json> HealthFacts::* items) {
  const kube::Kind& kind = *kube::find_kind(kind_name);
  return {kind.kind, kind.api_version, kind.plural, kube::list_path(kind, ns), items};
}

List warning_events(const std::string& ns) {
  return {"Event", "v1", "events", warning_events_path(ns), &HealthFacts::warning_events};
}

std::vector<List> lists_of(const std::string& ns) {
  return {list_of("Deployment", ns, &HealthFacts::deployments),
          list_of("StatefulSet", ns, &HealthFacts::stateful_sets),
          list_of("DaemonSet", ns, &HealthFacts::daemon_sets),
          list_of("ReplicaSet", ns, &HealthFacts::replica_sets),
          list_of("ControllerRevision", ns, &HealthFacts::controller_revisions),
          list_of("Pod", ns, &HealthFacts::pods),
          list_of("HorizontalPodAutoscaler", ns, &HealthFacts::autoscalers),
          list_of("PersistentVolumeClaim", ns, &HealthFacts::claims),
          {"Node", "v1", "nodes", "/api/v1/nodes?limit=500", &HealthFacts::nodes},
          warning_events(ns)};
}

// An answer that is not JSON throws, and would take the others with it: then each is asked alone.
std::vector<kube::Reply> read_all(const kube::Kubectl& kubectl,
                                  std::span<const std::string> paths) {
  try {
    return kubectl.get_all(paths);
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): what it says comes again below
  }
  std::vector<kube::Reply> replies;
  for (const std::string& path : paths) {
    try {
      replies.push_back(std::move(kubectl.get_all(std::span(&path, 1)).front()));
    } catch (const Error& error) {
      replies.push_back({nullptr, kube::ApiError{kube::ApiReason::other, error.what()}});
    }
  }
  return replies;
}

// The items of a raw list, which carry neither kind nor apiVersion. Throws Error(failed) on an item
// that has no name or uid, which everything below relies on.
std::vector<Json> items_of(const List& list, Json reply) {
  const auto found = reply.find("items");
  if (found == reply.end()) throw Error(ExitCode::failed, "the answer is not a list");
  std::vector<Json> items;
  if (found->is_null()) return items;
  for (Json& item : *found) {
    kube::uid_of(item);
    kube::name_of(item);
    kube::set_type(item, list.api_version, list.kind);
    items.push_back(std::move(item));
  }
  std::sort(items.begin(), items.end(),
            [](const Json& a, const Json& b) { return kube::name_of(a) < kube::name_of(b); });
  return items;
}

// The server cuts a list at the limit by name, so the newest of many events may be among the rest.
void note_cut(const List& list, const Json& reply, HealthFacts& facts) {
  if (data::string_or(reply, {"metadata", "continue"}, "").empty()) return;
  facts.gaps.push_back(fmt::format("only the first {} {} were read; there are more",
                                   data::array_or_empty(reply, {"items"}).size(), list.plural));
}

void take_list(const List& list, kube::Reply reply, HealthFacts& facts) {
  try {
    if (reply.error) throw Error(ExitCode::failed, reply.error->text);
    note_cut(list, reply.value, facts);
    facts.*list.items = items_of(list, std::move(reply.value));
  } catch (const Error& error) {
    facts.gaps.push_back(fmt::format("{}: {}", list.plural, error.what()));
  }
}

const std::string& switch_object() {
  static const std::string object = "ConfigMap/" + std::string(kube::k_switch_name);
  return object;
}

std::string value_of_switch(const kube::Reply& reply) {
  if (reply.error) {
    throw Error(ExitCode::failed, reply.error->reason == kube::ApiReason::not_found
                                      ? switch_object() + " does not exist"
                                      : switch_object() + ": " + reply.error->text);
  }
  const Json* value = data::find(reply.value, {"data", kube::k_switch_key});
  if (value == nullptr || !value->is_string()) {
    throw Error(ExitCode::failed,
                fmt::format("{} has no key {}", switch_object(), kube::k_switch_key));
  }
  return value->get<std::string>();
}

void take_switch(const kube::Reply& reply, HealthFacts& facts) {
  try {
    facts.kill_switch = value_of_switch(reply);
    if (data::has(reply.value, {"metadata", "deletionTimestamp"})) {
      facts.gaps.push_back(switch_object() + " is being deleted");
    }
  } catch (const Error& error) {
    facts.gaps.emplace_back(error.what());
  }
}

// Newest first; those of the same second by their objects, so that the order is always the same.
std::vector<Json> newest(std::vector<Json> events, std::size_t limit) {
  std::vector<std::pair<WarningEvent, std::size_t>> read;
  for (std::size_t i = 0; i < events.size(); ++i) {
    read.emplace_back(read_warning_event(events[i]), i);
  }
  std::stable_sort(read.begin(), read.end(), [](const auto& a, const auto& b) {
    return std::tie(b.first.last_seen, a.first.object) <
           std::tie(a.first.last_seen, b.first.object);
  });
  std::vector<Json> kept;
  for (const auto& [event, index] : std::span(read).first(std::min(limit, read.size()))) {
    kept.push_back(std::move(events[index]));
  }
  return kept;
}

void keep_newest_events(HealthFacts& facts, std::size_t limit) {
  try {
    facts.warning_events = newest(std::exchange(facts.warning_events, {}), limit);
  } catch (const Error& error) {
    facts.gaps.push_back(fmt::format("events: {}", error.what()));
  }
}

// Reads that fail are gaps, named by what they are of.
template <typename Read>
void read_or_gap(std::string_view what, HealthFacts& facts, Read read) {
  try {
    read();
  } catch (const Error& error) {
    facts.gaps.push_back(fmt::format("{}: {}", what, error.what()));
  }
}

}  // namespace

HealthFacts gather_health(const kube::Kubectl& kubectl, const os::GitFacts& git, UtcTime now,
                          std::size_t event_limit) {
  HealthFacts facts;
  facts.generated = now;
  facts.git = git;
  facts.target = kubectl.target();

  const std::string& ns = facts.target.ns;
  const std::vector<List> lists = lists_of(ns);
  std::vector<std::string> paths = {
      kube::object_path(*kube::find_kind("ConfigMap"), ns, kube::k_switch_name)};
  for (const List& list : lists) paths.push_back(list.path);

  std::vector<kube::Reply> replies = read_all(kubectl, paths);
  take_switch(replies.front(), facts);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    take_list(lists[i], std::move(replies[i + 1]), facts);
  }
  read_or_gap("failing pods", facts, [&] {
    facts.failing = failing_pods(facts.pods, facts.warning_events);
    read_logs(kubectl, facts.failing);
  });
  keep_newest_events(facts, event_limit);
  return facts;
}

void gather_status(const kube::Kubectl& kubectl, const std::filesystem::path& root,
                   const LkgStore& lkgs, HealthFacts& facts) {
  const std::string& ns = facts.target.ns;
  read_or_gap("status", facts, [&] {
    facts.status = read_status(kubectl, read_disk(root, ns, lkgs), facts.generated);
    for (const Gap& gap : gaps_of(*facts.status)) {
      facts.gaps.push_back(fmt::format("status of {}: {}", gap.part, gap.reason));
    }
  });
  read_or_gap("timeline", facts, [&] { facts.timeline = read_timeline(root, ns); });
  read_or_gap("ledger", facts, [&] { facts.ledger = expected_time(Ledger(root).entries()); });
}

std::vector<std::string> gaps_of_namespace(const HealthFacts& facts) {
  std::vector<std::string> gaps;
  std::copy_if(facts.gaps.begin(), facts.gaps.end(), std::back_inserter(gaps),
               [](const std::string& gap) {
                 return !gap.starts_with("nodes: ") && !gap.starts_with("status of fence: ");
               });
  return gaps;
}

}  // namespace dr::lkg
