#include "common/os/create_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::os {
namespace {

namespace fs = std::filesystem;

std::set<std::string> names_in(const fs::path& dir) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir))
    names.insert(entry.path().filename().string());
  return names;
}

TEST(CreateFile, MakesTheFileAndItsDirectory) {
  const test::TempDir dir;
  const fs::path path = dir.path() / "a" / "b";
  EXPECT_TRUE(create_file(path, "bytes"));
  EXPECT_EQ(read_file(path), "bytes");
  EXPECT_EQ(names_in(dir.path() / "a"), std::set<std::string>{"b"});
}

// A copy that is there is never replaced, whatever it is.
TEST(CreateFile, ReplacesNothing) {
  const test::TempDir dir;
  write_file(dir.path() / "file", "old");
  fs::create_directory(dir.path() / "directory");
  fs::create_symlink("nowhere", dir.path() / "link");
  for (const char* name : {"file", "directory", "link"}) {
    EXPECT_FALSE(create_file(dir.path() / name, "new")) << name;
  }
  EXPECT_EQ(read_file(dir.path() / "file"), "old");
  EXPECT_EQ(names_in(dir.path()), (std::set<std::string>{"file", "directory", "link"}));
}

TEST(CreateFile, AFailureNamesThePathAndLeavesNothing) {
  const test::TempDir dir;
  write_file(dir.path() / "file", "old");
  try {
    create_file(dir.path() / "file" / "below", "new");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_THAT(error.what(), testing::HasSubstr((dir.path() / "file").string()));
  }
  EXPECT_EQ(names_in(dir.path()), std::set<std::string>{"file"});
}

}  // namespace
}  // namespace dr::os
