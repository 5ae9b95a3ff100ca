#pragma once

#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "common/registry/inventory.hpp"
#include "common/registry/repository.hpp"

// Rows as gcloud prints them, and images of them.
namespace dr::test {

inline const registry::Repository k_repository{"us-east4", "agenttrader-prod", "trader-repo"};
inline constexpr UtcTime k_listed_at{std::chrono::seconds{1767225600}};  // 2026-01-01T00:00:00Z

inline std::string digest_of(char digit) {
  return "sha256:" + std::string(64, digit);
}

inline Json make_row(const std::string& package, char digit,
                     const std::vector<std::string>& tags = {},
                     const std::string& created = "2025-06-01T00:00:00.123456Z") {
  return {{"package", k_repository.path() + "/" + package},
          {"version", digest_of(digit)},
          {"tags", tags},
          {"createTime", created},
          {"updateTime", created},
          {"metadata",
           {{"buildTime", nullptr},
            {"imageSizeBytes", "1314187"},
            {"mediaType", "application/vnd.oci.image.index.v1+json"}}}};
}

inline registry::ListedImage listed(Json row) {
  return {std::move(row), k_repository};
}

inline registry::RegistryImage image_of(const std::string& package, char digit) {
  return {k_repository, package, *kube::Digest::parse(digest_of(digit))};
}

inline registry::Inventory make_inventory(std::vector<registry::ListedImage> images) {
  registry::Inventory inventory;
  inventory.time = k_listed_at;
  inventory.project = k_repository.project;
  inventory.location = k_repository.location;
  inventory.repos = {k_repository.name};
  inventory.images = registry::sorted_images(std::move(images));
  return inventory;
}

}  // namespace dr::test
