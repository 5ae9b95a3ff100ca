#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kube/kubectl.hpp"
#include "common/kube/ownership.hpp"
#include "common/kube/snapshot.hpp"
#include "common/lkg/lkg.hpp"

namespace dr::lkg {

// The namespace as it is: what an LKG holds or would hold, and the pods and revisions that explain
// it.
struct Live {
  std::optional<Json> ns;  // the Namespace object
  kube::Snapshot snapshot;
  // What is read only where something has a use for it: the PriorityClasses that are named, and the
  // Endpoints and EndpointSlices that somebody wrote for a Service without a selector.
  // By kind.
  std::map<std::string, std::vector<Json>, std::less<>> referenced;

  std::vector<const kube::Kind*> custom_kinds;  // those that were read
  std::string server_version;                   // "v1.36.3"; empty when it may not be read

  // By type, "Deployment" or "Widget.example.com", or by key.
  const Json* find(std::string_view type, std::string_view name) const;
  const Json* find(const kube::ObjectKey& key) const { return find(key.type(), key.name); }
  kube::Ownership ownership() const;  // must not outlive this
};

// Reads one consistent state.
Live read_live(const kube::Kubectl& kubectl);

// The same with the custom resources of these kinds, in no more detail than an LKG and the proof of
// its images need. A custom kind that is not served has no objects (Snapshot::unserved).
Live read_live_to_capture(const kube::Kubectl& kubectl,
                          const std::vector<const kube::Kind*>& custom_kinds);

// The same for a comparison with an LKG: with the kinds of custom resources that it holds, and what
// it references, besides what is referenced now.
Live read_live(const kube::Kubectl& kubectl, const Lkg& lkg);

// Only what the LKG's kinds need, without pods and revisions.
Live read_live_objects(const kube::Kubectl& kubectl, const Lkg& lkg);

// A Service that no controller makes endpoints for: somebody else does.
bool lacks_selector(const Json& service);

// The Service that endpoints are of; empty for another kind.
std::string service_of_endpoints(const Json& object);

// Whether an object of a captured kind is the user's: not owned by a controller, and not one that
// every namespace gets (ConfigMap kube-root-ca.crt, an unmodified ServiceAccount default).
bool belongs_to_lkg(const Json& live_object);

// All such objects, the Namespace and what is referenced included, in the
// order of the table of kinds (the Namespace, then the switch, first), then the custom ones by
// type, each by name.
std::vector<const Json*> lkg_objects(const Live& live);

}  // namespace dr::lkg
