#include "common/os/sealed_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <set>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/process_runner.hpp"
#include "common/os/sha256.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::os {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;
using testing::HasSubstr;
using Files = std::map<std::string, std::string>;

const std::string k_sum = sha256_hex("x");

std::set<std::string> names_in(const fs::path& dir) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

std::string dead_pid() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  return std::to_string(pid);
}

class SealedDirTest : public testing::Test {
 protected:
  fs::path parent() const { return m_dir.path() / "store"; }
  fs::path target() const { return parent() / "lkg-1"; }

  void seal() const {
    SealedDirWriter writer(target());
    writer.add("manifest.json", "{}");
    writer.add("a b.yaml", std::string("x\0y", 3));
    writer.commit();
  }

  // The error of reading a sealed directory that was changed.
  std::string damage(const std::function<void()>& change) const {
    seal();
    change();
    try {
      read_sealed_dir(target());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::integrity) << error.what();
      return error.what();
    }
    return "no error";
  }

 private:
  test::TempDir m_dir;
};

TEST_F(SealedDirTest, ReadsWhatWasWritten) {
  seal();
  EXPECT_EQ(read_sealed_dir(target()),
            (Files{{"manifest.json", "{}"}, {"a b.yaml", std::string("x\0y", 3)}}));
  EXPECT_EQ(names_in(parent()), std::set<std::string>{"lkg-1"});
}

// Many files take another way to the disk.
TEST_F(SealedDirTest, ReadsManyFiles) {
  Files files;
  for (int number = 0; number < 600; ++number) {
    files["cm__" + std::to_string(number) + ".yaml"] = std::string(1000, 'x');
  }
  SealedDirWriter writer(target());
  for (const auto& [name, bytes] : files) writer.add(name, bytes);
  writer.commit();
  EXPECT_EQ(read_sealed_dir(target()), files);
}

// An operator must be able to check an LKG without our tools.
TEST_F(SealedDirTest, TheUsualToolAcceptsIt) {
  seal();
  SystemProcessRunner runner;
  Command command{"/bin/sh",
                  {"-c", "cd \"$1\" && sha256sum --strict -c SHA256SUMS", "sh", target().string()},
                  {},
                  {}};
  command.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  const ProcessResult result = runner.run(command);
  EXPECT_EQ(result.out, "a b.yaml: OK\nmanifest.json: OK\n");
  EXPECT_EQ(result.exit_code, 0);
}

TEST_F(SealedDirTest, FindsAFlippedBit) {
  EXPECT_THAT(damage([&] { std::ofstream(target() / "manifest.json") << "{|"; }),
              HasSubstr("manifest.json does not match its SHA-256 checksum"));
}

TEST_F(SealedDirTest, FindsAMissingFile) {
  EXPECT_THAT(damage([&] { fs::remove(target() / "manifest.json"); }),
              HasSubstr("manifest.json is missing"));
}

TEST_F(SealedDirTest, FindsAMissingList) {
  EXPECT_THAT(damage([&] { fs::remove(target() / "SHA256SUMS"); }),
              HasSubstr("SHA256SUMS is missing"));
}

TEST_F(SealedDirTest, FindsAnExtraFile) {
  EXPECT_THAT(damage([&] { std::ofstream(target() / ".hidden") << "x"; }),
              HasSubstr(".hidden is not listed in SHA256SUMS"));
}

// A link is refused even when the bytes behind it are right: they may change later.
TEST_F(SealedDirTest, FindsALink) {
  EXPECT_THAT(damage([&] {
                fs::rename(target() / "manifest.json", parent() / "elsewhere");
                fs::create_symlink(parent() / "elsewhere", target() / "manifest.json");
              }),
              HasSubstr("manifest.json is not a regular file"));
}

TEST_F(SealedDirTest, FindsADirectoryInAFilesPlace) {
  EXPECT_THAT(damage([&] { fs::create_directory(target() / "sub"); }),
              HasSubstr("sub is not a regular file"));
}

TEST_F(SealedDirTest, FindsACutList) {
  EXPECT_THAT(damage([&] { fs::resize_file(target() / "SHA256SUMS", 100); }),
              HasSubstr("line 2 is cut off"));
}

TEST_F(SealedDirTest, FindsAnEmptyList) {
  EXPECT_THAT(damage([&] { fs::resize_file(target() / "SHA256SUMS", 0); }),
              HasSubstr("no line at all"));
}

TEST_F(SealedDirTest, EscapesAHostileName) {
  EXPECT_THAT(damage([&] { std::ofstream(target() / "a\x1b[2Jz") << "x"; }),
              HasSubstr("/az is not listed"));
}

TEST_F(SealedDirTest, AMissingDirectoryIsAnErrorButNotDamage) {
  try {
    read_sealed_dir(target());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_EQ(std::string(error.what()),
              "failed to read " + target().string() + ": No such file or directory");
  }
}

TEST_F(SealedDirTest, UncommittedIsRemoved) {
  {
    SealedDirWriter writer(target());
    writer.add("manifest.json", "{}");
    EXPECT_FALSE(fs::exists(target()));
    EXPECT_EQ(names_in(parent()).size(), 1U);
  }
  EXPECT_EQ(names_in(parent()), std::set<std::string>{});
}

TEST_F(SealedDirTest, AnExistingTargetIsRefusedAtTheStart) {
  fs::create_directories(target());
  EXPECT_THROW(SealedDirWriter{target()}, Error);
  EXPECT_EQ(names_in(parent()), std::set<std::string>{"lkg-1"});
}

TEST_F(SealedDirTest, ATargetThatAppearsMeanwhileIsNotReplaced) {
  {
    SealedDirWriter writer(target());
    writer.add("manifest.json", "{}");
    write_file(target() / "other", "kept");
    EXPECT_THROW(writer.commit(), Error);
  }
  EXPECT_EQ(read_file(target() / "other"), "kept");
  EXPECT_EQ(names_in(parent()), std::set<std::string>{"lkg-1"});
}

// Ids differ from run to run, so what a killed run left never carries the name of this target.
TEST_F(SealedDirTest, RemovesTheLeftoversOfDeadRunsAndNothingElse) {
  const std::string alive = std::to_string(::getppid());
  const std::string dead = dead_pid();
  for (const std::string& name :
       {".lkg-1.partial-" + dead, ".lkg-1.partial-" + std::to_string(::getpid()),
        ".lkg-1.partial-" + alive, ".lkg-2.partial-" + dead, ".lkg.partial-1.partial-" + dead,
        ".lkg-1.partial-x"s, ".lkg-1.partial-" + dead + "x", ".lkg-1.partial-"s, ".partial-" + dead,
        "lkg-0.partial-" + dead, ".lkg-0"s}) {
    write_file(parent() / name / "file", "x");
  }
  seal();
  EXPECT_EQ(names_in(parent()),
            (std::set<std::string>{"lkg-1", ".lkg-1.partial-" + alive, ".lkg-1.partial-x",
                                   ".lkg-1.partial-" + dead + "x", ".lkg-1.partial-",
                                   ".partial-" + dead, "lkg-0.partial-" + dead, ".lkg-0"}));
}

// What the system said of a dead one must not count for the next.
TEST_F(SealedDirTest, LeavesWhatALiveRunFillsAmongLeftovers) {
  const std::string alive = std::to_string(::getppid());
  const std::string dead = dead_pid();
  std::set<std::string> expected = {"lkg-1"};
  for (int i = 2; i < 12; ++i) {  // in the order of the file system, some come after a dead one
    const std::string name = ".lkg-" + std::to_string(i) + ".partial-";
    for (const auto& pid : {alive, dead}) write_file(parent() / (name + pid) / "file", "x");
    expected.insert(name + alive);
  }
  seal();
  EXPECT_EQ(names_in(parent()), expected);
}

// A link that somebody put there is removed, never what it leads to.
TEST_F(SealedDirTest, RemovesALinkInALeftoversPlaceAndNotItsTarget) {
  write_file(parent() / "precious" / "file", "x");
  fs::create_symlink("precious", parent() / (".lkg-0.partial-" + dead_pid()));
  seal();
  EXPECT_EQ(names_in(parent()), (std::set<std::string>{"lkg-1", "precious"}));
  EXPECT_EQ(read_file(parent() / "precious" / "file"), "x");
}

// A file that vanished or cannot be synced is never sealed as if it were on the disk.
TEST_F(SealedDirTest, AFileThatCannotBeSyncedStopsTheCommit) {
  {
    SealedDirWriter writer(target());
    writer.add("file", "x");
    fs::remove_all(parent() / (".lkg-1.partial-" + std::to_string(::getpid())) / "file");
    EXPECT_THROW(writer.commit(), Error);
    EXPECT_FALSE(fs::exists(target()));
  }
  EXPECT_EQ(names_in(parent()), std::set<std::string>{});
}

TEST_F(SealedDirTest, AddTakesPlainNewNamesOnly) {
  SealedDirWriter writer(target());
  writer.add("file", "x");
  for (const std::string name :
       {"", ".", "..", ".hidden", "a/b", "../up", "a\nb", "SHA256SUMS", "file"}) {
    EXPECT_THROW(writer.add(name, "x"), Error) << name;
  }
  writer.commit();
  EXPECT_EQ(read_sealed_dir(target()), (Files{{"file", "x"}}));
}

// The signature is beside the list, not in it; where none belongs, it is a foreign file.
TEST_F(SealedDirTest, ASignatureIsKeptWhereOneMayBe) {
  {
    SealedDirWriter writer(target());
    EXPECT_THROW(writer.add(k_signature_name, "x"), Error);
    writer.add("file", "x");
    writer.commit("signature");
  }
  EXPECT_EQ(read_sealed_dir(target(), SignatureFile::allow),
            (Files{{"file", "x"}, {"SHA256SUMS.sig", "signature"}}));
  EXPECT_EQ(parse_checksums(read_file(target() / k_checksums_name)).size(), 1U);
  EXPECT_THROW(read_sealed_dir(target()), Error);
  fs::remove(target() / k_signature_name);
  fs::create_symlink("file", target() / k_signature_name);
  EXPECT_THROW(read_sealed_dir(target(), SignatureFile::allow), Error);
}

TEST_F(SealedDirTest, CommitsOnceAndNeverNothing) {
  SealedDirWriter writer(target());
  EXPECT_THROW(writer.commit(), Error);
  writer.add("file", "x");
  writer.commit();
  EXPECT_THROW(writer.commit(), Error);
  EXPECT_THROW(writer.add("more", "x"), Error);
}

TEST(Checksums, GoThereAndBack) {
  const Files sums{{"b", k_sum}, {"a b", sha256_hex("y")}};
  const std::string text = format_checksums(sums);
  EXPECT_EQ(text, sha256_hex("y") + "  a b\n" + k_sum + "  b\n");
  EXPECT_EQ(parse_checksums(text), sums);
}

TEST(Checksums, RefusesAnythingElse) {
  const std::string upper = std::string(63, 'a') + "A";
  for (const std::string& text : {""s,
                                  "\n"s,
                                  k_sum + "  a"s,
                                  k_sum + "  a\n\n",
                                  k_sum + " a\n",
                                  k_sum + " *a\n",
                                  k_sum + "\ta\n",
                                  k_sum + "\n",
                                  k_sum + "  \n",
                                  k_sum + "  .a\n",
                                  k_sum + "  ..\n",
                                  k_sum + "  a/b\n",
                                  k_sum + "  a\r\n",
                                  k_sum + "  a\x1b[m\n",
                                  k_sum.substr(1) + "  a\n",
                                  "0" + k_sum + "  a\n",
                                  upper + "  a\n",
                                  "\\" + k_sum + "  a\n",
                                  " " + k_sum + "  a\n",
                                  k_sum + "  a\n" + k_sum + "  a\n",
                                  "# comment\n"s}) {
    try {
      parse_checksums(text);
      ADD_FAILURE() << "accepted " << testing::PrintToString(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::integrity);
    }
  }
}

}  // namespace
}  // namespace dr::os
