#include "common/kube/detail.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/kube/kill_switch.hpp"

namespace dr::kube {
namespace {

using Names = std::initializer_list<std::string_view>;

// The member of that name when it is of that type, so that a wrong one stays for its reader to
// refuse.
Json* member(Json& object, std::string_view name, Json::value_t type) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found != object.end() && found->type() == type ? &*found : nullptr;
}

void keep_only(Json& object, Names names) {
  auto& members = object.get_ref<Json::object_t&>();
  std::erase_if(members, [&](const auto& one) {
    return std::find(names.begin(), names.end(), one.first) == names.end();
  });
}

void keep_only_in(Json& object, std::string_view name, Names names) {
  if (Json* inner = member(object, name, Json::value_t::object)) keep_only(*inner, names);
}

void keep_only_in_each(Json& object, std::string_view name, Names names) {
  Json* list = member(object, name, Json::value_t::array);
  if (list == nullptr) return;
  for (Json& element : *list) {
    if (element.is_object()) keep_only(element, names);
  }
}

void make_metadata_brief(Json& object) {
  Json* metadata = member(object, "metadata", Json::value_t::object);
  if (metadata == nullptr) return;
  keep_only(*metadata, {"name", "namespace", "uid", "resourceVersion", "deletionTimestamp",
                        "labels", "annotations", "ownerReferences"});
  keep_only_in(*metadata, "labels", {"controller-revision-hash"});
  keep_only_in(*metadata, "annotations", {"deployment.kubernetes.io/revision"});
  keep_only_in_each(*metadata, "ownerReferences",
                    {"apiVersion", "kind", "name", "uid", "controller"});
}

// A condition that is as it should be tells nothing, but for Ready.
void make_conditions_brief(Json& status) {
  Json* conditions = member(status, "conditions", Json::value_t::array);
  if (conditions == nullptr) return;
  std::erase_if(conditions->get_ref<Json::array_t&>(), [](const Json& condition) {
    return data::string_or(condition, {"type"}, "") != "Ready" &&
           data::string_or(condition, {"status"}, "") == "True";
  });
}

// Where images and restarts are judged.
void make_status_brief(Json& status) {
  keep_only(status, {"phase", "reason", "message", "conditions", "containerStatuses",
                     "initContainerStatuses"});
  make_conditions_brief(status);
  for (const std::string_view list : {"containerStatuses", "initContainerStatuses"}) {
    keep_only_in_each(
        status, list,
        {"name", "imageID", "containerID", "ready", "restartCount", "state", "lastState"});
  }
}

void make_pod_brief(Json& pod) {
  make_metadata_brief(pod);
  if (Json* spec = member(pod, "spec", Json::value_t::object)) {
    keep_only(*spec, {"nodeName", "containers", "initContainers"});
    for (const std::string_view list : {"containers", "initContainers"})
      keep_only_in_each(*spec, list, {"name", "image"});
  }
  if (Json* status = member(pod, "status", Json::value_t::object)) make_status_brief(*status);
}

// What is of a wrong type stays for its reader to refuse.
bool may_name_switch(const Json& holder) {
  if (!holder.is_object()) return true;
  const auto source = holder.find("configMap");
  if (source == holder.end() || source->is_null()) return false;
  if (!source->is_object()) return true;
  const auto name = source->find("name");
  return name != source->end() && (!name->is_string() || *name == k_switch_name);
}

bool may_hold_switch(const Json& volume) {
  if (may_name_switch(volume)) return true;
  const auto projected = volume.find("projected");
  if (projected == volume.end() || projected->is_null()) return false;
  if (!projected->is_object()) return true;
  const auto sources = projected->find("sources");
  if (sources == projected->end() || sources->is_null()) return false;
  return !sources->is_array() || std::ranges::any_of(*sources, may_name_switch);
}

// Every pod has one with its token.
void drop_other_volumes(Json& spec) {
  Json* volumes = member(spec, "volumes", Json::value_t::array);
  if (volumes == nullptr) return;
  std::erase_if(volumes->get_ref<Json::array_t&>(),
                [](const Json& volume) { return !may_hold_switch(volume); });
  if (!volumes->empty()) return;
  for (const std::string_view list : {"containers", "initContainers"}) {
    Json* containers = member(spec, list, Json::value_t::array);
    if (containers == nullptr) continue;
    for (Json& container : *containers) {
      if (container.is_object()) container.erase("volumeMounts");
    }
  }
}

void reduce_pod(Json& pod, Detail detail) {
  if (detail == Detail::brief) make_pod_brief(pod);
  if (detail != Detail::judged) return;
  if (Json* spec = member(pod, "spec", Json::value_t::object)) drop_other_volumes(*spec);
  if (Json* status = member(pod, "status", Json::value_t::object)) make_status_brief(*status);
}

bool is_revision(std::string_view kind) {
  return kind == "ReplicaSet" || kind == "ControllerRevision";
}

// What a pod has most of, by its size in a list. The last four tell how it takes the switch.
constexpr std::array<std::string_view, 40> k_of_pods = {
    "managedFields",
    "annotations",
    "generateName",
    "blockOwnerDeletion",
    "resources",
    "tolerations",
    "affinity",
    "allocatedResources",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "securityContext",
    "dnsPolicy",
    "restartPolicy",
    "schedulerName",
    "enableServiceLinks",
    "preemptionPolicy",
    "priority",
    "serviceAccount",
    "serviceAccountName",
    "serviceAccountToken",
    "downwardAPI",
    "imagePullPolicy",
    "recursiveReadOnly",
    "qosClass",
    "observedGeneration",
    "podIPs",
    "hostIPs",
    "podIP",
    "hostIP",
    "startTime",
    "terminationGracePeriodSeconds",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "lastProbeTime",
    "env",
    "envFrom",
    "volumes",
    "volumeMounts",
};
constexpr std::size_t k_of_switch = 4;
constexpr std::array<std::string_view, 4> k_of_revisions = {"managedFields", "spec", "status",
                                                            "data"};
constexpr std::array<std::string_view, 1> k_writers = {"managedFields"};

std::span<const std::string_view> left_out_of_pod(Detail detail) {
  switch (detail) {
    case Detail::whole:
      return k_writers;
    case Detail::judged:
      return std::span(k_of_pods).first(k_of_pods.size() - k_of_switch);
    case Detail::brief:
      return k_of_pods;
  }
  throw std::logic_error("unreachable");
}

}  // namespace

std::span<const std::string_view> left_out(std::string_view kind, Detail detail) {
  if (kind == "Pod") return left_out_of_pod(detail);
  if (is_revision(kind)) return k_of_revisions;
  if (kind == "Job" || detail == Detail::brief) return k_writers;
  return {};
}

void reduce(Json& object, Detail detail) {
  const std::string kind = data::string_or(object, {"kind"}, "");
  if (kind == "Pod") {
    reduce_pod(object, detail);
  } else if (is_revision(kind)) {
    make_metadata_brief(object);
    keep_only(object, {"apiVersion", "kind", "metadata", "revision"});
  }
}

}  // namespace dr::kube
