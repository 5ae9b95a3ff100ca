#include "common/registry/tag_lookup.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace dr::registry {
namespace {

bool has_tag(const ListedImage& image, const std::string& tag) {
  const auto tags = image.tags();
  return std::ranges::find(tags, tag) != tags.end();
}

// A tag is on one digest at a time; a list in which it is on two tells nothing.
std::optional<kube::Digest> digest_in(std::span<const ListedImage> images,
                                      const kube::ImageRef& ref) {
  const std::string tag = ref.tag.empty() ? "latest" : ref.tag;
  std::optional<kube::Digest> found;
  for (const auto& image : images) {
    if (image.name() != ref.name || !has_tag(image, tag)) continue;
    if (found) return std::nullopt;
    found = kube::Digest::parse(image.digest());
  }
  return found;
}

}  // namespace

TagLookup::TagLookup(std::optional<Inventory> inventory, std::optional<gcloud::Gcloud> gcloud)
    : m_inventory(std::move(inventory)), m_gcloud(std::move(gcloud)) {}

std::optional<kube::Digest> TagLookup::digest_of(const kube::ImageRef& ref) {
  const auto repository = Repository::of(ref);
  if (!repository) return std::nullopt;
  if (m_inventory && m_inventory->coverage(*repository) == Inventory::Coverage::whole) {
    if (auto digest = digest_in(m_inventory->images, ref)) return digest;
  }
  return m_gcloud ? digest_in(listing(*repository).images, ref) : std::nullopt;
}

const Listing& TagLookup::listing(const Repository& repository) {
  const auto found = m_listings.find(repository);
  if (found != m_listings.end()) return found->second;
  auto listings = list_repositories(std::array{repository}, *m_gcloud);
  return m_listings.emplace(repository, std::move(listings.front())).first->second;
}

}  // namespace dr::registry
