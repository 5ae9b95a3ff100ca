#include "common/os/private_dir.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::os {
namespace {

namespace fs = std::filesystem;

// Copies of a namespace's configuration are in it for a while.
TEST(PrivateDir, IsTheOwnersAloneAndGoesAwayWithItsContent) {
  fs::path path;
  {
    const PrivateDir dir;
    path = dir.path();
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    write_file(path / "a" / "b", "x");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(PrivateDir, SaysWhatToDoWithoutAPlaceForIt) {
  const test::TempDir dir;
  const char* before = ::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", (dir.path() / "missing").c_str(), 1);
  try {
    const PrivateDir private_dir;
    ADD_FAILURE() << private_dir.path();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_EQ(error.next_step(), "set TMPDIR to a directory that you may write");
  }
  if (before == nullptr) {
    ::unsetenv("TMPDIR");
  } else {
    ::setenv("TMPDIR", kept.c_str(), 1);
  }
}

}  // namespace
}  // namespace dr::os
