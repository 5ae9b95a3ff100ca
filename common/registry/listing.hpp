#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "common/gcloud/gcloud.hpp"
#include "common/registry/inventory.hpp"
#include "common/registry/repository.hpp"

namespace dr::registry {

// What a repository held when it was listed, or why nobody knows: never a part of it.
struct Listing {
  Repository repository;
  std::vector<ListedImage> images;  // as sorted_images
  std::optional<gcloud::GcloudError> error;
};

// One gcloud call for each repository, in order.
std::vector<Listing> list_repositories(std::span<const Repository> repositories,
                                       const gcloud::Gcloud& gcloud);

// What a call about one repository starts with and ends with.
gcloud::Call call_about(const Repository& repository, std::vector<std::string> command);

struct Snapshot {
  Inventory inventory;
  std::map<std::string, gcloud::Reason> reasons;  // of the repositories that have an error
};
// Lists the repositories, at least one, of one project and location.
Snapshot take_snapshot(std::span<const Repository> repositories, const gcloud::Gcloud& gcloud,
                       UtcTime now);

}  // namespace dr::registry
