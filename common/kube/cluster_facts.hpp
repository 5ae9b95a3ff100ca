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

}  // namespace dr::kube
