#include "common/os/private_dir.hpp"

#include <stdlib.h>  // mkdtemp, which macOS has in unistd.h
#include <unistd.h>

#include <string>
#include <system_error>

#include "common/base/error.hpp"
#include "common/os/file_io.hpp"

namespace dr::os {

PrivateDir::PrivateDir() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) {
    throw Error(ExitCode::failed, "failed to find a place for temporary files: " + error.message(),
                "set TMPDIR to a directory that you may write");
  }
  std::string pattern = (parent / "kubectl-dr-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw_errno("failed to create " + pattern);
  m_path = pattern;
}

PrivateDir::~PrivateDir() {
  std::error_code ignored;
  std::filesystem::remove_all(m_path, ignored);
}

}  // namespace dr::os
