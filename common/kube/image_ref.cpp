#include "common/kube/image_ref.hpp"

#include <algorithm>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"

namespace dr::kube {
namespace {

constexpr std::string_view k_upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view k_digits = "0123456789";
constexpr std::string_view k_hex_digits = "0123456789abcdef";
constexpr std::string_view k_lower_alphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view k_host_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
constexpr std::string_view k_tag_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

constexpr std::string_view k_digest_prefix = "sha256:";
constexpr std::size_t k_digest_digits = 64;
constexpr std::size_t k_max_name = 255;
constexpr std::size_t k_max_tag = 128;
constexpr std::string_view k_default_host = "docker.io";

bool consists_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

std::size_t leading_run(std::string_view text, std::string_view allowed) {
  return std::min(text.find_first_not_of(allowed), text.size());
}

template <typename Predicate>
bool every_part(std::string_view text, char separator, Predicate holds) {
  for (;;) {
    const std::size_t end = text.find(separator);
    if (!holds(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

// Between two alphanumeric runs: one dot, one or two underscores, or any number of dashes.
std::size_t leading_separator(std::string_view text) {
  if (text.starts_with('.')) return 1;
  if (text.starts_with("__")) return 2;
  if (text.starts_with('_')) return 1;
  return leading_run(text, "-");
}

bool is_path_component(std::string_view text) {
  for (;;) {
    const std::size_t word = leading_run(text, k_lower_alphanumeric);
    if (word == 0) return false;
    text.remove_prefix(word);
    if (text.empty()) return true;
    const std::size_t separator = leading_separator(text);
    if (separator == 0) return false;
    text.remove_prefix(separator);
  }
}

bool is_host_label(std::string_view text) {
  return consists_of(text, k_host_characters) && !text.starts_with('-') && !text.ends_with('-');
}

bool is_ip6_literal(std::string_view text) {
  return text.size() > 2 && text.starts_with('[') && text.ends_with(']') &&
         consists_of(text.substr(1, text.size() - 2), "0123456789abcdefABCDEF:");
}

bool is_host(std::string_view text) {
  const std::size_t colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  if (colon != std::string_view::npos && !consists_of(text.substr(colon + 1), k_digits)) {
    return false;
  }
  const std::string_view host = text.substr(0, colon);
  return is_ip6_literal(host) || every_part(host, '.', is_host_label);
}

// A name in two: an empty host means the default one. The first component is a host only when it
// cannot be a path component of the default registry, as in distribution/reference.
struct HostAndPath {
  std::string_view host;
  std::string_view path;
};

HostAndPath split_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  const bool is_hosted =
      slash != std::string_view::npos &&
      (first.find_first_of(".:") != std::string_view::npos ||
       first.find_first_of(k_upper) != std::string_view::npos || first == "localhost");
  if (!is_hosted) return {{}, name};
  return {first, name.substr(slash + 1)};
}

bool is_name(std::string_view text) {
  // The runtimes take 64 bare digits for the id of a local image.
  if (text.size() > k_max_name) return false;
  if (text.size() == k_digest_digits && consists_of(text, k_hex_digits)) return false;
  const auto [host, path] = split_name(text);
  return (host.empty() || is_host(host)) && every_part(path, '/', is_path_component);
}

bool is_tag(std::string_view text) {
  return text.size() <= k_max_tag && consists_of(text, k_tag_characters) &&
         !text.starts_with('.') && !text.starts_with('-');
}

std::optional<ImageRef> try_parse(std::string_view text) {
  ImageRef ref;
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) {
    ref.digest = Digest::parse(text.substr(at + 1));
    if (!ref.digest) return std::nullopt;
  }
  std::string_view name = text.substr(0, at);
  const std::size_t colon = name.rfind(':');
  // A colon before the last slash belongs to the host's port.
  if (colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos) {
    ref.tag = name.substr(colon + 1);
    if (!is_tag(ref.tag)) return std::nullopt;
    name = name.substr(0, colon);
  }
  if (!is_name(name)) return std::nullopt;
  ref.name = name;
  return ref;
}

}  // namespace

std::optional<Digest> Digest::parse(std::string_view text) {
  if (!text.starts_with(k_digest_prefix)) return std::nullopt;
  const std::string_view digits = text.substr(k_digest_prefix.size());
  if (digits.size() != k_digest_digits || !consists_of(digits, k_hex_digits)) return std::nullopt;
  return Digest(std::string(text));
}

ImageRef ImageRef::parse(std::string_view text) {
  std::optional<ImageRef> ref = try_parse(text);
  if (!ref) {
    throw Error(ExitCode::failed, "\"" + printable(text) + "\" is not an image reference",
                "write it as name[:tag][@sha256:digest], in lower case");
  }
  return *std::move(ref);
}

std::string ImageRef::repository() const {
  const auto [written_host, path] = split_name(name);
  const bool is_default = written_host.empty() || written_host == "index.docker.io";
  const std::string_view host = is_default ? k_default_host : written_host;
  const bool is_library = host == k_default_host && path.find('/') == std::string_view::npos;
  return std::string(host) + (is_library ? "/library/" : "/") + std::string(path);
}

std::optional<RunningImage> RunningImage::parse(std::string_view image_id) {
  constexpr std::string_view k_docker_prefix = "docker-pullable://";
  if (image_id.starts_with(k_docker_prefix)) image_id.remove_prefix(k_docker_prefix.size());
  const std::optional<ImageRef> ref = try_parse(image_id);
  if (!ref || !ref->digest) return std::nullopt;
  return RunningImage{ref->repository(), *ref->digest};
}

}  // namespace dr::kube
