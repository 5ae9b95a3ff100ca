#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "common/os/atomic_file.hpp"
#include "common/os/process_runner.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::test {

inline os::Command command_of(const std::filesystem::path& program,
                              std::vector<std::string> args = {}) {
  os::Command command;
  command.program = program;
  command.args = std::move(args);
  command.environment = {"PATH=/usr/bin:/bin"};
  return command;
}

inline os::Command shell(const std::string& script) {
  return command_of("/bin/sh", {"-c", script});
}

// A killed orphan may be a zombie for as long as init pleases.
inline bool is_gone(const std::filesystem::path& pid_file) {
  const int pid = std::stoi(os::read_file(pid_file));
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  return !std::getline(stat, line) || line.find(") Z ") != std::string::npos;
}

// A real runner and a directory; each test ends with the check that no child is left.
class ProcessRunnerFixture : public testing::Test {
 protected:
  // What the tests were started with is not of the runner's making.
  static void SetUpTestSuite() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      const int fd = std::stoi(entry.path().filename());
      if (fd > STDERR_FILENO) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
  }

  void TearDown() override {
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }

  std::filesystem::path file(const std::string& name) const { return m_dir.path() / name; }

  os::SystemProcessRunner runner;

 private:
  TempDir m_dir;
};

}  // namespace dr::test
