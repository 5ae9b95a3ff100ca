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
// the items with apiVersion and kind, or an error of that resource alone. Reads them in
// Kubectl::k_parallel processes, each of which lists several resources, and where one of those
// fails, its resources one by one: the process, not the request, is what costs (measured: 22 lists
// in 4 processes take an eighth of 22 processes).
std::vector<Reply> list_all(const Kubectl& kubectl, std::span<const ListedResource> resources);

}  // namespace dr::kube
