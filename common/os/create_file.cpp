#include "common/os/create_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "common/os/file_io.hpp"

namespace dr::os {
namespace {

// Removes a temporary file, also when its content could not be written.
class Temporary {
 public:
  explicit Temporary(std::filesystem::path path) : m_path(std::move(path)) {}
  ~Temporary() { ::unlink(m_path.c_str()); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

}  // namespace

bool create_file(const std::filesystem::path& path, std::string_view bytes) {
  make_dirs(dir_of(path));
  const Temporary temporary(dir_of(path) /
                            fmt::format(".{}.new-{}", path.filename().string(), ::getpid()));
  ::unlink(temporary.path().c_str());  // of a dead run that had our process id
  write_new_file(temporary.path(), bytes);
  // Unlike rename(), link() refuses a name that is taken.
  if (::link(temporary.path().c_str(), path.c_str()) != 0) {
    if (errno == EEXIST) return false;
    throw_errno("failed to create " + path.string());
  }
  sync_dir(dir_of(path));
  return true;
}

}  // namespace dr::os
