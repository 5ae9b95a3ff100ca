#include "common/cli/help.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

#include "common/base/text.hpp"

namespace dr::cli {
namespace {

constexpr std::size_t k_columns = 80;
constexpr std::size_t k_tab = 8;

// "  name   text" with the texts in one column.
std::string aligned(const NamedTexts& rows) {
  std::size_t widest = 0;
  for (const auto& row : rows) widest = std::max(widest, row.first.size());
  std::string text;
  for (const auto& [name, meaning] : rows) {
    std::string lines = wrapped(meaning, k_columns, std::string(widest + 5, ' '));
    if (lines.empty()) lines = std::string(name.size() + 2, ' ') + "\n";
    text += lines.replace(2, name.size(), name);
  }
  return text;
}

std::string section(std::string_view heading, const std::string& body) {
  return body.empty() ? "" : "\n" + std::string(heading) + ":\n" + body;
}

std::string description(const Page& page) {
  std::vector<std::string> parts;
  for (const auto& paragraph : paragraphs(page.description)) {
    parts.push_back(wrapped(paragraph, k_columns));
  }
  return join(parts, "\n");
}

std::string examples(const Page& page) {
  std::istringstream lines(page.examples);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    text += (line.empty() ? "" : "  " + line) + "\n";
  }
  return text;
}

std::string flag_list(const std::vector<FlagText>& flags) {
  std::vector<std::string> entries;
  for (const FlagText& flag : flags) {
    std::string meaning = wrapped(flag.meaning, k_columns - k_tab + 1, "\t");
    entries.push_back("    " + flag_heading(flag) + ":\n" + meaning);
  }
  return join(entries, "\n");
}

std::string hints(const Page& page) {
  std::string text = "\n";
  if (!page.commands.empty()) {
    text +=
        "Use \"" + page.name + " <command> --help\" for more information about a given command.\n";
  }
  return text + "Use \"" + page.root + " " + k_options_verb +
         "\" for a list of options that apply to all commands.\n";
}

}  // namespace

std::string help_text(const Page& page) {
  std::string text = description(page);
  text += section("Examples", examples(page));
  for (const CommandList& list : page.commands) {
    text += section(list.heading, aligned(list.commands));
  }
  text += section("Arguments", aligned(page.arguments));
  text += section("Options", flag_list(page.flags));
  text += section("Usage", "  " + page.name + " " + page.usage + "\n");
  return text + hints(page);
}

Error usage_error(const CLI::App& app, const std::string& cause, const std::string& suggestion) {
  const std::string hint = suggestion.empty() ? "" : "did you mean \"" + suggestion + "\"? ";
  return Error(ExitCode::usage, cause, hint + "see '" + full_name(app) + " --help'");
}

CommandSpec help_command(const std::string& program, const std::string& verb) {
  CommandSpec spec;
  spec.name = "help";
  spec.summary = "Print the help of a command";
  spec.description = "Print the help of a command, as its --help does.";
  spec.examples = "  # What does it do?\n  kubectl " + program + " help " + verb;
  spec.setup = [](CLI::App& app) -> Action {
    app.add_option("COMMAND", "The command; default: the list of all");
    return {};  // read_arguments() answers it
  };
  return spec;
}

CommandSpec options_command(const std::string& program) {
  CommandSpec spec;
  spec.name = k_options_verb;
  spec.summary = "Print the options that apply to all commands";
  spec.description = "Print the options that can be passed to any command, before or after it.";
  spec.examples = "  # Which options does every command take?\n  kubectl " + program + " options";
  spec.setup = [](CLI::App& app) -> Action {
    return [&app](Runtime& runtime, const GlobalOptions&) {
      runtime.terminal.print("The following options can be passed to any command:\n\n" +
                             flag_list(page_of(app, {}).flags));
      return ExitCode::ok;
    };
  };
  return spec;
}

}  // namespace dr::cli
