#include "common/kube/derived.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

struct Derived {
  std::string_view resource;
  std::string_view kind;
  std::string_view reason;
};

constexpr std::array k_derived = {
    Derived{"secrets", "Secret", "Secrets are never read"},
    Derived{"pods", "Pod", "made by workloads"},
    Derived{"replicasets.apps", "ReplicaSet", "made by Deployments"},
    Derived{"controllerrevisions.apps", "ControllerRevision",
            "made by StatefulSets and DaemonSets"},
    Derived{"events", "Event", "a log, not state"},
    Derived{"events.events.k8s.io", "Event", "a log, not state"},
    Derived{"leases.coordination.k8s.io", "Lease", "heartbeats of programs that run"},
    Derived{"csistoragecapacities.storage.k8s.io", "CSIStorageCapacity", "made by storage drivers"},
    Derived{"policyreports.wgpolicyk8s.io", "PolicyReport", "made by policy engines"},
    Derived{"ephemeralreports.reports.kyverno.io", "EphemeralReport", "made by policy engines"},
    Derived{"ciliumendpoints.cilium.io", "CiliumEndpoint", "made from pods"},
};

constexpr std::array<std::string_view, 3> k_derived_groups = {
    "metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"};

}  // namespace

std::string_view derived_reason(const Resource& resource) {
  if (is_derived_group(group_of(resource.api_version))) return "measured, not state";
  const std::string name = resource.name();
  const auto row = std::find_if(k_derived.begin(), k_derived.end(),
                                [&](const Derived& one) { return one.resource == name; });
  return row == k_derived.end() ? std::string_view{} : row->reason;
}

bool is_derived_group(std::string_view group) {
  return std::find(k_derived_groups.begin(), k_derived_groups.end(), group) !=
         k_derived_groups.end();
}

bool is_derived_kind(std::string_view kind) {
  return std::any_of(k_derived.begin(), k_derived.end(),
                     [&](const Derived& row) { return row.kind == kind; });
}

}  // namespace dr::kube
