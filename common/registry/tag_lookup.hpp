#pragma once

#include <map>
#include <optional>

#include "common/gcloud/gcloud.hpp"
#include "common/registry/inventory.hpp"
#include "common/registry/listing.hpp"

namespace dr::registry {

// Which digest a tag of Artifact Registry stands for: as the inventory has it, else as the registry
// itself says now, by one listing of each repository that is asked for. Either may be missing.
class TagLookup {
 public:
  TagLookup(std::optional<Inventory> inventory, std::optional<gcloud::Gcloud> gcloud);

  // By the tag of `ref` ("latest" when it has none). nullopt when nobody could tell.
  std::optional<kube::Digest> digest_of(const kube::ImageRef& ref);

 private:
  const Listing& listing(const Repository& repository);

  std::optional<Inventory> m_inventory;
  std::optional<gcloud::Gcloud> m_gcloud;
  std::map<Repository, Listing> m_listings;
};

}  // namespace dr::registry
