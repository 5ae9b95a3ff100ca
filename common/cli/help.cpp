#include "common/cli/help.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/text.hpp"
#include "common/cli/flags.hpp"

namespace dr::cli {
namespace {

constexpr std::size_t k_columns = 80;

using Rows = std::vector<std::pair<std::string, std::string>>;

// "  name   text" with the texts in one column.
std::string aligned(const Rows& rows) {
  std::size_t widest = 0;
  for (const auto& row : rows) widest = std::max(widest, row.first.size());
  std::string text;
  for (const auto& [name, meaning] : rows) {
    text += "  " + name;
    if (!meaning.empty()) text.append(widest - name.size() + 3, ' ').append(meaning);
    text += '\n';
  }
  return text;
}

std::string wrapped(const std::vector<std::string>& words) {
  std::string text;
  std::string line = " ";
  for (const std::string& word : words) {
    if (line.size() + 1 + word.size() > k_columns) {
      text += line + '\n';
      line = " ";
    }
    line += " " + word;
  }
  return text + line + '\n';
}

std::string section(std::string_view heading, const std::string& body) {
  return body.empty() ? "" : "\n" + std::string(heading) + ":\n" + body;
}

std::vector<const CLI::Option*> flags_of_group(const CLI::App& app, std::string_view group) {
  return app.get_options([&](const CLI::Option* option) {
    return option->nonpositional() && option->get_group() == group;
  });
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

bool is_switch(const CLI::Option& option) {
  return option.get_items_expected_max() == 0;
}
bool repeats(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

// "-n, --namespace"
std::string flag_names(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += "-" + name + ", ";
  for (const std::string& name : option.get_lnames()) names += "--" + name + ", ";
  return names.substr(0, names.size() - 2);
}

std::string shown_default(const CLI::Option& option) {
  if (is_switch(option)) return "false";
  if (repeats(option)) return "[]";
  const std::string value = option.get_default_str();
  return value.empty() ? "''" : shell_quoted(value);
}

std::string verb_options(const CLI::App& app) {
  if (app.get_parent() == nullptr) return {};
  std::vector<std::string> entries;
  for (const CLI::Option* option : app.get_options()) {
    const bool hidden = option->get_group().empty();
    if (hidden || option->get_positional() || option == app.get_help_ptr()) continue;
    entries.push_back("    " + flag_names(*option) + "=" + shown_default(*option) + ":\n\t" +
                      option->get_description() + "\n");
  }
  return join(entries, "\n");
}

std::string global_options(const CLI::App& app) {
  const CLI::App* root = &app;
  while (root->get_parent() != nullptr) root = root->get_parent();
  Rows rows;
  for (const CLI::Option* option : flags_of_group(*root, k_global_group)) {
    const std::string value = is_switch(*option) ? "" : "=" + option->get_type_name();
    rows.emplace_back(flag_names(*option) + value, option->get_description());
  }
  std::vector<std::string> others{"and", "kubectl's", "own:"};
  for (const CLI::Option* option : flags_of_group(*root, k_kubectl_group)) {
    others.push_back(option->get_name() + ",");
  }
  others.back().pop_back();
  return aligned(rows) + wrapped(others);
}

std::string arguments(const CLI::App& app) {
  Rows rows;
  for (const CLI::Option* option : positionals(app)) {
    if (option->get_description().empty()) continue;
    rows.emplace_back(option->get_name(true), option->get_description());
  }
  return aligned(rows);
}

std::string available_commands(const CLI::App& app) {
  Rows rows;
  for (const CLI::App* command : app.get_subcommands({})) {
    rows.emplace_back(command->get_name(), command->get_description());
  }
  return aligned(rows);
}

std::string usage_line(const CLI::App& app) {
  std::string line = "  " + full_name(app);
  if (!app.get_subcommands({}).empty()) {
    line += app.get_require_subcommand_min() > 0 ? " COMMAND" : " [COMMAND]";
  }
  for (const CLI::Option* option : positionals(app)) {
    const std::string name = option->get_name(true) + (repeats(*option) ? "..." : "");
    line += option->get_required() ? " " + name : " [" + name + "]";
  }
  return line + " [options]\n";
}

// The row of the table of verbs that `app` was made from; null for the root and nested verbs.
const CommandSpec* spec_of(const CLI::App& app, std::span<const CommandSpec> commands) {
  if (app.get_parent() == nullptr || app.get_parent()->get_parent() != nullptr) return nullptr;
  const auto found = std::ranges::find(commands, app.get_name(), &CommandSpec::name);
  return found == commands.end() ? nullptr : &*found;
}

}  // namespace

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

std::string help_text(const CLI::App& app, std::span<const CommandSpec> commands) {
  const CommandSpec* spec = spec_of(app, commands);
  const bool has_description = spec != nullptr && !spec->description.empty();
  const std::string description = has_description ? spec->description : app.get_description();
  const std::string examples = spec == nullptr ? "" : spec->examples;

  std::string text(trimmed(description));
  text += '\n';
  if (!trimmed(examples).empty())
    text += section("Examples", "  " + std::string(trimmed(examples)) + "\n");
  text += section("Available Commands", available_commands(app));
  text += section("Arguments", arguments(app));
  text += section("Options", verb_options(app));
  text += section("Global Options", global_options(app));
  text += section("Usage", usage_line(app));
  if (!app.get_subcommands({}).empty()) {
    text += "\nUse \"" + full_name(app) +
            " <command> --help\" for more information about a given command.\n";
  }
  return text;
}

Error usage_error(const CLI::App& app, const std::string& cause, const std::string& suggestion) {
  const std::string hint = suggestion.empty() ? "" : "did you mean \"" + suggestion + "\"? ";
  return Error(ExitCode::usage, cause, hint + "see '" + full_name(app) + " --help'");
}

}  // namespace dr::cli
