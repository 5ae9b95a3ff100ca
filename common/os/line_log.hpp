#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "common/os/file_io.hpp"

namespace dr::os {

// A new file that grows by whole lines: each is one write at its end, so that whoever reads it, or
// finds it after a kill, has every line so far and no half of one.
class LineLog {
 public:
  // Makes the file, and its directory when missing; nullopt when the name is taken. Throws
  // Error(failed).
  static std::optional<LineLog> create(const std::filesystem::path& path);

  // `line` without a line break. Throws Error(failed), and the file is then as it was before.
  void add(std::string_view line);

 private:
  LineLog(std::filesystem::path path, Fd fd);

  std::filesystem::path m_path;
  Fd m_fd;
};

}  // namespace dr::os
