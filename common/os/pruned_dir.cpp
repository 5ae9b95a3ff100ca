#include "common/os/pruned_dir.hpp"

#include <string>
#include <system_error>
#include <vector>

#include "common/base/error.hpp"
#include "common/os/file_io.hpp"

namespace dr::os {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_prefix = ".pruned-";

[[noreturn]] void throw_failed(const fs::path& path, const std::error_code& error) {
  throw Error(ExitCode::failed, "failed to remove " + path.string() + ": " + error.message());
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw_failed(path, error);
}

}  // namespace

void prune_dir(const fs::path& dir) {
  const fs::path doomed = dir.parent_path() / (k_prefix + dir.filename().string());
  std::error_code error;
  fs::rename(dir, doomed, error);
  if (error) throw_failed(dir, error);
  sync_dir(dir.parent_path());
  remove_tree(doomed);
}

void remove_pruned(const fs::path& parent) {
  std::error_code error;
  std::vector<fs::path> doomed;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().filename().string().starts_with(k_prefix)) doomed.push_back(entry->path());
  }
  if (error) throw_failed(parent, error);
  for (const auto& path : doomed) remove_tree(path);
}

}  // namespace dr::os
