#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/kube/api_error.hpp"
#include "common/kube/cluster_facts.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::kube {

// One resource that the API server serves, in the version that it prefers.
struct Resource {
  std::string api_version;               // "apps/v1"
  std::string kind;                      // "Deployment"
  std::string plural;                    // "deployments"
  std::vector<std::string> short_names;  // "deploy"
  bool namespaced = false;
  bool listable = false;
  bool writable = false;  // objects of it can be created and replaced

  std::string name() const;  // "deployments.apps", "configmaps"
};

// A group whose own API server does not answer, so that what it serves is not known.
struct DeadGroup {
  std::string group_version;  // "metrics.k8s.io/v1beta1"
  ApiError error;
};

struct Discovery {
  std::vector<Resource> resources;  // without subresources
  std::vector<DeadGroup> dead;
};

// What the API server serves, by one `kubectl api-resources` beside one GET of the list of groups.
// kubectl leaves a group out without a word when its server does not answer (aggregated discovery,
// measured with 1.32 and 1.36), so a group of the list without any resource is asked once more by
// itself. Throws Error(failed) when the API server itself cannot be asked.
Discovery discover(const Kubectl& kubectl);

// Rows of `kubectl api-resources -o wide --no-headers`. Throws Error(failed) naming the line that
// is not of that form.
std::vector<Resource> parse_api_resources(std::string_view text);

}  // namespace dr::kube
