// The commands that help and the documents show are understood by the real parser.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/environment.hpp"
#include "tests/reference/programs.hpp"

namespace dr {
namespace {

namespace fs = std::filesystem;

// The words of a shell's command up to where it ends: a pipe, a redirection, a comment, the end of
// a substitution or of the line.
std::vector<std::string> shell_words(const std::string& text) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == quote)
        quote = '\0';
      else
        word = word.value_or("") + c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      word = word.value_or("");
    } else if (c == '\\' && i + 1 < text.size() && text[i + 1] == '\n') {
      ++i;
    } else if (c == ' ') {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
    } else if (std::string_view("|>;&)`\n").find(c) != std::string_view::npos ||
               (c == '#' && !word)) {
      break;
    } else {
      word = word.value_or("") + c;
    }
  }
  if (word) words.push_back(*word);
  return words;
}

// Every command of one of the plugins in `text`, without the words that name it.
std::vector<std::vector<std::string>> commands_in(const std::string& text,
                                                  const std::string& program) {
  std::vector<std::vector<std::string>> found;
  const std::string start = "kubectl " + program + " ";
  for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    const std::size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    const bool comment = text.substr(line, at - line).starts_with('#');
    if (!comment) found.push_back(shell_words(text.substr(at + start.size())));
  }
  return found;
}

// Throws Error on an unknown verb, flag, argument or form of output.
void parse(const std::vector<std::string>& args, const cli::Program& program) {
  const auto line = test::command_line(program);
  const cli::Request request = line->parse(args);
  if (request.help || request.version) return;
  line->globals().resolve(os::Environment({}), fs::current_path(), line->more_outputs());
}

// Checks the commands of all plugins in `text`; returns how many there are.
std::size_t expect_understood(const std::string& text, const std::string& where) {
  std::size_t count = 0;
  for (const auto& program : test::all_programs()) {
    for (const auto& args : commands_in(text, program.name)) {
      EXPECT_NO_THROW(parse(args, program)) << where << ": " << join(args, " ");
      ++count;
    }
  }
  return count;
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The shell blocks of a Markdown file; the runbook's may have an exit code after `sh`.
std::string shell_blocks(const std::string& markdown) {
  std::istringstream lines(markdown);
  std::string text;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = line == "```sh" || line.starts_with("```sh ");
    } else if (inside) {
      text += line + "\n";
    }
  }
  return text;
}

// Those of the repository, at its root and in docs and krew.
std::vector<fs::path> markdown_files() {
  std::vector<fs::path> files;
  const auto add = [&files](const fs::path& path) {
    if (path.extension() == ".md") files.push_back(path);
  };
  for (const auto& entry : fs::directory_iterator(".")) add(entry.path());
  for (const auto* folder : {"docs", "krew"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) add(entry.path());
  }
  return files;
}

// Nested verbs may share those of the verb around them.
TEST(Examples, EachVerbHasOneAndAllAreUnderstood) {
  for (const auto& page : test::all_pages()) {
    const std::size_t count = expect_understood(page.examples, page.name);
    const bool of_a_verb = split(page.name, ' ').size() == 3;  // kubectl, the plugin, the verb
    if (!of_a_verb) continue;
    EXPECT_GT(count, 0U) << page.name << " has no example";
    EXPECT_TRUE(std::regex_search(page.examples, std::regex(page.name + "(\\s|$)")))
        << page.name << " is not in its examples";
  }
}

TEST(Examples, OfTheDocumentsAreUnderstood) {
  std::size_t count = 0;
  for (const auto& file : markdown_files()) {
    count += expect_understood(shell_blocks(content_of(file)), file);
  }
  EXPECT_GT(count, 40U);
}

// The reader of shell lines itself: it must find what it is to check.
TEST(Examples, ReadsShellLines) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(shell_words("a --x='b c' \"d\" '' | e"), (Words{"a", "--x=b c", "d", ""}));
  EXPECT_EQ(shell_words("a \\\n  b >c"), (Words{"a", "b"}));
  EXPECT_EQ(
      commands_in("# kubectl lkg x\nh=$(kubectl lkg plan -o json | jq)\nkubectl lkg halt # now",
                  "lkg"),
      (std::vector<Words>{{"plan", "-o", "json"}, {"halt"}}));
  EXPECT_EQ(shell_blocks("a\n```sh\nb\n```\nc\n```sh exit=3\nd\n```\n```text\ne\n```\n"), "b\nd\n");
  const cli::Program lkg = lkg::program();
  EXPECT_THROW(parse({"hlat"}, lkg), Error);
  EXPECT_THROW(parse({"halt", "--timeuot", "1m"}, lkg), Error);
  EXPECT_THROW(parse({"diff", "-o", "unified"}, lkg), Error);
}

}  // namespace
}  // namespace dr
