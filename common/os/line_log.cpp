#include "common/os/line_log.hpp"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace dr::os {

std::optional<LineLog> LineLog::create(const std::filesystem::path& path) {
  make_dirs(dir_of(path));
  Fd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (fd.is_open()) return LineLog(path, std::move(fd));
  if (errno == EEXIST) return std::nullopt;
  throw_errno("failed to create " + path.string());
}

LineLog::LineLog(std::filesystem::path path, Fd fd)
    : m_path(std::move(path)), m_fd(std::move(fd)) {}

void LineLog::add(std::string_view line) {
  const std::string text = std::string(line) + '\n';
  ssize_t written = 0;
  do {
    written = ::write(m_fd.get(), text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(text.size())) return;
  if (written >= 0) {
    // The disk took a part of it. The writer is alone (O_EXCL), so that part is the file's end.
    const off_t end = ::lseek(m_fd.get(), 0, SEEK_END);
    const bool undone = end >= written && ::ftruncate(m_fd.get(), end - written) == 0;
    if (undone) errno = ENOSPC;
  }
  throw_errno("failed to write " + m_path.string());
}

}  // namespace dr::os
