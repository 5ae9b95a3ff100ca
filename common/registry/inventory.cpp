#include "common/registry/inventory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/sha256.hpp"

namespace dr::registry {
namespace {

constexpr std::string_view k_checksum = "sha256";

[[noreturn]] void refuse(const std::string& cause) {
  throw Error(ExitCode::failed, cause);
}

void check_strings(const Json& list, std::string_view what) {
  if (!list.is_array()) refuse(fmt::format("{} is not a list", what));
  for (const auto& entry : list) {
    if (!entry.is_string()) refuse(fmt::format("{} holds something that is no text", what));
  }
}

// gcloud prints "" instead of a list when it was not asked for the tags.
void check_tags(const Json& row) {
  const auto tags = row.find("tags");
  if (tags == row.end() || tags->is_null() || *tags == "") return;
  check_strings(*tags, "/tags");
}

std::vector<std::string> strings(const Json& document, std::string_view member) {
  const auto found = document.find(member);
  if (found == document.end()) refuse(fmt::format("/{} is missing", member));
  check_strings(*found, fmt::format("/{}", member));
  return found->get<std::vector<std::string>>();
}

Repository repository_of_row(const Json& row, const Inventory& inventory) {
  const std::string& repo = data::string_at(row, {"_repo"});
  if (std::ranges::find(inventory.repos, repo) == inventory.repos.end()) {
    refuse(fmt::format("/_repo: \"{}\" is not in /repos", printable(repo)));
  }
  return {inventory.location, inventory.project, repo};
}

std::vector<ListedImage> images_of(Json& document, const Inventory& inventory) {
  const auto found = document.find("images");
  if (found == document.end() || !found->is_array()) refuse("/images is not a list");
  std::vector<ListedImage> images;
  images.reserve(found->size());
  for (std::size_t i = 0; i < found->size(); ++i) {
    try {
      Json& row = (*found)[i];
      const Repository repository = repository_of_row(row, inventory);
      images.emplace_back(std::move(row), repository);
    } catch (const Error& error) {
      throw error.while_doing(fmt::format("/images/{}", i));
    }
  }
  return sorted_images(std::move(images));
}

std::map<std::string, std::string> errors_of(const Json& document, const Inventory& inventory) {
  std::map<std::string, std::string> errors;
  for (const auto& entry : strings(document, "errors")) {
    const auto colon = entry.find(':');
    const std::string repo = entry.substr(0, colon);
    if (std::ranges::find(inventory.repos, repo) == inventory.repos.end()) {
      refuse(fmt::format("/errors: \"{}\" names no repository of /repos", printable(entry)));
    }
    errors[repo] = colon == std::string::npos
                       ? "no reason given"
                       : printable(trimmed(std::string_view(entry).substr(colon + 1)));
  }
  return errors;
}

// The line of the checksum, which is over all the other lines. Rows are indented deeper.
std::string checksum_line(std::string_view sum) {
  return fmt::format("  \"{}\": \"{}\",\n", k_checksum, sum);
}

// That an inventory of ours is as it was written, byte for byte. One of the incumbent script has no
// checksum, and no other member than these, so that a damaged name does not pass for one.
void check_bytes(const Json& document, std::string_view text) {
  static const std::set<std::string> k_members = {"errors",  "images", "location",
                                                  "project", "repos",  "timestamp_utc"};
  for (const auto& [member, value] : document.items()) {
    if (member != k_checksum && !k_members.contains(member)) {
      refuse(fmt::format("/{} is not a member of an inventory", printable(member)));
    }
  }
  if (!document.contains(k_checksum)) return;
  const std::string line = checksum_line(data::string_at(document, {k_checksum}));
  const std::size_t at = text.find("\n" + line);
  if (at == std::string_view::npos) refuse(fmt::format("/{} is not as it was written", k_checksum));
  const std::string rest =
      fmt::format("{}{}", text.substr(0, at + 1), text.substr(at + 1 + line.size()));
  if (checksum_line(os::sha256_hex(rest)) != line) {
    refuse(fmt::format("its content is not what /{} was made of", k_checksum));
  }
}

Inventory parse(Json document) {
  Inventory inventory;
  const std::string& time = data::string_at(document, {"timestamp_utc"});
  const auto parsed = parse_rfc3339(time);
  if (!parsed) refuse(fmt::format("/timestamp_utc: \"{}\" is not a time", printable(time)));
  inventory.time = *parsed;
  inventory.project = data::string_at(document, {"project"});
  inventory.location = data::string_at(document, {"location"});
  inventory.repos = strings(document, "repos");
  for (const auto& repo : inventory.repos) {
    Repository{inventory.location, inventory.project, repo}.validate();
  }
  inventory.images = images_of(document, inventory);
  inventory.errors = errors_of(document, inventory);
  for (const auto& image : inventory.images) {
    const auto& repo = image.row().at("_repo").get_ref<const std::string&>();
    if (inventory.errors.contains(repo)) {
      refuse(fmt::format("repository {} has an error and images", repo));
    }
  }
  return inventory;
}

}  // namespace

ListedImage::ListedImage(Json row, const Repository& repository) : m_row(std::move(row)) {
  if (!m_row.is_object()) refuse("a row is not a JSON object");
  const std::string& name = data::string_at(m_row, {"package"});
  const std::string& digest = data::string_at(m_row, {"version"});
  if (!name.starts_with(repository.path() + "/")) {
    refuse(fmt::format("/package: \"{}\" is not in {}", printable(name), repository.path()));
  }
  if (!kube::Digest::parse(digest)) {
    refuse(fmt::format("/version: \"{}\" is not a digest", printable(digest)));
  }
  check_tags(m_row);
  data::string_or(m_row, {"createTime"}, "");
  data::string_or(m_row, {"updateTime"}, "");
  data::string_or(m_row, {"metadata", "mediaType"}, "");
  m_row["_repo"] = repository.name;
}

const std::string& ListedImage::name() const {
  return m_row.at("package").get_ref<const std::string&>();
}

const std::string& ListedImage::digest() const {
  return m_row.at("version").get_ref<const std::string&>();
}

std::vector<std::string> ListedImage::tags() const {
  const auto tags = m_row.find("tags");
  if (tags == m_row.end() || !tags->is_array()) return {};
  auto sorted = tags->get<std::vector<std::string>>();
  std::ranges::sort(sorted);
  return sorted;
}

std::optional<UtcTime> ListedImage::created() const {
  return parse_rfc3339(data::string_or(m_row, {"createTime"}, ""));
}

bool ListedImage::is_index() const {
  const std::string type = data::string_or(m_row, {"metadata", "mediaType"}, "");
  return type == "application/vnd.oci.image.index.v1+json" ||
         type == "application/vnd.docker.distribution.manifest.list.v2+json";
}

std::vector<ListedImage> sorted_images(std::vector<ListedImage> images) {
  const auto updated = [](const ListedImage& image) {
    return parse_rfc3339(data::string_or(image.row(), {"updateTime"}, ""));
  };
  std::ranges::stable_sort(images, [&](const ListedImage& a, const ListedImage& b) {
    const auto order = std::tie(a.name(), a.digest()) <=> std::tie(b.name(), b.digest());
    return order != 0 ? order < 0 : updated(a) > updated(b);
  });
  const auto rest = std::ranges::unique(images, [](const ListedImage& a, const ListedImage& b) {
    return a.name() == b.name() && a.digest() == b.digest();
  });
  images.erase(rest.begin(), rest.end());
  return images;
}

const ListedImage* find_image(std::span<const ListedImage> images, const RegistryImage& image) {
  const std::string name = image.name();
  const auto key = std::tie(name, image.digest.text());
  const auto found = std::ranges::lower_bound(
      images, key, std::less<>(),
      [](const ListedImage& listed) { return std::tie(listed.name(), listed.digest()); });
  const bool hit = found != images.end() && std::tie(found->name(), found->digest()) == key;
  return hit ? &*found : nullptr;
}

std::vector<std::string> other_names_of(std::span<const ListedImage> images,
                                        const RegistryImage& image) {
  std::vector<std::string> names;
  for (const auto& listed : images) {
    if (listed.digest() == image.digest.text() && listed.name() != image.name()) {
      names.push_back(listed.name());
    }
  }
  return names;
}

Inventory::Coverage Inventory::coverage(const Repository& repository) const {
  const bool listed = repository.project == project && repository.location == location &&
                      std::ranges::find(repos, repository.name) != repos.end();
  if (!listed) return Coverage::absent;
  return errors.contains(repository.name) ? Coverage::failed : Coverage::whole;
}

std::string Inventory::gap(const Repository& repository) const {
  switch (coverage(repository)) {
    case Coverage::whole:
      return {};
    case Coverage::failed:
      return fmt::format("the inventory could not read repository {}: {}", repository.name,
                         errors.at(repository.name));
    case Coverage::absent:
      break;
  }
  return fmt::format("the inventory does not cover {}", repository.path());
}

Inventory parse_inventory(std::string_view text, std::string_view source) {
  try {
    Json document = data::read_json(text, "inventory");
    if (!document.is_object()) refuse("it is not a JSON object");
    check_bytes(document, text);
    return parse(std::move(document));
  } catch (const Error& error) {
    throw Error(ExitCode::integrity, fmt::format("{} is damaged: {}", source, error.what()),
                "take a new one: `kubectl arsnap snapshot`");
  }
}

Inventory read_inventory(const std::filesystem::path& file) {
  if (std::error_code ignored; !std::filesystem::exists(file, ignored)) {
    throw Error(ExitCode::failed, fmt::format("there is no inventory {}", file.string()),
                "take one: `kubectl arsnap snapshot`");
  }
  return parse_inventory(os::read_file(file), file.string());
}

std::string inventory_text(const Inventory& inventory) {
  Json document = {{"timestamp_utc", rfc3339(inventory.time)},
                   {"project", inventory.project},
                   {"location", inventory.location},
                   {"repos", inventory.repos},
                   {"images", Json::array()},
                   {"errors", Json::array()}};
  for (const auto& image : inventory.images) document["images"].push_back(image.row());
  for (const auto& [repo, text] : inventory.errors) {
    document["errors"].push_back(fmt::format("{}: {}", repo, text));
  }
  std::string text = data::write_json(document);
  const std::string line = checksum_line(os::sha256_hex(text));
  return text.insert(text.rfind("\n  \"timestamp_utc\"") + 1, line);
}

std::filesystem::path inventory_path(const std::filesystem::path& root) {
  return root / "audit_artifacts" / "artifacts_snapshot.json";
}

}  // namespace dr::registry
