#include "common/os/environment.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "common/base/text.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace dr::os {
namespace {

bool is_executable(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Environment Environment::of_process() {
  std::map<std::string, std::string> variables;
  for (char** line = environ; line != nullptr && *line != nullptr; ++line) {
    const std::string_view text(*line);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

Environment::Environment(std::map<std::string, std::string> variables)
    : m_variables(std::move(variables)) {}

std::optional<std::string> Environment::get(std::string_view name) const {
  const auto found = m_variables.find(std::string(name));
  if (found == m_variables.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

bool Environment::is_set(std::string_view name) const {
  return m_variables.contains(std::string(name));
}

std::optional<std::filesystem::path> Environment::find_program(std::string_view name) const {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string_view::npos) {
    std::filesystem::path path(name);
    if (is_executable(path)) return path;
    return std::nullopt;
  }
  for (const std::string& dir : split(get("PATH").value_or(""), ':')) {
    std::filesystem::path path = std::filesystem::path(dir.empty() ? "." : dir) / name;
    if (is_executable(path)) return path;
  }
  return std::nullopt;
}

std::vector<std::string> Environment::for_child(const std::map<std::string, std::string>& set,
                                                const std::vector<std::string>& unset) const {
  std::map<std::string, std::string> variables = m_variables;
  for (const auto& [name, value] : set) variables[name] = value;
  for (const std::string& name : unset) variables.erase(name);

  std::vector<std::string> lines;
  lines.reserve(variables.size());
  for (const auto& [name, value] : variables) lines.push_back(fmt::format("{}={}", name, value));
  return lines;
}

}  // namespace dr::os
