#include "common/kube/kinds.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>

#include "common/base/error.hpp"

namespace dr::kube {
namespace {

const std::string k_rbac = "rbac.authorization.k8s.io/v1";
const std::string k_networking = "networking.k8s.io/v1";

const std::vector<Kind>& table() {
  using enum Capture;
  static const std::vector<Kind> rows = {
      {"Namespace", "v1", "namespaces", "ns", false, always, Wave::ns, {}, {}},
      {"PriorityClass",
       "scheduling.k8s.io/v1",
       "priorityclasses",
       "pc",
       false,
       referenced,
       Wave::fences,
       {"/value", "/preemptionPolicy"},
       {}},
      {"ResourceQuota",
       "v1",
       "resourcequotas",
       "quota",
       true,
       always,
       Wave::fences,
       {"/spec/scopes"},
       {}},
      {"LimitRange", "v1", "limitranges", "limits", true, always, Wave::fences, {}, {}},
      {"NetworkPolicy",
       k_networking,
       "networkpolicies",
       "netpol",
       true,
       always,
       Wave::fences,
       {},
       {}},
      {"ServiceAccount", "v1", "serviceaccounts", "sa", true, always, Wave::identities, {}, {}},
      {"Role", k_rbac, "roles", "role", true, always, Wave::identities, {}, {}},
      {"RoleBinding",
       k_rbac,
       "rolebindings",
       "rolebinding",
       true,
       always,
       Wave::identities,
       {"/roleRef"},
       {}},
      {"ConfigMap", "v1", "configmaps", "cm", true, always, Wave::configuration, {}, {}},
      {"PersistentVolumeClaim",
       "v1",
       "persistentvolumeclaims",
       "pvc",
       true,
       always,
       Wave::configuration,
       {"/spec"},
       {"/spec/volumeAttributesClassName"}},
      {"Service",
       "v1",
       "services",
       "svc",
       true,
       always,
       Wave::services,
       {"/spec/clusterIP", "/spec/ipFamilies/0", "/spec/loadBalancerClass"},
       {}},
      // After the Services: one that still has a selector would have them overwritten.
      {"Endpoints", "v1", "endpoints", "ep", true, referenced, Wave::services, {}, {}},
      {"EndpointSlice",
       "discovery.k8s.io/v1",
       "endpointslices",
       "endpointslices",
       true,
       referenced,
       Wave::services,
       {"/addressType"},
       {}},
      {"Deployment",
       "apps/v1",
       "deployments",
       "deploy",
       true,
       always,
       Wave::workloads,
       {"/spec/selector"},
       {}},
      {"StatefulSet",
       "apps/v1",
       "statefulsets",
       "sts",
       true,
       always,
       Wave::workloads,
       {"/spec"},
       {"/spec/replicas", "/spec/ordinals", "/spec/template", "/spec/updateStrategy",
        "/spec/revisionHistoryLimit", "/spec/persistentVolumeClaimRetentionPolicy",
        "/spec/minReadySeconds"}},
      {"DaemonSet",
       "apps/v1",
       "daemonsets",
       "ds",
       true,
       always,
       Wave::workloads,
       {"/spec/selector"},
       {}},
      {"PodDisruptionBudget",
       "policy/v1",
       "poddisruptionbudgets",
       "pdb",
       true,
       always,
       Wave::policies,
       {},
       {}},
      {"HorizontalPodAutoscaler",
       "autoscaling/v2",
       "horizontalpodautoscalers",
       "hpa",
       true,
       always,
       Wave::policies,
       {},
       {}},
      {"Ingress", k_networking, "ingresses", "ingress", true, always, Wave::policies, {}, {}},
      {"CronJob", "batch/v1", "cronjobs", "cj", true, always, Wave::schedules, {}, {}},
      {"Pod", "v1", "pods", "po", true, never, Wave::none, {}, {}},
      {"ReplicaSet", "apps/v1", "replicasets", "rs", true, never, Wave::none, {}, {}},
      {"ControllerRevision",
       "apps/v1",
       "controllerrevisions",
       "controllerrevision",
       true,
       never,
       Wave::none,
       {},
       {}},
      {"Job", "batch/v1", "jobs", "job", true, never, Wave::none, {}, {}},
  };
  return rows;
}

// Rows never move once they are there.
struct Learnt {
  std::mutex mutex;
  std::deque<Kind> rows;

  const Kind* find(std::string_view api_version, std::string_view kind) {
    // The newest row: another server may know the kind by another plural.
    const auto row = std::find_if(rows.rbegin(), rows.rend(), [&](const Kind& one) {
      return one.kind == kind && one.api_version == api_version;
    });
    return row == rows.rend() ? nullptr : &*row;
  }
};
Learnt& learnt() {
  static Learnt learnt;
  return learnt;
}

bool is_under(std::string_view pointer, std::string_view prefix) {
  return pointer.starts_with(prefix) &&
         (pointer.size() == prefix.size() || pointer[prefix.size()] == '/');
}

bool any_covers(const std::vector<std::string_view>& prefixes, std::string_view pointer) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return is_under(pointer, prefix); });
}

std::string collection_path(std::string_view api_version, std::string_view plural,
                            std::string_view ns) {
  std::string path = group_of(api_version).empty() ? "/api/" : "/apis/";
  path += api_version;
  if (!ns.empty()) path.append("/namespaces/").append(ns);
  return path.append("/").append(plural);
}

std::string collection_path(const Kind& kind, std::string_view ns) {
  return collection_path(kind.api_version, kind.plural, kind.namespaced ? ns : "");
}

}  // namespace

std::string_view name_of(Wave wave) {
  static constexpr std::array<std::string_view, 11> names = {
      "namespace", "schedules", "fences",    "identities", "configuration", "services",
      "custom",    "workloads", "execution", "policies",   "none"};
  return names.at(static_cast<std::size_t>(wave));
}

std::string_view Kind::group() const {
  return group_of(api_version);
}

std::string Kind::type() const {
  return type_of(api_version, kind);
}

std::string Kind::name() const {
  return group().empty() ? plural : std::string(plural).append(".").append(group());
}

std::string Kind::resource_name() const {
  std::string name;
  std::transform(kind.begin(), kind.end(), std::back_inserter(name),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!group().empty()) name.append(".").append(group());
  return name;
}

std::span<const Kind> kinds() {
  return table();
}

const Kind* find_kind(std::string_view kind) {
  const auto& rows = table();
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const Kind& k) { return k.kind == kind; });
  return row == rows.end() ? nullptr : &*row;
}

const Kind& learn_kind(std::string_view api_version, std::string_view kind,
                       std::string_view plural) {
  auto& known = learnt();
  const std::lock_guard lock(known.mutex);
  const Kind* row = known.find(api_version, kind);
  if (row != nullptr && row->plural == plural) return *row;
  Kind custom;
  custom.kind = kind;
  custom.api_version = api_version;
  custom.plural = plural;
  custom.short_name = custom.name();
  custom.capture = Capture::always;
  custom.wave = Wave::custom;
  return known.rows.emplace_back(std::move(custom));
}

const Kind& kind_of(const ObjectKey& key) {
  const Kind* row = nullptr;
  if (is_builtin_group(group_of(key.api_version))) {
    row = find_kind(key.kind);
  } else {
    auto& known = learnt();
    const std::lock_guard lock(known.mutex);
    row = known.find(key.api_version, key.kind);
  }
  if (row == nullptr) {
    throw Error(ExitCode::failed,
                "failed to handle " + key.display() + ": its kind is not in the table of kinds");
  }
  return *row;
}

const Kind& kind_of(const Json& object) {
  return kind_of(key_of(object));
}

bool is_type(std::string_view word) {
  const auto dot = word.find('.');
  if (dot == std::string_view::npos) return find_kind(word) != nullptr;
  return dot > 0 && !is_builtin_group(word.substr(dot + 1));
}

bool is_workload(const Kind& kind) {
  return kind.wave == Wave::workloads;
}

bool is_builtin_group(std::string_view group) {
  static constexpr std::array<std::string_view, 23> k_groups = {"",
                                                                "admissionregistration.k8s.io",
                                                                "apiextensions.k8s.io",
                                                                "apiregistration.k8s.io",
                                                                "apps",
                                                                "authentication.k8s.io",
                                                                "authorization.k8s.io",
                                                                "autoscaling",
                                                                "batch",
                                                                "certificates.k8s.io",
                                                                "coordination.k8s.io",
                                                                "discovery.k8s.io",
                                                                "events.k8s.io",
                                                                "extensions",
                                                                "flowcontrol.apiserver.k8s.io",
                                                                "internal.apiserver.k8s.io",
                                                                "networking.k8s.io",
                                                                "node.k8s.io",
                                                                "policy",
                                                                "rbac.authorization.k8s.io",
                                                                "resource.k8s.io",
                                                                "scheduling.k8s.io",
                                                                "storage.k8s.io"};
  return std::find(k_groups.begin(), k_groups.end(), group) != k_groups.end();
}

std::string_view group_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view{} : api_version.substr(0, slash);
}

bool is_custom(const Json& object) {
  const Json* api_version = data::find(object, {"apiVersion"});
  if (api_version == nullptr || !api_version->is_string()) return false;
  return !is_builtin_group(group_of(api_version->get_ref<const std::string&>()));
}

std::string list_path(const Kind& kind, std::string_view ns) {
  return collection_path(kind, ns);
}

std::string list_path(std::string_view api_version, std::string_view plural, std::string_view ns) {
  return collection_path(api_version, plural, ns);
}

std::string object_path(const Kind& kind, std::string_view ns, std::string_view name) {
  return collection_path(kind, ns).append("/").append(name);
}

std::vector<data::Difference> immutable_changes(const Json& live,
                                                const std::vector<data::Difference>& differences) {
  const Kind& kind = kind_of(live);
  // An immutable ConfigMap lets only its metadata change (KEP-1412).
  const bool frozen = kind.kind == "ConfigMap" && data::boolean_or(live, {"immutable"}, false);
  std::vector<data::Difference> result;
  for (const auto& difference : differences) {
    const bool fixed = frozen ? !is_under(difference.pointer, "/metadata")
                              : any_covers(kind.immutable, difference.pointer) &&
                                    !any_covers(kind.but_mutable, difference.pointer);
    if (fixed) result.push_back(difference);
  }
  return result;
}

}  // namespace dr::kube
