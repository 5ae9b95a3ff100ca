#pragma once

#include <filesystem>

namespace dr::os {

// Removes a directory so that a crash leaves it whole or gone: it is renamed to ".pruned-<name>"
// first. Throws Error(failed) naming it.
void prune_dir(const std::filesystem::path& dir);

// Removes what prune_dir left in `parent` when its process died.
void remove_pruned(const std::filesystem::path& parent);

}  // namespace dr::os
