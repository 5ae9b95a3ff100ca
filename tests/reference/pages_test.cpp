// What --help, docs/commands and man say of the real verbs. Runs in the root of the repository;
// DR_ACCEPT=1 writes the files instead of comparing them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include "common/cli/help.hpp"
#include "common/cli/reference.hpp"
#include "tests/reference/programs.hpp"

namespace dr {
namespace {

namespace fs = std::filesystem;

using Files = std::map<std::string, std::string>;  // name, content

Files read_files(const fs::path& directory) {
  Files files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    std::ifstream file(entry.path());
    files[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return files;
}

void write_files(const fs::path& directory, const Files& files) {
  fs::remove_all(directory);
  fs::create_directories(directory);
  for (const auto& [name, content] : files) std::ofstream(directory / name) << content;
}

void expect_committed(const fs::path& directory, const Files& wanted) {
  if (std::getenv("DR_ACCEPT") != nullptr) write_files(directory, wanted);
  ASSERT_TRUE(fs::is_directory(directory)) << "in " << fs::current_path();
  const Files committed = read_files(directory);
  for (const auto& [name, content] : wanted) {
    const auto found = committed.find(name);
    ASSERT_NE(found, committed.end()) << directory / name << " is missing: run with DR_ACCEPT=1";
    EXPECT_EQ(found->second, content) << directory / name << " is old: run with DR_ACCEPT=1";
  }
  for (const auto& [name, content] : committed) {
    EXPECT_TRUE(wanted.contains(name)) << directory / name << " is of no verb";
  }
}

constexpr std::size_t k_columns = 80;
constexpr std::size_t k_wide_columns = 100;

TEST(Pages, DocsCommandsAreThoseOfTheTables) {
  Files wanted;
  for (const auto& page : test::all_pages()) wanted[cli::markdown_name(page)] = cli::markdown(page);
  expect_committed("docs/commands", wanted);
}

TEST(Pages, ManPagesAreThoseOfTheTables) {
  Files wanted;
  for (const auto& page : test::all_pages()) wanted[cli::man_name(page)] = cli::man_page(page);
  expect_committed("man", wanted);
}

TEST(Pages, SayWhatEachFlagAndArgumentMeans) {
  std::size_t flags = 0;
  for (const auto& page : test::all_pages()) {
    for (const auto& flag : page.flags) {
      EXPECT_FALSE(flag.meaning.empty()) << page.name << " " << flag.names;
      ++flags;
    }
    for (const auto& [name, meaning] : page.arguments) EXPECT_FALSE(meaning.empty()) << name;
    EXPECT_FALSE(page.summary.empty()) << page.name;
    EXPECT_FALSE(page.summary.ends_with('.') && page.name != page.root) << page.name;
  }
  EXPECT_GT(flags, 100U);
}

TEST(Pages, HaveEveryArgumentOfTheUsage) {
  for (const auto& page : test::all_pages()) {
    std::istringstream words(page.usage);
    for (std::string word; words >> word;) {
      const std::string name = word.substr(0, word.find("...")).substr(word.front() == '[' ? 1 : 0);
      if (word == "[options]" || word == "COMMAND" || word.starts_with("--")) continue;
      const std::string bare = name.ends_with(']') ? name.substr(0, name.size() - 1) : name;
      EXPECT_TRUE(std::ranges::any_of(page.arguments,
                                      [&](const auto& argument) { return argument.first == bare; }))
          << page.name << " does not say what " << word << " is";
    }
  }
}

// But for the examples and kubectl's own sentence, which is not split.
TEST(Pages, FitTheTerminal) {
  for (const auto& page : test::all_pages()) {
    std::istringstream lines(cli::help_text(page));
    bool example = false;
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line.front() != ' ') example = line == "Examples:";
      const bool wide = example || line.starts_with("Use \"");
      const std::size_t width = line.size() + (line.starts_with('\t') ? 7 : 0);
      EXPECT_LE(width, wide ? k_wide_columns : k_columns) << page.name << ": " << line;
    }
  }
}

}  // namespace
}  // namespace dr
