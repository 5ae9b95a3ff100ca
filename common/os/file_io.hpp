#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

// What atomic_file, sealed_dir and process_runner share. Of no use above this floor.
namespace dr::os {

// An owned file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : m_fd(fd) {}
  Fd(Fd&& other) noexcept : m_fd(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }

  bool is_open() const noexcept { return m_fd >= 0; }
  int get() const noexcept { return m_fd; }
  int release() noexcept;
  void reset() noexcept;
  bool close() noexcept;  // false, with errno, when the kernel reports a late write error

 private:
  int m_fd = -1;
};

// Throws Error(failed) "<doing>: <the text of errno>".
[[noreturn]] void throw_errno(const std::string& doing);

// All of these throw Error(failed) that names the path and the cause.

// Makes a file that must not exist yet, and syncs it, unless the caller does so later. A failure
// leaves none.
enum class Sync { now, later };
void write_new_file(const std::filesystem::path& path, std::string_view bytes,
                    std::optional<mode_t> mode = std::nullopt, Sync when = Sync::now);
void sync_file(const std::filesystem::path& path);
// Starts and awaits the writing of everything that waits on the file system of `dir`, so that
// sync_file() then has little to do; where the system cannot do that, nothing. It proves nothing:
// what failed, sync_file() tells.
void flush_file_system(const std::filesystem::path& dir) noexcept;
enum class Links { follow, refuse };
std::string read_regular_file(const std::filesystem::path& path, std::size_t max_bytes,
                              Links links);
void make_dirs(
    const std::filesystem::path& dir);  // each new entry is synced; an existing directory is fine
void sync_dir(const std::filesystem::path& dir);

std::filesystem::path dir_of(const std::filesystem::path& path);  // "." for a bare name

}  // namespace dr::os
