#include "common/os/environment.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "tests/unit/support/temp_dir.hpp"

namespace dr::os {
namespace {

namespace fs = std::filesystem;
using Variables = std::map<std::string, std::string>;

void make_program(const fs::path& path, fs::perms mode = fs::perms::owner_all) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << "#!/bin/sh\n";
  fs::permissions(path, mode);
}

TEST(Environment, ReadsTheProcess) {
  ::setenv("DR_TEST_VALUE", "a=b", 1);
  const Environment environment = Environment::of_process();
  ::unsetenv("DR_TEST_VALUE");
  EXPECT_EQ(environment.get("DR_TEST_VALUE"), "a=b");  // read once, cut at the first '='
  EXPECT_EQ(environment.get("DR_TEST_OTHER"), std::nullopt);
}

TEST(Environment, AnEmptyValueIsUnsetButSeen) {
  const Environment environment(Variables{{"NO_COLOR", ""}});
  EXPECT_EQ(environment.get("NO_COLOR"), std::nullopt);
  EXPECT_TRUE(environment.is_set("NO_COLOR"));
  EXPECT_FALSE(environment.is_set("COLOR"));
}

TEST(FindProgram, TakesTheFirstExecutableFileOfPath) {
  const test::TempDir dir;
  fs::create_directories(dir.path() / "a" / "tool");               // a directory
  make_program(dir.path() / "b" / "tool", fs::perms::owner_read);  // not executable
  make_program(dir.path() / "c" / "tool");
  make_program(dir.path() / "d" / "tool");
  std::string path;
  for (const char* name : {"missing", "a", "b", "c", "d"}) {
    path += (dir.path() / name).string() + ":";
  }
  const Environment environment(Variables{{"PATH", path}});
  EXPECT_EQ(environment.find_program("tool"), dir.path() / "c" / "tool");
  EXPECT_EQ(environment.find_program("other"), std::nullopt);
  EXPECT_EQ(environment.find_program(""), std::nullopt);
}

TEST(FindProgram, TakesAPathAsIs) {
  const test::TempDir dir;
  make_program(dir.path() / "tool");
  const Environment environment(Variables{});
  EXPECT_EQ(environment.find_program((dir.path() / "tool").string()), dir.path() / "tool");
  EXPECT_EQ(environment.find_program((dir.path() / "other").string()), std::nullopt);
  EXPECT_EQ(environment.find_program("tool"), std::nullopt);  // no PATH
}

TEST(ForChild, SetsAndUnsets) {
  const Environment environment(Variables{{"A", "1"}, {"B", "2"}, {"C", "3"}});
  EXPECT_EQ(environment.for_child({{"B", "x=y"}, {"D", ""}}, {"C", "E"}),
            (std::vector<std::string>{"A=1", "B=x=y", "D="}));
}

}  // namespace
}  // namespace dr::os
