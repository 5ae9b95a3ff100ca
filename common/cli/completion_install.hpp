#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/os/environment.hpp"

namespace dr::cli {

// The file kubectl_complete-<plugin>, which kubectl looks for on PATH.
class CompletionFile {
 public:
  CompletionFile(std::string plugin, const os::Environment& environment);

  // Where install() puts it when the user does not say: beside the plugin, else into ~/.local/bin,
  // ~/bin or /usr/local/bin; the first of these that is on PATH, may be written, and is not krew's.
  std::optional<std::filesystem::path> default_directory() const;
  bool on_path(const std::filesystem::path& directory) const;

  // Puts it there, and says whether anything changed. Throws Error(refused) when that is krew's
  // directory (krew refuses every command when a file is left there without its plugin) or the file
  // there is not ours, Error(failed) when it cannot be written.
  bool install(const std::filesystem::path& directory) const;

  // Removes it from these directories and returns what was removed. A file that is not ours stays.
  // Throws Error(failed).
  std::vector<std::filesystem::path> uninstall(
      const std::vector<std::filesystem::path>& directories) const;

  const std::vector<std::filesystem::path>& path() const { return m_path; }

 private:
  std::filesystem::path file_in(const std::filesystem::path& directory) const;
  bool is_krews(const std::filesystem::path& directory) const;
  bool is_ours(const std::filesystem::path& file) const;

  std::string m_plugin;
  const os::Environment& m_environment;
  std::vector<std::filesystem::path> m_path;  // the absolute directories of PATH
};

}  // namespace dr::cli
