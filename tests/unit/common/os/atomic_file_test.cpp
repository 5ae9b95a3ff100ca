#include "common/os/atomic_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <set>

#include "common/base/error.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::os {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::set<std::string> names_in(const fs::path& dir) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

mode_t mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

template <class Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return Error(ExitCode::ok, "no error");
}

// Writes past `bytes` fail with EFBIG, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &m_before);
    const rlimit limit{bytes, m_before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &m_before); }

 private:
  rlimit m_before{};
};

class AtomicFileTest : public testing::Test {
 protected:
  const fs::path& dir() const { return m_dir.path(); }

 private:
  test::TempDir m_dir;
};

TEST_F(AtomicFileTest, MakesDirectoriesAndReplaces) {
  const fs::path path = dir() / "a" / "b" / "file";
  write_file(path, "old");
  write_file(path, std::string("new\0bytes", 9));
  EXPECT_EQ(read_file(path), std::string("new\0bytes", 9));
  EXPECT_EQ(names_in(path.parent_path()), std::set<std::string>{"file"});
}

TEST_F(AtomicFileTest, NewFilesFollowTheUmaskAndOldOnesKeepTheirMode) {
  const mode_t before = ::umask(027);
  write_file(dir() / "new", "x");
  ::umask(before);
  EXPECT_EQ(mode_of(dir() / "new"), 0640U);

  fs::permissions(dir() / "new", fs::perms::owner_read | fs::perms::owner_write);
  write_file(dir() / "new", "y");
  EXPECT_EQ(mode_of(dir() / "new"), 0600U);
}

TEST_F(AtomicFileTest, AFullDiskKeepsTheOldContentAndLeavesNoTemporaryFile) {
  write_file(dir() / "file", "old");
  const Error error = error_of([&] {
    const FileSizeLimit limit(1000);
    write_file(dir() / "file", std::string(5000, 'x'));
  });
  EXPECT_EQ(error.code(), ExitCode::failed);
  EXPECT_THAT(error.what(), HasSubstr("File too large"));
  EXPECT_EQ(read_file(dir() / "file"), "old");
  EXPECT_EQ(names_in(dir()), std::set<std::string>{"file"});
}

TEST_F(AtomicFileTest, ADirectoryInTheTargetsPlaceIsKept) {
  fs::create_directory(dir() / "file");
  const Error error = error_of([&] { write_file(dir() / "file", "x"); });
  EXPECT_EQ(std::string(error.what()),
            "failed to write " + (dir() / "file").string() + ": Is a directory");
  EXPECT_EQ(names_in(dir()), std::set<std::string>{"file"});
}

TEST_F(AtomicFileTest, AFileInTheDirectorysPlaceIsAnError) {
  write_file(dir() / "file", "old");
  const Error error = error_of([&] { write_file(dir() / "file" / "below", "x"); });
  EXPECT_EQ(error.code(), ExitCode::failed);
  EXPECT_EQ(read_file(dir() / "file"), "old");
}

TEST_F(AtomicFileTest, ADirectoryInTheTemporaryFilesPlaceKeepsTheOldContent) {
  write_file(dir() / "file", "old");
  fs::create_directory(dir() / (".file.tmp-" + std::to_string(::getpid())));
  EXPECT_THROW(write_file(dir() / "file", "new"), Error);
  EXPECT_EQ(read_file(dir() / "file"), "old");
}

// A stale temporary file may be a link planted or left elsewhere: it is removed, never written
// through.
TEST_F(AtomicFileTest, AStaleTemporaryFileIsNotFollowed) {
  write_file(dir() / "victim", "untouched");
  fs::create_symlink(dir() / "victim", dir() / (".file.tmp-" + std::to_string(::getpid())));
  write_file(dir() / "file", "new");
  EXPECT_EQ(read_file(dir() / "victim"), "untouched");
  EXPECT_EQ(names_in(dir()), (std::set<std::string>{"file", "victim"}));
}

TEST_F(AtomicFileTest, ALinkIsReplacedAndItsTargetKept) {
  write_file(dir() / "victim", "untouched");
  fs::create_symlink(dir() / "victim", dir() / "file");
  write_file(dir() / "file", "new");
  EXPECT_EQ(read_file(dir() / "victim"), "untouched");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(dir() / "file")));
}

TEST_F(AtomicFileTest, ReadRefusesWhatIsNotARegularFile) {
  ASSERT_EQ(::mkfifo((dir() / "fifo").c_str(), 0600), 0);
  fs::create_symlink(dir() / "fifo", dir() / "link");
  for (const fs::path& path : {dir() / "fifo", dir() / "link", dir(), fs::path("/dev/zero")}) {
    const Error error = error_of([&] { read_file(path); });
    EXPECT_EQ(std::string(error.what()),
              "failed to read " + path.string() + ": not a regular file");
  }
}

TEST_F(AtomicFileTest, ReadFollowsALinkToAFile) {
  write_file(dir() / "file", "x");
  fs::create_symlink(dir() / "file", dir() / "link");
  EXPECT_EQ(read_file(dir() / "link"), "x");
}

TEST_F(AtomicFileTest, ReadNamesAMissingFile) {
  const Error error = error_of([&] { read_file(dir() / "none"); });
  EXPECT_EQ(error.code(), ExitCode::failed);
  EXPECT_THAT(error.what(), HasSubstr("none: No such file or directory"));
}

TEST_F(AtomicFileTest, ReadHasALimit) {
  write_file(dir() / "file", std::string(100'000, 'x'));
  EXPECT_EQ(read_file(dir() / "file", 100'000).size(), 100'000U);
  EXPECT_THAT(error_of([&] { read_file(dir() / "file", 99'999); }).what(),
              HasSubstr("larger than 99999 bytes"));
  write_file(dir() / "empty", "");
  EXPECT_EQ(read_file(dir() / "empty", 0), "");
}

// Files of /proc have the size 0 and content all the same: the limit must not trust the size.
TEST_F(AtomicFileTest, ReadDoesNotTrustTheSize) {
  EXPECT_THAT(read_file("/proc/self/status"), HasSubstr("Pid:"));
  EXPECT_THAT(error_of([&] { read_file("/proc/self/status", 10); }).what(),
              HasSubstr("larger than 10 bytes"));
}

TEST_F(AtomicFileTest, ALockKeepsTheSecondOut) {
  const fs::path path = dir() / "store" / "lock";
  std::optional<FileLock> first(std::in_place, path);
  const Error error = error_of([&] { FileLock second(path, 0); });
  EXPECT_EQ(error.code(), ExitCode::failed);
  EXPECT_EQ(std::string(error.what()), "another run holds " + path.string());
  first.reset();
  EXPECT_NO_THROW(FileLock(path, 0));
}

TEST_F(AtomicFileTest, ALockWaits) {
  const FileLock first(dir() / "lock");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(FileLock(dir() / "lock", 1), Error);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

}  // namespace
}  // namespace dr::os
