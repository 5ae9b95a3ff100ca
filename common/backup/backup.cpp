#include "common/backup/backup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/sha256.hpp"

namespace dr::backup {
namespace {

constexpr std::array<std::string_view, 4> k_outcomes = {"ok", "absent", "forbidden", "error"};

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

std::optional<BackupId> BackupId::parse(std::string_view text) {
  const auto time = parse_timestamp_id(text);
  if (!time) return std::nullopt;
  return BackupId(*time);
}

BackupId::BackupId(UtcTime time) : m_time(time), m_text(timestamp_id(time)) {}

std::string_view name_of(Outcome outcome) {
  return k_outcomes.at(static_cast<std::size_t>(outcome));
}

std::optional<Outcome> parse_outcome(std::string_view text) {
  const auto found = std::find(k_outcomes.begin(), k_outcomes.end(), text);
  if (found == k_outcomes.end()) return std::nullopt;
  return static_cast<Outcome>(found - k_outcomes.begin());
}

std::string text_of(const Coverage& coverage) {
  switch (coverage.outcome) {
    case Outcome::ok:
      return fmt::format("ok {}", coverage.count);
    case Outcome::absent:
    case Outcome::forbidden:
      return std::string(name_of(coverage.outcome));
    case Outcome::error:
      break;
  }
  return "error: " + coverage.message;
}

bool Backup::complete() const {
  return std::all_of(coverage.begin(), coverage.end(),
                     [](const Coverage& one) { return one.readable(); }) &&
         std::all_of(dead_groups.begin(), dead_groups.end(),
                     [](const DeadGroup& group) { return group.derived_only; });
}

const Coverage* Backup::coverage_of(const Json& object) const {
  const auto key = kube::key_of(object);
  const auto found = std::find_if(coverage.begin(), coverage.end(), [&](const Coverage& one) {
    return one.kind == key.kind && one.api_version == key.api_version;
  });
  return found == coverage.end() ? nullptr : &*found;
}

std::vector<const Json*> Backup::find(std::string_view kind, std::string_view name) const {
  std::vector<const Json*> found;
  for (const auto& object : objects) {
    if (kube::name_of(object) == name && is_named(*coverage_of(object), kind))
      found.push_back(&object);
  }
  return found;
}

bool is_named(const Coverage& coverage, std::string_view word) {
  const std::string_view resource = coverage.resource;
  return equal_in_any_case(word, resource) ||
         equal_in_any_case(word, resource.substr(0, resource.find('.'))) ||
         equal_in_any_case(word, coverage.kind) || equal_in_any_case(word, coverage.short_name) ||
         std::any_of(coverage.aliases.begin(), coverage.aliases.end(),
                     [&](const std::string& alias) { return equal_in_any_case(word, alias); });
}

std::string file_name(const Coverage& coverage, const Json& object) {
  constexpr std::size_t k_longest = 255;  // NAME_MAX of every file system that matters
  constexpr std::size_t k_hash = 12;
  constexpr std::string_view k_suffix = ".yaml";
  const std::string stem = fmt::format("{}__{}", coverage.short_name, kube::name_of(object));
  if (stem.size() + k_suffix.size() <= k_longest) return stem + std::string(k_suffix);
  return fmt::format("{}~{}{}", stem.substr(0, k_longest - k_suffix.size() - k_hash - 1),
                     os::sha256_hex(stem).substr(0, k_hash), k_suffix);
}

}  // namespace dr::backup
