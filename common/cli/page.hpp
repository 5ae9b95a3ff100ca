#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/cli/command.hpp"

namespace dr::cli {

inline constexpr char k_options_verb[] = "options";

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

struct FlagText {
  std::string names;          // "-n, --namespace"
  std::string default_value;  // as kubectl shows it: 30, false, [], 'table'
  std::string meaning;
};

struct CommandList {
  std::string heading;
  NamedTexts commands;  // with their summaries
};

// What there is to say about the plugin, a verb or a nested verb. Help, Markdown and the man page
// are three forms of it.
struct Page {
  std::string name;  // "kubectl lkg history show"
  std::string root;  // "kubectl lkg"
  std::string summary;
  std::string description;  // paragraphs, with an empty line between two
  std::string examples;     // "# Comment" and command lines, without indentation
  std::string usage;        // after the name: "[ID] [options]"
  std::vector<CommandList> commands;
  NamedTexts arguments;
  std::vector<FlagText> flags;  // its own; those of all commands on the page of `options`
};

std::string full_name(const CLI::App& app);  // "kubectl lkg history list"

// `commands` are the verbs of the root, built-in ones too.
Page page_of(const CLI::App& app, std::span<const CommandSpec> commands);

// "--name=default" as kubectl shows a flag, after its short form.
std::string flag_heading(const FlagText& flag);

// The words of `text` in lines of at most `columns`, each after `indent`.
std::string wrapped(const std::string& text, std::size_t columns, const std::string& indent = {});
std::vector<std::string> paragraphs(const std::string& text);

}  // namespace dr::cli
