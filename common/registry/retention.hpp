#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/data/json.hpp"
#include "common/registry/inventory.hpp"
#include "common/registry/repository.hpp"

namespace dr::registry {

// A cleanup policy of a repository. All conditions that are given must hold.
struct CleanupPolicy {
  std::string name;
  bool keep = false;  // keeps what it matches, and wins over one that deletes
  enum class TagState { any, tagged, untagged };
  TagState tag_state = TagState::any;
  std::vector<std::string> tag_prefixes;
  std::vector<std::string> version_prefixes;
  std::vector<std::string> package_prefixes;
  std::optional<std::chrono::seconds> older_than;
  std::optional<std::chrono::seconds> newer_than;
  bool by_last_pull = false;                // which no listing shows
  std::optional<std::int64_t> keep_newest;  // so many versions of each package
};

// What decides how long a repository keeps its images.
struct Retention {
  std::vector<CleanupPolicy> policies;  // sorted by name
  bool dry_run = false;                 // nothing is deleted
  bool immutable_tags = false;          // a tagged image cannot be deleted
  std::string not_understood;           // a form that we do not know: then nothing can be forecast
};
// Reads a Repository resource. What is malformed or unknown makes it not understood, never an
// error: the images are then `unknown`.
Retention parse_retention(const Json& repository);

enum class Outlook { kept, deletable, deletable_later, missing, unknown };
std::string_view name_of(Outlook outlook);

struct Forecast {
  Outlook outlook = Outlook::unknown;
  std::optional<UtcTime> from;  // of deletable_later
  std::string policy;           // that keeps or deletes it; empty when none does
  std::string reason;
};

// What the cleanup would do to one image of a repository from `now` on, if nobody pushed, pulled or
// tagged. `images` is the whole listing of the repository.
Forecast forecast(const RegistryImage& image, std::span<const ListedImage> images,
                  const Retention& retention, UtcTime now);

}  // namespace dr::registry
