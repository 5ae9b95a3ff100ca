#pragma once

#include <filesystem>
#include <string_view>

namespace dr::os {

// Makes `path` hold `bytes`, all or nothing, and never replaces anything: false when something is
// there already. The content is on the disk before the name is. The directory is made when missing.
// Throws Error(failed).
bool create_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace dr::os
