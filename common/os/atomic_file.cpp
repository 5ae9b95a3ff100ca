#include "common/os/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include "common/base/error.hpp"
#include "common/os/file_io.hpp"

namespace dr::os {
namespace {

std::optional<mode_t> mode_of(const std::filesystem::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return status.st_mode & 07777;
}

std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  return dir_of(path) / fmt::format(".{}.tmp-{}", path.filename().string(), ::getpid());
}

// Blocks until the lock is ours; false when another holds it past `deadline`.
bool lock_until(int fd, std::chrono::steady_clock::time_point deadline,
                const std::filesystem::path& path) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw_errno("failed to lock " + path.string());
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

}  // namespace

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  make_dirs(dir_of(path));
  const std::filesystem::path temporary = temporary_beside(path);
  ::unlink(temporary.c_str());  // of a dead run that had our process id
  try {
    write_new_file(temporary, bytes, mode_of(path));
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      throw_errno("failed to write " + path.string());
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_dir(dir_of(path));
}

void remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) == 0) {
    sync_dir(dir_of(path));
  } else if (errno != ENOENT) {
    throw_errno("failed to remove " + path.string());
  }
}

std::string read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  return read_regular_file(path, max_bytes, Links::follow);
}

FileLock::FileLock(const std::filesystem::path& path, int wait_seconds) : m_fd(-1) {
  make_dirs(dir_of(path));
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd.is_open()) throw_errno("failed to lock " + path.string());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(wait_seconds);
  if (!lock_until(fd.get(), deadline, path)) {
    throw Error(ExitCode::failed, "another run holds " + path.string(),
                "wait for it to end, then try again");
  }
  m_fd = fd.release();
}

FileLock::~FileLock() {
  ::close(m_fd);
}

}  // namespace dr::os
