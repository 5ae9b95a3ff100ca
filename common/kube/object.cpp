#include "common/kube/object.hpp"

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

// A text member for messages, "?" when there is none: a message must not fail on the object it
// complains about.
std::string text_for_display(const Json* object, std::string_view member) {
  if (object == nullptr || !object->is_object()) return "?";
  const auto found = object->find(member);
  if (found == object->end() || !found->is_string()) return "?";
  return printable(found->get_ref<const std::string&>());
}

const Json* metadata_for_display(const Json& object) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find("metadata");
  return found == object.end() ? nullptr : &*found;
}

// A custom resource may share a kind's name, so the group decides too.
bool has_template_in_spec(std::string_view api_version, std::string_view kind) {
  if (api_version.starts_with("batch/")) return kind == "Job";
  return api_version.starts_with("apps/") && (kind == "Deployment" || kind == "StatefulSet" ||
                                              kind == "DaemonSet" || kind == "ReplicaSet");
}

bool has_template_in_job_template(std::string_view api_version, std::string_view kind) {
  return api_version.starts_with("batch/") && kind == "CronJob";
}

const Json* required_object(const Json& object, data::Path path) {
  const Json* found = data::find(object, path);
  if (found == nullptr || !found->is_object()) {
    throw Error(ExitCode::failed, display(object) + ": no object at " + data::pointer(path));
  }
  return found;
}

}  // namespace

std::string ObjectKey::type() const {
  return type_of(api_version, kind);
}

std::string type_of(std::string_view api_version, std::string_view kind) {
  const auto group = group_of(api_version);
  std::string type(kind);
  if (!is_builtin_group(group)) type.append(".").append(group);
  return type;
}

ObjectKey key_of(const Json& object) {
  return {data::string_at(object, {"apiVersion"}), data::string_at(object, {"kind"}),
          data::string_or(object, {"metadata", "namespace"}, ""), name_of(object)};
}

std::string ObjectKey::display() const {
  return printable(type() + "/" + name);
}

std::string display(const Json& object) {
  return type_of(text_for_display(&object, "apiVersion"), text_for_display(&object, "kind")) + "/" +
         text_for_display(metadata_for_display(object), "name");
}

const std::string& name_of(const Json& object) {
  return data::string_at(object, {"metadata", "name"});
}

const std::string& uid_of(const Json& object) {
  return data::string_at(object, {"metadata", "uid"});
}

const std::string& resource_version_of(const Json& object) {
  return data::string_at(object, {"metadata", "resourceVersion"});
}

void set_type(Json& object, std::string_view api_version, std::string_view kind) {
  object["apiVersion"] = api_version;
  object["kind"] = kind;
}

const Json* controller_of(const Json& object) {
  for (const Json& owner : data::array_or_empty(object, {"metadata", "ownerReferences"})) {
    if (data::boolean_or(owner, {"controller"}, false)) return &owner;
  }
  return nullptr;
}

bool is_controlled_by(const Json& object, const std::string& owner_uid) {
  const Json* controller = controller_of(object);
  return controller != nullptr && data::string_at(*controller, {"uid"}) == owner_uid;
}

const Json* condition_of(const Json& object, std::string_view type) {
  for (const Json& condition : data::array_or_empty(object, {"status", "conditions"})) {
    if (data::string_at(condition, {"type"}) == type) return &condition;
  }
  return nullptr;
}

bool condition_is(const Json& object, std::string_view type, std::string_view status) {
  const Json* condition = condition_of(object, type);
  return condition != nullptr && data::string_at(*condition, {"status"}) == status;
}

const Json* pod_template_of(const Json& object) {
  const std::string& api_version = data::string_at(object, {"apiVersion"});
  const std::string& kind = data::string_at(object, {"kind"});
  if (has_template_in_spec(api_version, kind)) return required_object(object, {"spec", "template"});
  if (has_template_in_job_template(api_version, kind)) {
    return required_object(object, {"spec", "jobTemplate", "spec", "template"});
  }
  return nullptr;
}

Json* pod_template_of(Json& object) {
  // The object itself is not const, so neither is what was found in it.
  return const_cast<Json*>(pod_template_of(static_cast<const Json&>(object)));
}

std::vector<const Json*> containers_of(const Json& pod) {
  std::vector<const Json*> containers;
  for (const std::string_view list : {"initContainers", "containers"}) {
    for (const Json& container : data::array_or_empty(pod, {"spec", list}))
      containers.push_back(&container);
  }
  return containers;
}

}  // namespace dr::kube
