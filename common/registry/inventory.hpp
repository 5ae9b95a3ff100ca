#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/data/json.hpp"
#include "common/registry/repository.hpp"

namespace dr::registry {

// One digest of a repository, as gcloud lists it. Checked when it was made, so that the accessors
// do not throw.
class ListedImage {
 public:
  // Throws Error(failed) when a member that is used is missing or malformed, or the row is not of
  // that repository. Other members are kept as they are.
  ListedImage(Json row, const Repository& repository);

  const Json& row() const { return m_row; }  // with "_repo"
  const std::string& name() const;           // "us-east4-docker.pkg.dev/p/r/team/app"
  const std::string& digest() const;
  std::string text() const { return name() + "@" + digest(); }
  std::vector<std::string> tags() const;  // sorted; empty when gcloud was not asked for them
  std::optional<UtcTime> created() const;
  bool is_index() const;  // of several platforms

 private:
  Json m_row;
};

// Sorted by name and digest, each once; of two rows of one digest the newer one.
std::vector<ListedImage> sorted_images(std::vector<ListedImage> images);

// The image in a list as sorted_images makes it, or nullptr.
const ListedImage* find_image(std::span<const ListedImage> images, const RegistryImage& image);
// The names under which the list holds the digest, but for its own.
std::vector<std::string> other_names_of(std::span<const ListedImage> images,
                                        const RegistryImage& image);

// audit_artifacts/artifacts_snapshot.json: what repositories held at one time. A repository that
// could not be read whole has an error and no image.
struct Inventory {
  UtcTime time{};
  std::string project;
  std::string location;
  std::vector<std::string> repos;
  std::vector<ListedImage> images;            // as sorted_images
  std::map<std::string, std::string> errors;  // repository: why it could not be read

  enum class Coverage { whole, failed, absent };
  Coverage coverage(const Repository& repository) const;
  // Why it is not whole, for a person; empty when it is.
  std::string gap(const Repository& repository) const;
};

// Throws Error(integrity) naming the file and the place when it is not an inventory, of ours or of
// the incumbent script, or one of ours of which a byte was altered. Throws Error(failed) when it is
// not there or cannot be read.
Inventory read_inventory(const std::filesystem::path& file);
Inventory parse_inventory(std::string_view text, std::string_view source);
// Sorted keys, indent 2, a newline at the end; with the SHA-256 of all its other lines.
std::string inventory_text(const Inventory& inventory);

std::filesystem::path inventory_path(const std::filesystem::path& root);

}  // namespace dr::registry
