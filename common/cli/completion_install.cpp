#include "common/cli/completion_install.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/completion_scripts.hpp"
#include "common/os/atomic_file.hpp"

namespace dr::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_max_script = std::size_t{64} << 10;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::symlink_status(path, ignored).type() != fs::file_type::not_found;
}

bool same_directory(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::weakly_canonical(a, ignored) == fs::weakly_canonical(b, ignored);
}

// Who may run a file of PATH is for its directory to say.
void make_executable(const fs::path& file) {
  std::error_code error;
  fs::permissions(file,
                  fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                      fs::perms::others_read | fs::perms::others_exec,
                  error);
  if (!error) return;
  throw Error(ExitCode::failed,
              fmt::format("failed to make {} executable: {}", file.string(), error.message()));
}

}  // namespace

CompletionFile::CompletionFile(std::string plugin, const os::Environment& environment)
    : m_plugin(std::move(plugin)), m_environment(environment) {
  for (const std::string& directory : split(environment.get("PATH").value_or(""), ':')) {
    if (directory.starts_with('/')) m_path.emplace_back(directory);
  }
}

std::optional<fs::path> CompletionFile::default_directory() const {
  std::vector<fs::path> candidates;
  if (const auto plugin = m_environment.find_program("kubectl-" + m_plugin)) {
    candidates.push_back(plugin->parent_path());
  }
  if (const auto home = m_environment.get("HOME")) {
    candidates.push_back(fs::path(*home) / ".local" / "bin");
    candidates.push_back(fs::path(*home) / "bin");
  }
  candidates.emplace_back("/usr/local/bin");
  const auto good = std::ranges::find_if(candidates, [&](const fs::path& directory) {
    return on_path(directory) && !is_krews(directory) && ::access(directory.c_str(), W_OK) == 0;
  });
  return good == candidates.end() ? std::nullopt : std::optional(*good);
}

bool CompletionFile::on_path(const fs::path& directory) const {
  return std::ranges::any_of(m_path,
                             [&](const fs::path& one) { return same_directory(one, directory); });
}

bool CompletionFile::is_krews(const fs::path& directory) const {
  std::vector<fs::path> roots;
  if (const auto root = m_environment.get("KREW_ROOT")) roots.emplace_back(*root);
  if (const auto home = m_environment.get("HOME")) roots.push_back(fs::path(*home) / ".krew");
  return std::ranges::any_of(
      roots, [&](const fs::path& root) { return same_directory(root / "bin", directory); });
}

fs::path CompletionFile::file_in(const fs::path& directory) const {
  return directory / ("kubectl_complete-" + m_plugin);
}

// Ours are this one and those of other versions.
bool CompletionFile::is_ours(const fs::path& file) const {
  try {
    return os::read_file(file, k_max_script).find("\nkubectl-" + m_plugin + " __complete ") !=
           std::string::npos;
  } catch (const Error&) {
    return false;  // too large, a dangling link, unreadable
  }
}

bool CompletionFile::install(const fs::path& directory) const {
  const fs::path file = file_in(directory);
  if (is_krews(directory)) {
    throw Error(ExitCode::refused,
                fmt::format("failed to write {}: the directory is krew's, which stops working when "
                            "a file is left there after its plugin",
                            file.string()),
                "name another directory on PATH with --dir");
  }
  const std::string script = kubectl_completion(m_plugin);
  if (is_there(file)) {
    if (!is_ours(file)) {
      throw Error(
          ExitCode::refused,
          fmt::format("failed to write {}: there is another file of that name", file.string()),
          "remove it, or name another directory on PATH with --dir");
    }
    const bool same = os::read_file(file, k_max_script) == script;
    if (same && ::access(file.c_str(), X_OK) == 0) return false;
  }
  os::write_file(file, script);
  make_executable(file);
  return true;
}

std::vector<fs::path> CompletionFile::uninstall(const std::vector<fs::path>& directories) const {
  std::vector<fs::path> removed;
  for (const fs::path& directory : directories) {
    const fs::path file = file_in(directory);
    if (!is_there(file) || !is_ours(file)) continue;
    std::error_code error;
    fs::remove(file, error);
    if (error) {
      throw Error(ExitCode::failed,
                  fmt::format("failed to remove {}: {}", file.string(), error.message()));
    }
    removed.push_back(file);
  }
  return removed;
}

}  // namespace dr::cli
