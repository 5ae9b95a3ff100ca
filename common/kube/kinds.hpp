#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json_diff.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {

// Restore order: a wave is written and read back before the next one starts. Fences (network
// policies, quotas) come before anything that starts pods; schedules start pods by the clock,
// so a restore writes them early, suspended, and releases them at its end.
enum class Wave {
  ns,
  schedules,
  fences,
  identities,
  configuration,
  services,
  custom,  // all that they name is there, and what they bring (Secrets, policies) before any pod
  workloads,
  execution,  // the workloads that take the kill switch
  policies,
  none,  // never written by a restore
};
std::string_view name_of(Wave wave);

enum class Capture {
  always,      // part of an LKG
  referenced,  // part of an LKG when a captured object has a use for it (plugins/lkg/live.cpp)
  never,       // derived or transient: read to understand the captured ones
};

// One row is all there is to know of a kind. Everything that treats kinds differently reads it
// here.
struct Kind {
  std::string kind;         // "Deployment"
  std::string api_version;  // "apps/v1": the version we read and write
  std::string plural;       // "deployments"
  std::string
      short_name;  // kubectl's short name, else the singular or plural that users type: "deploy"
  bool namespaced = true;
  Capture capture = Capture::never;
  Wave wave = Wave::none;
  // JSON pointers that the API server refuses to change on an existing object (measured on 1.36;
  // k8s-semantics of each kind's validation), and those below them that it does let change.
  std::vector<std::string_view> immutable;
  std::vector<std::string_view> but_mutable;

  std::string_view group() const;  // "apps"; empty for the core group
  std::string type() const;        // as ObjectKey::type: "Deployment", "Widget.example.com"
  std::string name() const;        // "deployments.apps", "configmaps"
  // The name that kubectl prints with -o name, without "/<name>": "deployment.apps".
  std::string resource_name() const;
};

// The table: kinds of Kubernetes itself.
std::span<const Kind> kinds();
const Kind* find_kind(std::string_view kind);  // nullptr when it is not in the table
bool is_workload(const Kind& kind);            // Deployment, StatefulSet, DaemonSet

// The row of a kind of custom resources, which only an API server or an LKG can name. How a kind is
// called is a fact of its API, no state of a run: rows are only added and live as long as the
// process, and a kind that is learnt again has its row already.
const Kind& learn_kind(std::string_view api_version, std::string_view kind,
                       std::string_view plural);

// The row of an object, in the table or learnt. Throws Error(failed) when there is none.
const Kind& kind_of(const ObjectKey& key);
const Kind& kind_of(const Json& object);

// Whether a word is a type as a user writes it: "Deployment", or "Widget.example.com".
bool is_type(std::string_view word);

// An API group of Kubernetes itself, the core group ("") among them; every other one serves custom
// resources.
bool is_builtin_group(std::string_view group);
std::string_view group_of(std::string_view api_version);  // "apps" of "apps/v1", "" of "v1"
bool is_custom(const Json& object);  // by its apiVersion; without one it counts as built in

// API paths for `kubectl get --raw`.
std::string list_path(const Kind& kind, std::string_view ns);
std::string list_path(std::string_view api_version, std::string_view plural, std::string_view ns);
std::string object_path(const Kind& kind, std::string_view ns, std::string_view name);

// Those of `differences` (LKG on the left, live on the right) that no update can undo.
std::vector<data::Difference> immutable_changes(const Json& live,
                                                const std::vector<data::Difference>& differences);

}  // namespace dr::kube
