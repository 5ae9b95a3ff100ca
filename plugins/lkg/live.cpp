#include "plugins/lkg/live.hpp"

#include <algorithm>
#include <array>
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

std::optional<Json> read_namespace(const kube::Kubectl& kubectl) {
  const auto& ns = kubectl.target().ns;
  auto object =
      kubectl.find(kube::object_path(*kube::find_kind("Namespace"), {}, ns), "Namespace/" + ns);
  if (object) fill_in_type(*object, "Namespace");
  return object;
}

// Kubernetes ships system-* classes with every cluster.
bool is_builtin_class(const std::string& name) {
  return name.starts_with("system-");
}

std::set<std::string> named_classes(const kube::Snapshot& snapshot) {
  std::vector<Json> workloads;
  for (const auto& kind : kube::kinds()) {
    if (kind.capture != kube::Capture::always) continue;
    for (const auto& object : snapshot.of(kind.kind)) {
      if (kube::pod_template_of(object) != nullptr) workloads.push_back(object);
    }
  }
  return kube::references_of(workloads).priority_classes;
}

// One list, however many names.
std::vector<Json> read_priority_classes(const kube::Kubectl& kubectl, std::set<std::string> names) {
  std::erase_if(names, is_builtin_class);
  if (names.empty()) return {};
  const auto& kind = *kube::find_kind("PriorityClass");
  const Json list = kubectl.get(kube::list_path(kind, {}), "priorityclasses");
  std::vector<Json> classes;
  for (Json object : data::array_or_empty(list, {"items"})) {
    if (!names.contains(kube::name_of(object))) continue;
    fill_in_type(object, "PriorityClass");
    classes.push_back(std::move(object));
  }
  return classes;
}

Live read(const kube::Kubectl& kubectl, std::set<std::string> priority_classes,
          const std::vector<const kube::Kind*>& kinds) {
  Live live;
  live.ns = read_namespace(kubectl);
  live.snapshot = kube::read_snapshot(kubectl, kubectl.target().ns, kinds);
  priority_classes.merge(named_classes(live.snapshot));
  live.priority_classes = read_priority_classes(kubectl, std::move(priority_classes));
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

const Json* Live::find(std::string_view kind, std::string_view name) const {
  if (kind == "Namespace") return ns && kube::name_of(*ns) == name ? &*ns : nullptr;
  if (kind != "PriorityClass") return snapshot.find(kind, name);
  const auto found =
      std::find_if(priority_classes.begin(), priority_classes.end(),
                   [&](const Json& candidate) { return kube::name_of(candidate) == name; });
  return found == priority_classes.end() ? nullptr : &*found;
}

kube::Ownership Live::ownership() const {
  return {snapshot.of("Pod"), snapshot.of("ReplicaSet"), snapshot.of("ControllerRevision"),
          snapshot.of("Job")};
}

Live read_live(const kube::Kubectl& kubectl, const std::set<std::string>& priority_classes) {
  return read(kubectl, priority_classes, kube::captured_and_derived_kinds());
}

Live read_live_objects(const kube::Kubectl& kubectl,
                       const std::set<std::string>& priority_classes) {
  return read(kubectl, priority_classes, kube::captured_kinds());
}

bool belongs_to_lkg(const Json& live_object) {
  if (kube::controller_of(live_object) != nullptr) return false;
  const std::string& kind = data::string_at(live_object, {"kind"});
  const std::string& name = kube::name_of(live_object);
  if (kind == "ConfigMap" && name == "kube-root-ca.crt") return false;
  return !(kind == "ServiceAccount" && name == "default" && is_unmodified(live_object));
}

std::vector<const Json*> lkg_objects(const Live& live) {
  std::vector<const Json*> objects;
  if (live.ns) objects.push_back(&*live.ns);
  const Json* kill_switch = live.find("ConfigMap", kube::k_switch_name);
  if (kill_switch != nullptr) objects.push_back(kill_switch);
  for (const auto& kind : kube::kinds()) {
    const bool named = kind.kind == "PriorityClass";
    if (kind.capture != kube::Capture::always && !named) continue;
    std::vector<const Json*> of_kind;
    for (const auto& object : named ? live.priority_classes : live.snapshot.of(kind.kind)) {
      if (&object != kill_switch && belongs_to_lkg(object)) of_kind.push_back(&object);
    }
    std::sort(of_kind.begin(), of_kind.end(),
              [](const Json* a, const Json* b) { return kube::name_of(*a) < kube::name_of(*b); });
    objects.insert(objects.end(), of_kind.begin(), of_kind.end());
  }
  return objects;
}

}  // namespace dr::lkg
