#include "common/cli/page.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

#include "common/base/text.hpp"
#include "common/cli/flags.hpp"

namespace dr::cli {
namespace {

bool is_switch(const CLI::Option& option) {
  return option.get_items_expected_max() == 0;
}
bool repeats(const CLI::Option& option) {
  return option.get_items_expected_max() > 1 ||
         option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
}

// "-n, --namespace"
std::string names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return join(names, ", ");
}

// As kubectl: strings are quoted, numbers are not.
std::string default_of(const CLI::Option& option) {
  if (is_switch(option)) return "false";
  if (repeats(option)) return "[]";
  const std::string value = option.get_default_str();
  const bool number = !value.empty() && std::ranges::all_of(value, [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
  return number ? value : "'" + value + "'";
}

FlagText flag_text(const CLI::Option& option) {
  return {names_of(option), default_of(option), option.get_description()};
}

const CLI::App& root_of(const CLI::App& app) {
  const CLI::App* root = &app;
  while (root->get_parent() != nullptr) root = root->get_parent();
  return *root;
}

bool is_nested(const CLI::App& app) {
  return app.get_parent() != nullptr && app.get_parent() != &root_of(app);
}

// The row of the table of verbs that `app` or the verb around it was made from; null for the root.
const CommandSpec* spec_of(const CLI::App& app, std::span<const CommandSpec> commands) {
  if (is_nested(app)) return spec_of(*app.get_parent(), commands);
  const auto found = std::ranges::find(commands, app.get_name(), &CommandSpec::name);
  return found == commands.end() || app.get_parent() == nullptr ? nullptr : &*found;
}

std::string long_name(const FlagText& flag) {
  return flag.names.substr(flag.names.find("--"));
}

bool shows_global_flags(const CLI::App& app) {
  return app.get_parent() == &root_of(app) && app.get_name() == k_options_verb;
}

std::vector<FlagText> flags_of(const CLI::App& app, const CommandSpec* spec) {
  if (app.get_parent() == nullptr) return {};
  const CLI::App& declared_on = shows_global_flags(app) ? root_of(app) : app;
  std::vector<FlagText> flags;
  for (const CLI::Option* option : declared_on.get_options()) {
    const bool inherited = &declared_on == &app && option == app.get_help_ptr();
    const bool hidden = option->get_group().empty();
    if (option->nonpositional() && !inherited && !hidden) flags.push_back(flag_text(*option));
  }
  const bool own_output = app.get_option_no_throw("--output") != nullptr;
  if (spec != nullptr && !spec->more_outputs.empty() && !own_output) {
    flags.push_back(flag_text(*root_of(app).get_option("--output")));
    flags.back().meaning += ", or " + join(spec->more_outputs, ", ");
  }
  std::ranges::sort(flags, {}, long_name);
  return flags;
}

std::vector<CommandList> commands_of(const CLI::App& app) {
  std::vector<CommandList> lists;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_group().empty()) continue;
    auto list = std::ranges::find(lists, command->get_group(), &CommandList::heading);
    if (list == lists.end()) list = lists.insert(list, {command->get_group(), {}});
    list->commands.emplace_back(command->get_name(), command->get_description());
  }
  return lists;
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

NamedTexts arguments_of(const CLI::App& app) {
  NamedTexts arguments;
  for (const CLI::Option* option : positionals(app)) {
    if (option->get_description().empty()) continue;
    arguments.emplace_back(option->get_name(true), option->get_description());
  }
  return arguments;
}

std::string usage_of(const CLI::App& app) {
  std::string usage;
  if (!app.get_subcommands({}).empty()) {
    usage += app.get_require_subcommand_min() > 0 ? "COMMAND " : "[COMMAND] ";
  }
  for (const CLI::Option* option : positionals(app)) {
    const std::string name = option->get_name(true) + (repeats(*option) ? "..." : "");
    usage += option->get_required() ? name + " " : "[" + name + "] ";
  }
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional() || !option->get_required()) continue;
    usage += option->get_name() + "=" + option->get_type_name() + " ";
  }
  return usage + "[options]";
}

// Of examples, which empty lines separate, those of a nested verb.
std::string examples_of(const std::string& examples, const std::string& nested) {
  std::vector<std::string> found;
  std::size_t start = 0;
  while (start < examples.size()) {
    const std::size_t end = std::min(examples.find("\n\n", start), examples.size());
    const std::string example = examples.substr(start, end - start);
    if ((example + " ").find(nested + " ") != std::string::npos) found.push_back(example);
    start = end + 2;
  }
  return join(found, "\n\n");
}

// Examples are written with kubectl's indentation.
std::string unindented(const std::string& examples) {
  std::istringstream lines(examples);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    text += (line.starts_with("  ") ? line.substr(2) : line) + "\n";
  }
  return std::string(trimmed(text));
}

}  // namespace

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

Page page_of(const CLI::App& app, std::span<const CommandSpec> commands) {
  const CommandSpec* spec = spec_of(app, commands);
  Page page;
  page.name = full_name(app);
  page.root = root_of(app).get_name();
  page.summary = app.get_description();
  page.description = page.summary;
  if (spec != nullptr) page.examples = unindented(spec->examples);
  if (is_nested(app)) {
    page.examples = examples_of(page.examples, page.name.substr(page.root.size()));
  } else if (spec != nullptr && !spec->description.empty()) {
    page.description = std::string(trimmed(spec->description));
  }
  page.usage = usage_of(app);
  page.commands = commands_of(app);
  page.arguments = arguments_of(app);
  page.flags = flags_of(app, spec);
  return page;
}

std::string flag_heading(const FlagText& flag) {
  return flag.names + "=" + flag.default_value;
}

std::string wrapped(const std::string& text, std::size_t columns, const std::string& indent) {
  std::istringstream words(text);
  std::string lines;
  std::string line;
  for (std::string word; words >> word;) {
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > columns) {
      lines += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return line.empty() ? lines : lines + indent + line + "\n";
}

std::vector<std::string> paragraphs(const std::string& text) {
  std::istringstream lines(text);
  std::vector<std::string> found;
  std::string paragraph;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) {
      paragraph += (paragraph.empty() ? "" : " ") + line;
    } else if (!paragraph.empty()) {
      found.push_back(std::exchange(paragraph, {}));
    }
  }
  if (!paragraph.empty()) found.push_back(std::move(paragraph));
  return found;
}

}  // namespace dr::cli
