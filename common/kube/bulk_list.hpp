#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/kube/kubectl.hpp"

namespace dr::kube {

// A namespaced resource to list.
struct ListedResource {
  std::string api_version;  // "apps/v1"
  std::string kind;         // "Deployment"
  std::string plural;       // "deployments"
};

// The lists of many resources in kubectl's namespace, in order: each Reply holds {"items": [...]},
// the items with apiVersion and kind, which a list leaves out, or an error of that resource alone.
std::vector<Reply> list_all(const Kubectl& kubectl, std::span<const ListedResource> resources);

}  // namespace dr::kube
