#pragma once

#include <filesystem>

namespace dr::os {

// A directory for temporary files that its owner alone may enter (mode 0700), where the system
// keeps such files; removed with all that is in it.
class PrivateDir {
 public:
  PrivateDir();  // Throws Error(failed).
  ~PrivateDir();
  PrivateDir(const PrivateDir&) = delete;
  PrivateDir& operator=(const PrivateDir&) = delete;

  const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

}  // namespace dr::os
