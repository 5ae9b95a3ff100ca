#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace dr::os {

// All functions throw Error(failed) that names the path and the cause, unless they say otherwise.

// Makes `path` hold `bytes`, all or nothing: a temporary file beside it, fsync, rename, fsync of
// the directory. The directory is made when missing. A failure leaves the old content and no
// temporary file.
void write_file(const std::filesystem::path& path, std::string_view bytes);

// Removes a file, and the directory has lost its name when this returns; none is fine.
void remove_file(const std::filesystem::path& path);

// The whole content of a regular file. Anything else (directory, FIFO, device, a symbolic link to
// those), or more than `max_bytes`, is refused; a missing file is Error(failed) too.
std::string read_file(const std::filesystem::path& path,
                      std::size_t max_bytes = std::size_t{256} << 20);

// An advisory lock (flock) on `path`, made when missing; held until destruction, released by the
// kernel on a crash.
class FileLock {
 public:
  // Throws Error(failed) "another run holds ..." when it is taken and stays so for `wait_seconds`.
  explicit FileLock(const std::filesystem::path& path, int wait_seconds = 10);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int m_fd;
};

}  // namespace dr::os
