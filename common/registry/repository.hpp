#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "common/kube/image_ref.hpp"

namespace dr::registry {

// A Docker repository of Artifact Registry.
struct Repository {
  std::string location;  // "us-east4"
  std::string project;   // "agenttrader-prod"
  std::string name;      // "trader-repo"

  // Throws Error(usage) naming the part that cannot be one: each goes into an address.
  void validate() const;
  std::string path() const;  // "us-east4-docker.pkg.dev/agenttrader-prod/trader-repo"
  // The one that holds an image; nullopt for an image of another registry.
  static std::optional<Repository> of(const kube::ImageRef& ref);
  auto operator<=>(const Repository&) const = default;
};

// An image of Artifact Registry by digest.
struct RegistryImage {
  Repository repository;
  std::string package;  // below the repository: "strategy-engine", "team/app"
  kube::Digest digest;

  // nullopt for an image of another registry, or without a digest.
  static std::optional<RegistryImage> parse(const kube::ImageRef& ref);
  std::string name() const { return repository.path() + "/" + package; }
  std::string text() const { return name() + "@" + digest.text(); }
};

}  // namespace dr::registry
