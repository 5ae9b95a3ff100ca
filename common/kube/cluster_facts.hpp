#pragma once

#include <string>

#include "common/kube/kubectl.hpp"

namespace dr::kube {

// What a cluster says of itself; parts that may not be read are empty.
struct ClusterFacts {
  std::string uid;  // of namespace kube-system, the identity of a cluster
  std::string server_version;
};

// Throws Error(failed) on any failure but a refusal.
ClusterFacts read_cluster_facts(const Kubectl& kubectl);

// Where a write would go: which cluster, and whether the target's namespace is there.
struct Place {
  std::string cluster_uid;  // empty when it may not be read
  bool namespace_exists = false;
};
// In one round. Throws as read_cluster_facts does, and when the namespace may not be read.
Place read_place(const Kubectl& kubectl);

}  // namespace dr::kube
