#include "common/os/file_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "common/base/error.hpp"

namespace dr::os {
namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync(int fd) {
#ifdef F_FULLFSYNC
  // fsync of macOS stops at the cache of the drive, so it serves only a file system that does not
  // know more (SMB, FAT), and never after a failed write to the drive.
  if (::fcntl(fd, F_FULLFSYNC) == 0) return true;
  if (errno != ENOTSUP && errno != ENOTTY && errno != EINVAL) return false;
#endif
  return ::fsync(fd) == 0;
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    m_fd = other.release();
  }
  return *this;
}

int Fd::release() noexcept {
  return std::exchange(m_fd, -1);
}

void Fd::reset() noexcept {
  if (is_open()) ::close(release());
}

bool Fd::close() noexcept {
  return ::close(release()) == 0;
}

void throw_errno(const std::string& doing) {
  throw Error(ExitCode::failed, doing + ": " + std::generic_category().message(errno));
}

void write_new_file(const std::filesystem::path& path, std::string_view bytes,
                    std::optional<mode_t> mode, Sync when) {
  const std::string doing = "failed to write " + path.string();
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd.is_open()) throw_errno(doing);
  const bool moded = !mode || ::fchmod(fd.get(), *mode) == 0;
  const bool written = moded && write_all(fd.get(), bytes);
  if (written && (when == Sync::later || sync(fd.get())) && fd.close()) return;
  const int cause = errno;
  ::unlink(path.c_str());
  errno = cause;
  throw_errno(doing);
}

void sync_file(const std::filesystem::path& path) {
  const std::string doing = "failed to sync " + path.string();
  const Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open() || !sync(fd.get())) throw_errno(doing);
}

void flush_file_system([[maybe_unused]] const std::filesystem::path& dir) noexcept {
#ifdef __linux__
  const Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // The result may be about the file of somebody else.
  if (fd.is_open()) static_cast<void>(::syncfs(fd.get()));
#endif
}

std::string read_regular_file(const std::filesystem::path& path, std::size_t max_bytes,
                              Links links) {
  const std::string doing = "failed to read " + path.string();
  // O_NONBLOCK: the open of a FIFO would wait for its writer.
  const int no_follow = links == Links::refuse ? O_NOFOLLOW : 0;
  Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | no_follow));
  if (!fd.is_open()) throw_errno(doing);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) throw_errno(doing);
  if (!S_ISREG(status.st_mode)) throw Error(ExitCode::failed, doing + ": not a regular file");

  // The size is a hint only: the file may grow, and those of /proc say 0.
  constexpr std::size_t k_chunk = std::size_t{64} << 10;
  const auto size = static_cast<std::size_t>(status.st_size);
  std::string bytes;
  std::size_t length = 0;
  while (length <= max_bytes && size <= max_bytes) {
    if (length == bytes.size()) bytes.resize(std::max(size + 1, length + k_chunk));
    const ssize_t count = ::read(fd.get(), bytes.data() + length, bytes.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(doing);
    if (count == 0) {
      bytes.resize(length);
      return bytes;
    }
    length += static_cast<std::size_t>(count);
  }
  throw Error(ExitCode::failed, fmt::format("{}: larger than {} bytes", doing, max_bytes));
}

void make_dirs(const std::filesystem::path& dir) {
  std::error_code ignored;
  if (dir.empty() || std::filesystem::is_directory(dir, ignored)) return;
  make_dirs(dir.parent_path());
  if (::mkdir(dir.c_str(), 0777) != 0) {
    // "a/b/" names a/b once more, and another run may have been faster.
    if (errno == EEXIST && std::filesystem::is_directory(dir, ignored)) return;
    throw_errno("failed to create " + dir.string());
  }
  sync_dir(dir_of(dir));
}

void sync_dir(const std::filesystem::path& dir) {
  const std::string doing = "failed to sync " + dir.string();
  Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) throw_errno(doing);
  // EINVAL: some network file systems have no sync of directories.
  if (!sync(fd.get()) && errno != EINVAL) throw_errno(doing);
}

std::filesystem::path dir_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace dr::os
