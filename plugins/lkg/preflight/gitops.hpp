#pragma once

#include <string>
#include <vector>

#include "common/data/json.hpp"

namespace dr::lkg {

// Something that keeps objects as its own source has them.
struct GitOpsOwner {
  std::string tool;  // "Argo CD", "Flux", "Helm"
  std::string name;  // of its Application, Kustomization or release; empty when nothing tells
  std::string
      suspend;  // the command after which it leaves the objects alone; empty: it does anyway
  std::vector<std::string> objects;  // "Deployment/web"

  // It writes back what others change; Helm alone writes only when somebody runs it.
  bool reconciles() const { return !suspend.empty(); }
};

// Who owns which of these live objects, by the labels, annotations and field managers that Argo CD,
// Flux and Helm leave on them.
std::vector<GitOpsOwner> gitops_owners(const std::vector<const Json*>& objects);

}  // namespace dr::lkg
