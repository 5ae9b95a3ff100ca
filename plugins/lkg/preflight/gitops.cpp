#include "plugins/lkg/preflight/gitops.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "common/base/text.hpp"
#include "common/kube/object.hpp"

namespace dr::lkg {
namespace {

// Argo CD's own namespace, unless the object says where its Application is.
constexpr std::string_view k_argo_namespace = "argocd";

std::string label(const Json& object, std::string_view key) {
  return data::string_or(object, {"metadata", "labels", key}, "");
}

std::string annotation(const Json& object, std::string_view key) {
  return data::string_or(object, {"metadata", "annotations", key}, "");
}

bool is_managed_by(const Json& object, std::string_view prefix) {
  const auto& entries = data::array_or_empty(object, {"metadata", "managedFields"});
  return std::any_of(entries.begin(), entries.end(), [&](const Json& entry) {
    return data::string_or(entry, {"manager"}, "").starts_with(prefix);
  });
}

std::string patch_command(std::string_view resource, const std::string& ns, const std::string& name,
                          std::string_view patch) {
  return fmt::format("kubectl patch {} {} -n {} --type=merge -p '{}'", resource, shell_quoted(name),
                     shell_quoted(ns), patch);
}

GitOpsOwner argo_application(const std::string& ns, const std::string& name) {
  constexpr std::string_view k_resource = "applications.argoproj.io";
  return {"Argo CD",
          name,
          name.empty() ? fmt::format("kubectl get {} -A", k_resource)
                       : patch_command(k_resource, ns, name,
                                       R"({"spec":{"syncPolicy":{"automated":null}}})"),
          {}};
}

// "APPLICATION:GROUP/KIND:NAMESPACE/NAME", where an Application of another namespace is
// "NAMESPACE_APPLICATION" (Argo CD, resource tracking).
std::optional<GitOpsOwner> argo_owner(const Json& object) {
  std::string name = annotation(object, "argocd.argoproj.io/tracking-id");
  name = name.substr(0, name.find(':'));
  if (name.empty()) name = label(object, "argocd.argoproj.io/instance");
  std::string ns(k_argo_namespace);
  if (const auto split_at = name.find('_'); split_at != std::string::npos) {
    ns = name.substr(0, split_at);
    name = name.substr(split_at + 1);
  }
  if (!name.empty()) return argo_application(ns, name);
  // That label alone is one of Kubernetes' recommended ones, which everybody sets.
  if (is_managed_by(object, "argocd"))
    return argo_application(ns, label(object, "app.kubernetes.io/instance"));
  return std::nullopt;
}

std::optional<GitOpsOwner> flux_owner(const Json& object) {
  struct Controller {
    std::string_view prefix, manager, resource;
  };
  static constexpr Controller controllers[] = {
      {"kustomize.toolkit.fluxcd.io", "kustomize-controller",
       "kustomizations.kustomize.toolkit.fluxcd.io"},
      {"helm.toolkit.fluxcd.io", "helm-controller", "helmreleases.helm.toolkit.fluxcd.io"},
  };
  for (const auto& controller : controllers) {
    const std::string name = label(object, std::string(controller.prefix) + "/name");
    const std::string ns = label(object, std::string(controller.prefix) + "/namespace");
    if (!name.empty()) {
      return GitOpsOwner{
          "Flux",
          name,
          patch_command(controller.resource, ns, name, R"({"spec":{"suspend":true}})"),
          {}};
    }
    if (is_managed_by(object, controller.manager))
      return GitOpsOwner{"Flux", "", fmt::format("kubectl get {} -A", controller.resource), {}};
  }
  return std::nullopt;
}

std::optional<GitOpsOwner> helm_owner(const Json& object) {
  const std::string release = annotation(object, "meta.helm.sh/release-name");
  if (release.empty() && label(object, "app.kubernetes.io/managed-by") != "Helm" &&
      !is_managed_by(object, "helm"))
    return std::nullopt;
  return GitOpsOwner{"Helm", release, "", {}};
}

// What reconciles comes first: Argo CD and Flux install by Helm's rules too.
std::optional<GitOpsOwner> owner_of(const Json& object) {
  if (auto owner = argo_owner(object)) return owner;
  if (auto owner = flux_owner(object)) return owner;
  return helm_owner(object);
}

}  // namespace

std::vector<GitOpsOwner> gitops_owners(const std::vector<const Json*>& objects) {
  std::vector<GitOpsOwner> owners;
  for (const Json* object : objects) {
    auto owner = owner_of(*object);
    if (!owner) continue;
    const auto known = std::find_if(owners.begin(), owners.end(), [&](const GitOpsOwner& other) {
      return other.tool == owner->tool && other.name == owner->name &&
             other.suspend == owner->suspend;
    });
    auto& entry = known == owners.end() ? owners.emplace_back(std::move(*owner)) : *known;
    entry.objects.push_back(kube::display(*object));
  }
  return owners;
}

}  // namespace dr::lkg
