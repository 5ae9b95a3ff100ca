#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/gcloud/gcloud.hpp"
#include "common/registry/check.hpp"
#include "common/registry/repository.hpp"

namespace dr::registry {

// "lkg-" and the first 12 digits of the digest: the tag of an image never has to move.
std::string lkg_tag(const kube::Digest& digest);

enum class TagAction { none, create, move };
std::string_view name_of(TagAction action);

// What is done, or would be, so that one image carries its lkg- tag.
struct TagStep {
  RegistryImage image;
  std::string tag;
  Verdict verdict = Verdict::unknown;  // of the image itself
  TagAction action = TagAction::none;
  bool carries_tag = false;
  std::string reason;  // why it does not and will not carry the tag
  std::string next_step;
  // It is of one platform and had no tag: it may be a part of an index, which the listing does not
  // show. The tag is then on the part that the LKG names, not on the index.
  bool may_be_part = false;
};

// In the order of the images.
std::vector<TagStep> plan_tags(const std::vector<RegistryImage>& images, const LiveSearch& search);

// Runs the steps, each in one call that never removes a tag first. A tag that somebody else made
// meanwhile is looked at again, and moved only when it is on another digest. Returns the steps as
// they ended.
std::vector<TagStep> apply_tags(std::vector<TagStep> steps, const gcloud::Gcloud& gcloud);

}  // namespace dr::registry
