#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/lkg/restore/plan.hpp"

namespace dr::lkg {

// What a cluster gives out to a Service: a cluster IP, a node port, a health check port.
struct Address {
  std::string pointer;       // "/spec/ports/0/nodePort"
  Json value;                // null of a new one
  std::string_view outcome;  // "kept"; "requested", the LKG's; "new", the cluster gives out another
};

// What a planned Service has of them after the restore; empty for another kind.
std::vector<Address> addresses_of(const PlannedObject& planned, kube::Allocated allocated);

}  // namespace dr::lkg
