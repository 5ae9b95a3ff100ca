#include "common/os/line_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <string>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::os {
namespace {

using testing::StartsWith;

// A disk that takes `bytes` of a file and no more.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : m_handler(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &m_before);
    rlimit small = m_before;
    small.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &m_before);
    std::signal(SIGXFSZ, m_handler);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  void (*m_handler)(int);
  rlimit m_before{};
};

TEST(LineLog, GrowsByALineAndMakesItsDirectory) {
  const test::TempDir dir;
  const auto path = dir.path() / "a" / "b" / "log";
  auto log = LineLog::create(path);
  ASSERT_TRUE(log);
  EXPECT_EQ(read_file(path), "");
  log->add("one");
  EXPECT_EQ(read_file(path), "one\n");
  log->add("two");
  EXPECT_EQ(read_file(path), "one\ntwo\n");
}

TEST(LineLog, NeverTakesAFileThatIsThere) {
  // Protects the journal of another run.
  const test::TempDir dir;
  write_file(dir.path() / "log", "theirs\n");
  EXPECT_FALSE(LineLog::create(dir.path() / "log"));
  EXPECT_EQ(read_file(dir.path() / "log"), "theirs\n");
}

TEST(LineLog, LeavesNoHalfOfALineOnAFullDisk) {
  // Protects the reader of a journal that ended early: each line of it is whole.
  const test::TempDir dir;
  auto log = LineLog::create(dir.path() / "log");
  ASSERT_TRUE(log);
  const SmallDisk disk(10);
  log->add("one");
  try {
    log->add("three, too long for the disk");
    FAIL() << "it was written";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), StartsWith("failed to write " + (dir.path() / "log").string()));
    EXPECT_EQ(error.code(), ExitCode::failed);
  }
  EXPECT_EQ(read_file(dir.path() / "log"), "one\n");
}

TEST(LineLog, NamesAPlaceThatCannotBeWritten) {
  const test::TempDir dir;
  write_file(dir.path() / "file", "");
  EXPECT_THROW(LineLog::create(dir.path() / "file" / "log"), Error);
}

}  // namespace
}  // namespace dr::os
