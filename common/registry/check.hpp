#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/exit_code.hpp"
#include "common/base/time.hpp"
#include "common/gcloud/gcloud.hpp"
#include "common/lkg/lkg.hpp"
#include "common/registry/inventory.hpp"
#include "common/registry/listing.hpp"
#include "common/registry/repository.hpp"

namespace dr::registry {

// `missing` only when Artifact Registry itself said NOT_FOUND for the digest; what nobody could
// tell is never present.
enum class Verdict { present, missing, unknown };
std::string_view name_of(Verdict verdict);

// One image of an LKG.
struct LkgImage {
  std::string component;  // "Deployment/strategy-engine"
  std::string container;
  std::string reference;                  // by digest
  std::optional<RegistryImage> registry;  // nullopt: of another registry
};
// In the order of the manifest; init containers and image volumes too.
std::vector<LkgImage> images_of(const lkg::Lkg& lkg);
// Each image of Artifact Registry once.
std::vector<RegistryImage> registry_images_of(const std::vector<LkgImage>& images);

// What became of the search for one image.
struct Finding {
  Verdict verdict = Verdict::unknown;
  std::optional<ListedImage> listed;  // its row, when a listing held it
  std::string reason;                 // why it is not present
  std::string next_step;
  std::vector<std::string> other_names;  // that the same digest is found under
};

// In the inventory: an image that is not in it may have been pushed since, so it is unknown.
Finding find_in(const Inventory& inventory, const RegistryImage& image);

// In the registry, now: one call for each repository, and one for each image that its listing
// lacks.
struct LiveSearch {
  std::map<Repository, Listing> listings;
  std::map<std::string, Finding> findings;  // by RegistryImage::text
};
LiveSearch search_live(const std::vector<RegistryImage>& images, const gcloud::Gcloud& gcloud);

// One row of a report: an image of an LKG and what became of it.
struct ImageCheck {
  LkgImage image;
  Finding finding;
  std::string source;            // "inventory" or "registry"; empty: looked up nowhere
  std::optional<UtcTime> as_of;  // when the source was read
};

// From the file alone.
std::vector<ImageCheck> check_images(const lkg::Lkg& lkg, const Inventory& inventory);
std::vector<ImageCheck> check_images_live(const lkg::Lkg& lkg, const gcloud::Gcloud& gcloud,
                                          UtcTime now);

// The finding about an image that no search covers.
Finding not_searched(const LkgImage& image);
// ok all present, failed any missing, incomplete any unknown.
ExitCode exit_code_of(const std::vector<ImageCheck>& checks);

}  // namespace dr::registry
