#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"

namespace dr::kube {

// Which object: enough to address it on one cluster.
struct ObjectKey {
  std::string api_version;  // "apps/v1"
  std::string kind;         // "Deployment"
  std::string ns;           // empty for cluster-scoped objects
  std::string name;

  auto operator<=>(const ObjectKey&) const = default;
  std::string type() const;
  std::string display() const;  // "Deployment/web": for messages, so printable
};

// What tells a kind from all others: "Deployment" for one of Kubernetes itself, and with its group,
// "Widget.example.com", for one of custom resources, which may have the name of a built-in one
// (Knative has a Service).
std::string type_of(std::string_view api_version, std::string_view kind);

// All of them throw Error(failed) when a required member is missing or of the wrong type
// (common/data/json.hpp).

ObjectKey key_of(const Json& object);
std::string display(const Json& object);  // as of its key, for messages; never throws
const std::string& name_of(const Json& object);
const std::string& uid_of(const Json& object);
const std::string& resource_version_of(const Json& object);

// Gives an object its type, which the items of a list and what `get --raw` reads do not carry.
void set_type(Json& object, std::string_view api_version, std::string_view kind);

// The owner reference with controller: true, or nullptr.
const Json* controller_of(const Json& object);
bool is_controlled_by(const Json& object, const std::string& owner_uid);

// The entry of status.conditions with that type, or nullptr; and whether it is there with that
// status.
const Json* condition_of(const Json& object, std::string_view type);
bool condition_is(const Json& object, std::string_view type, std::string_view status);

// The pod template of a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob; nullptr for
// other kinds.
const Json* pod_template_of(const Json& object);
Json* pod_template_of(Json& object);

// The init containers of a pod or a pod template, then its containers.
std::vector<const Json*> containers_of(const Json& pod);

}  // namespace dr::kube
