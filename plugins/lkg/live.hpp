#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/kube/kubectl.hpp"
#include "common/kube/ownership.hpp"
#include "common/kube/snapshot.hpp"

namespace dr::lkg {

// The namespace as it is: what an LKG holds or would hold, and the pods and revisions that explain
// it.
struct Live {
  std::optional<Json> ns;  // the Namespace object
  kube::Snapshot snapshot;
  std::vector<Json> priority_classes;  // the named ones that exist

  const Json* find(std::string_view kind, std::string_view name) const;
  kube::Ownership ownership() const;  // must not outlive this
};

// Reads one consistent state. `priority_classes` are read besides those that the workloads name.
Live read_live(const kube::Kubectl& kubectl, const std::set<std::string>& priority_classes = {});

// Only what the LKG's kinds need, without pods and revisions.
Live read_live_objects(const kube::Kubectl& kubectl, const std::set<std::string>& priority_classes);

// Whether an object of a captured kind is the user's: not owned by a controller, and not one that
// every namespace gets (ConfigMap kube-root-ca.crt, an unmodified ServiceAccount default).
bool belongs_to_lkg(const Json& live_object);

// All such objects, the Namespace and the PriorityClasses that workloads name included, in the
// order of the table of kinds (the Namespace, then the switch, first) and by name.
std::vector<const Json*> lkg_objects(const Live& live);

}  // namespace dr::lkg
