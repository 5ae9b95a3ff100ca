#include "plugins/lkg/preflight/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/base/error.hpp"
#include "common/base/text.hpp"

namespace dr::lkg {
namespace {

constexpr std::size_t k_named = 5;

void add_once(std::vector<std::string>& lines, const std::string& line) {
  if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  static constexpr std::array<std::string_view, 3> names = {"ok", "warn", "stop"};
  return names.at(static_cast<std::size_t>(verdict));
}

std::vector<Check> or_ok(std::vector<Check> found, std::string_view name, std::string detail) {
  if (found.empty()) found.push_back({std::string(name), Verdict::ok, "", std::move(detail), ""});
  return found;
}

Check not_known(std::string_view name, std::string_view what, std::string_view cause) {
  return {std::string(name), Verdict::warn, "", fmt::format("not known {}: {}", what, cause),
          "see to it yourself, or have the right to read it granted"};
}

std::string first_of(const std::vector<std::string>& names) {
  if (names.size() <= k_named) return join(names, ", ");
  return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + k_named, ", "),
                     names.size() - k_named);
}

void ByCause::add(const std::string& cause, Check check) {
  const auto known = std::find_if(m_rows.begin(), m_rows.end(), [&](const Row& row) {
    return row.cause == cause && row.check.name == check.name && row.check.verdict == check.verdict;
  });
  const std::string subject = check.subject;
  auto& row = known == m_rows.end() ? m_rows.emplace_back(cause, std::move(check)) : *known;
  row.subjects.push_back(subject);
}

std::vector<Check> ByCause::rows() const {
  std::vector<Check> rows;
  for (const auto& [cause, check, subjects] : m_rows) {
    Check row = check;
    row.subject = first_of(subjects);
    row.detail.replace(row.detail.find("{}"), 2, row.subject);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> warnings_of(const std::vector<Check>& checks) {
  std::vector<std::string> warnings;
  for (const auto& check : checks) {
    if (check.verdict == Verdict::warn)
      warnings.push_back(check.cure.empty() ? check.detail : check.detail + ": " + check.cure);
  }
  return warnings;
}

bool has_stops(const std::vector<Check>& checks) {
  return std::any_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.verdict == Verdict::stop; });
}

void refuse_stops(const std::vector<Check>& checks) {
  std::vector<std::string> causes;
  std::vector<std::string> cures;
  for (const auto& check : checks) {
    if (check.verdict != Verdict::stop) continue;
    add_once(causes, check.detail);
    add_once(cures, check.cure);
  }
  if (causes.empty()) return;
  throw Error(ExitCode::refused, join(causes, "; "), join(cures, "; "));
}

}  // namespace dr::lkg
