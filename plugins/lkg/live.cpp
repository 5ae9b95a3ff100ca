#include "plugins/lkg/live.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "common/base/error.hpp"
#include "common/kube/field_rules.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/references.hpp"

namespace dr::lkg {
namespace {

void fill_in_type(Json& object, std::string_view kind_name) {
  const auto& kind = *kube::find_kind(kind_name);
  kube::set_type(object, kind.api_version, kind.kind);
}

// The Namespace, and what the server is.
std::vector<std::string> place_paths(const std::string& ns) {
  return {kube::object_path(*kube::find_kind("Namespace"), {}, ns), "/version"};
}

void take_place(const std::string& ns, std::span<kube::Reply> replies, Live& live) {
  if (!replies[1].error)
    live.server_version = data::string_or(replies[1].value, {"gitVersion"}, "");
  auto& [object, error] = replies[0];
  if (error && error->reason == kube::ApiReason::not_found) return;
  if (error) throw Error(ExitCode::failed, "failed to read Namespace/" + ns + ": " + error->text);
  fill_in_type(object, "Namespace");
  live.ns = std::move(object);
}

// Kubernetes ships system-* classes with every cluster.
bool is_builtin_class(const std::string& name) {
  return name.starts_with("system-");
}

std::set<std::string> named_classes(const kube::Snapshot& snapshot) {
  std::set<std::string> names;
  for (const auto& kind : kube::kinds()) {
    if (kind.capture != kube::Capture::always) continue;
    for (const auto& object : snapshot.of(kind.kind)) {
      const Json* pod_template = kube::pod_template_of(object);
      if (pod_template == nullptr) continue;
      auto name = data::string_or(*pod_template, {"spec", "priorityClassName"}, "");
      if (!name.empty() && !is_builtin_class(name)) names.insert(std::move(name));
    }
  }
  return names;
}

using Names = std::set<std::string>;

// Endpoints of pods are a program's, which makes them again.
bool has_pods(const Json& endpoints, std::string_view list) {
  const auto& entries = data::array_or_empty(endpoints, {list});
  return std::any_of(entries.begin(), entries.end(),
                     [](const Json& entry) { return data::has(entry, {"targetRef"}); });
}

bool is_of_pods(const Json& object) {
  const auto& subsets = data::array_or_empty(object, {"subsets"});
  return has_pods(object, "endpoints") ||
         std::any_of(subsets.begin(), subsets.end(), [](const Json& subset) {
           return has_pods(subset, "addresses") || has_pods(subset, "notReadyAddresses");
         });
}

// What a read looks for besides the kinds of the table.
struct Scope {
  std::map<std::string, Names> referenced;  // names by kind
  std::vector<const kube::Kind*> custom_kinds;
};

Names services_without_selector(const kube::Snapshot& snapshot) {
  Names names;
  for (const auto& service : snapshot.of("Service")) {
    if (lacks_selector(service)) names.insert(kube::name_of(service));
  }
  return names;
}

// One list of each kind that something has a use for.
void read_referenced(const kube::Kubectl& kubectl, const std::map<std::string, Names>& names,
                     Live& live) {
  const Names services = services_without_selector(live.snapshot);
  std::vector<const kube::Kind*> wanted;
  for (const auto& kind : kube::kinds()) {
    if (kind.capture != kube::Capture::referenced) continue;
    if (names.contains(kind.kind) || (kind.namespaced && !services.empty()))
      wanted.push_back(&kind);
  }
  const auto snapshot = kube::read_snapshot(kubectl, kubectl.target().ns, wanted);
  for (const auto* kind : wanted) {
    const auto named = names.find(kind->kind);
    for (const auto& object : snapshot.of(kind->kind)) {
      if ((named != names.end() && named->second.contains(kube::name_of(object))) ||
          (services.contains(service_of_endpoints(object)) && !is_of_pods(object)))
        live.referenced[kind->kind].push_back(object);
    }
  }
}

Scope scope_of(const Lkg& lkg) {
  Scope scope;
  for (const auto& object : lkg.objects) {
    const kube::Kind& kind = kube::kind_of(object);
    if (kind.capture == kube::Capture::referenced)
      scope.referenced[kind.kind].insert(kube::name_of(object));
  }
  scope.custom_kinds = lkg.custom_kinds;
  return scope;
}

Live read(const kube::Kubectl& kubectl, Scope scope, std::vector<const kube::Kind*> kinds,
          kube::Detail detail = kube::Detail::judged) {
  Live live;
  const auto& ns = kubectl.target().ns;
  kinds.insert(kinds.end(), scope.custom_kinds.begin(), scope.custom_kinds.end());
  live.snapshot = kube::read_snapshot(
      kubectl, ns, kinds,
      {place_paths(ns), [&](std::span<kube::Reply> replies) { take_place(ns, replies, live); }},
      detail);
  live.custom_kinds = std::move(scope.custom_kinds);
  if (auto classes = named_classes(live.snapshot); !classes.empty())
    scope.referenced["PriorityClass"].merge(classes);
  read_referenced(kubectl, scope.referenced, live);
  return live;
}

// The ServiceAccount that the controller manager makes has a name and nothing else of the user's.
bool is_unmodified(const Json& service_account) {
  const Json content = kube::captured(service_account);
  static constexpr std::array<std::string_view, 3> k_given = {"apiVersion", "kind", "metadata"};
  const bool plain =
      std::all_of(content.items().begin(), content.items().end(), [](const auto& member) {
        return std::find(k_given.begin(), k_given.end(), member.key()) != k_given.end();
      });
  return plain && !data::has(content, {"metadata", "labels"}) &&
         !data::has(content, {"metadata", "annotations"});
}

}  // namespace

const Json* Live::find(std::string_view type, std::string_view name) const {
  if (type == "Namespace") return ns && kube::name_of(*ns) == name ? &*ns : nullptr;
  const auto list = referenced.find(type);
  if (list == referenced.end()) return snapshot.find(type, name);
  const auto found =
      std::find_if(list->second.begin(), list->second.end(),
                   [&](const Json& candidate) { return kube::name_of(candidate) == name; });
  return found == list->second.end() ? nullptr : &*found;
}

kube::Ownership Live::ownership() const {
  return {snapshot.of("Pod"), snapshot.of("ReplicaSet"), snapshot.of("ControllerRevision"),
          snapshot.of("Job")};
}

Live read_live(const kube::Kubectl& kubectl) {
  return read(kubectl, {}, kube::captured_and_derived_kinds());
}

Live read_live_to_capture(const kube::Kubectl& kubectl,
                          const std::vector<const kube::Kind*>& custom_kinds) {
  return read(kubectl, {{}, custom_kinds}, kube::captured_and_derived_kinds(), kube::Detail::brief);
}

Live read_live(const kube::Kubectl& kubectl, const Lkg& lkg) {
  return read(kubectl, scope_of(lkg), kube::captured_and_derived_kinds());
}

Live read_live_objects(const kube::Kubectl& kubectl, const Lkg& lkg) {
  return read(kubectl, scope_of(lkg), kube::captured_kinds());
}

bool lacks_selector(const Json& service) {
  return data::object_or_empty(service, {"spec", "selector"}).empty() &&
         data::string_or(service, {"spec", "type"}, "") != "ExternalName";
}

std::string service_of_endpoints(const Json& object) {
  const std::string& kind = data::string_at(object, {"kind"});
  if (kind == "Endpoints") return kube::name_of(object);
  if (kind != "EndpointSlice") return {};
  return data::string_or(object, {"metadata", "labels", "kubernetes.io/service-name"}, "");
}

bool belongs_to_lkg(const Json& live_object) {
  if (kube::controller_of(live_object) != nullptr) return false;
  const std::string type = kube::key_of(live_object).type();
  const std::string& name = kube::name_of(live_object);
  if (type == "ConfigMap" && name == "kube-root-ca.crt") return false;
  return !(type == "ServiceAccount" && name == "default" && is_unmodified(live_object));
}

std::vector<const Json*> lkg_objects(const Live& live) {
  std::vector<const Json*> objects;
  if (live.ns) objects.push_back(&*live.ns);
  const Json* kill_switch = live.find("ConfigMap", kube::k_switch_name);
  if (kill_switch != nullptr) objects.push_back(kill_switch);
  const auto add = [&](const std::vector<Json>& of_kind) {
    for (const auto& object : of_kind) {
      if (&object != kill_switch && belongs_to_lkg(object)) objects.push_back(&object);
    }
  };
  for (const auto& kind : kube::kinds()) {
    if (const auto list = live.referenced.find(kind.kind); list != live.referenced.end())
      add(list->second);
    if (kind.capture == kube::Capture::always) add(live.snapshot.of(kind.kind));
  }
  std::set<std::string> types;
  for (const auto* kind : live.custom_kinds) types.insert(kind->type());
  for (const auto& type : types) add(live.snapshot.of(type));
  return objects;
}

}  // namespace dr::lkg
