#include "plugins/drbackup/remote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/lkg/lkg.hpp"

namespace dr::backup {
namespace {

constexpr std::string_view k_scheme = "gs://";
constexpr std::string_view k_suffix = ".tar";
constexpr std::string_view k_marks = "-_.=+@";
constexpr std::size_t k_max_prefix = 900;  // of the 1024 bytes of an object's name

std::string_view folder_name(Form form) {
  return form == Form::backup ? "cluster_backup" : "lkg";
}

bool is_lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// The naming rules of Cloud Storage: 3 to 63 lower-case letters, digits and "-_."; up to 222 with
// dots, each part at most 63.
bool is_bucket(std::string_view name) {
  constexpr std::size_t k_max_part = 63;
  constexpr std::size_t k_max_name = 222;
  if (name.size() < 3 || name.size() > k_max_name) return false;
  if (!is_lower_alnum(name.front()) || !is_lower_alnum(name.back())) return false;
  const bool plain = std::ranges::all_of(
      name, [](char c) { return is_lower_alnum(c) || c == '-' || c == '_' || c == '.'; });
  const auto parts = split(name, '.');
  return plain && std::ranges::all_of(parts, [](const std::string& part) {
           return !part.empty() && part.size() <= k_max_part;
         });
}

// Nothing that gcloud takes for a pattern ("*?[]#"), a shell for more than a word, or a reader for
// another path.
bool is_prefix_part(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && std::ranges::all_of(part, [](char c) {
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || k_marks.find(c) != std::string_view::npos;
  });
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(ExitCode::usage,
              fmt::format("\"{}\" is no place for copies: {}", printable(text), why),
              "name gs://BUCKET/PREFIX or a directory");
}

void check_url(std::string_view text, std::string_view path) {
  const auto slash = path.find('/');
  if (!is_bucket(path.substr(0, slash))) refuse(text, "the bucket's name is not valid");
  if (slash == std::string_view::npos) return;
  const std::string_view prefix = path.substr(slash + 1);
  const auto parts = split(prefix, '/');
  if (prefix.empty() || prefix.size() > k_max_prefix ||
      !std::ranges::all_of(parts, is_prefix_part)) {
    refuse(text, "the prefix is not made of letters, digits and \"-_.=+@\" between single slashes");
  }
}

}  // namespace

Destination Destination::parse(std::string_view text) {
  std::string_view base = text;
  if (base.size() > 1 && base.ends_with('/')) base.remove_suffix(1);
  if (text.starts_with(k_scheme)) {
    check_url(text, base.substr(std::min(k_scheme.size(), base.size())));
    return {std::string(base), true};
  }
  if (text.empty()) refuse(text, "it is empty");
  if (text.find("://") != std::string_view::npos) refuse(text, "the scheme is not gs://");
  return {std::string(base), false};
}

std::string Destination::folder(Form form) const {
  return fmt::format("{}/{}", m_base == "/" ? "" : m_base, folder_name(form));
}

std::string Destination::object(Form form, std::string_view id) const {
  return fmt::format("{}/{}{}", folder(form), id, k_suffix);
}

std::vector<std::string> ids_in(Form form, std::span<const std::string> names) {
  std::vector<std::string> ids;
  for (const std::string& name : names) {
    if (!name.ends_with(k_suffix)) continue;
    const std::string id = name.substr(0, name.size() - k_suffix.size());
    const bool valid =
        form == Form::backup ? BackupId::parse(id).has_value() : lkg::LkgId::parse(id).has_value();
    if (valid) ids.push_back(id);
  }
  std::ranges::sort(ids);
  return ids;
}

std::string_view name_of(CopyOutcome outcome) {
  static constexpr std::array<std::string_view, 6> k_names = {
      "uploaded", "already there", "different", "failed", "unknown", "damaged"};
  return k_names.at(static_cast<std::size_t>(outcome));
}

ExitCode code_of(CopyOutcome outcome) {
  switch (outcome) {
    case CopyOutcome::uploaded:
    case CopyOutcome::already_there:
      break;
    case CopyOutcome::different:
    case CopyOutcome::damaged:
      return ExitCode::integrity;
    case CopyOutcome::failed:
      return ExitCode::failed;
    case CopyOutcome::unknown:
      return ExitCode::incomplete;
  }
  return ExitCode::ok;
}

}  // namespace dr::backup
