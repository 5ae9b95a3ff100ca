#include "common/registry/repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"

namespace dr::registry {
namespace {

constexpr std::string_view k_host_suffix = "-docker.pkg.dev";
constexpr std::size_t k_max_location = 40;
constexpr std::size_t k_max_name = 63;
constexpr std::size_t k_min_project = 6;
constexpr std::size_t k_max_project = 30;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_lower_or_digit(char c) {
  return is_lower(c) || (c >= '0' && c <= '9');
}

// A letter, then letters, digits and hyphens, not a hyphen at the end.
bool is_identifier(std::string_view text, std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max && is_lower(text.front()) &&
         is_lower_or_digit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_location(std::string_view text) {
  return is_identifier(text, 2, k_max_location);
}
bool is_project(std::string_view text) {
  return is_identifier(text, k_min_project, k_max_project);
}
bool is_name(std::string_view text) {
  return is_identifier(text, 1, k_max_name);
}

void require(bool holds, std::string_view what, std::string_view text, std::string_view example) {
  if (holds) return;
  throw Error(ExitCode::usage, fmt::format("\"{}\" is not {}", printable(text), what),
              fmt::format("write it as in {}", example));
}

}  // namespace

void Repository::validate() const {
  require(is_project(project), "a project id", project, "agenttrader-prod");
  require(is_location(location), "a location", location, "us-east4");
  require(is_name(name), "the name of a repository", name, "trader-repo");
}

std::string Repository::path() const {
  return fmt::format("{}{}/{}/{}", location, k_host_suffix, project, name);
}

std::optional<Repository> Repository::of(const kube::ImageRef& ref) {
  std::string_view rest = ref.name;
  const auto next_part = [&rest] {
    const auto slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    return part;
  };
  std::string_view location = next_part();
  if (!location.ends_with(k_host_suffix)) return std::nullopt;
  location.remove_suffix(k_host_suffix.size());
  const std::string_view project = next_part();
  const std::string_view name = next_part();
  if (!is_location(location) || !is_project(project) || !is_name(name) || rest.empty()) {
    return std::nullopt;
  }
  return Repository{std::string(location), std::string(project), std::string(name)};
}

std::optional<RegistryImage> RegistryImage::parse(const kube::ImageRef& ref) {
  auto repository = Repository::of(ref);
  if (!repository || !ref.digest) return std::nullopt;
  std::string package = ref.name.substr(repository->path().size() + 1);
  return RegistryImage{std::move(*repository), std::move(package), *ref.digest};
}

}  // namespace dr::registry
