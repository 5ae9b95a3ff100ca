#include "common/cli/command_line.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "common/cli/completion_command.hpp"
#include "common/cli/help.hpp"
#include "common/cli/version.hpp"

namespace dr::cli {
namespace {

// As in kubectl: the last one of a repeated flag wins, a list takes one value for each time its
// flag is given, and of several nested verbs one runs.
void follow_kubectl(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_positional()) continue;
    option->allow_extra_args(false);
    if (option->get_items_expected_max() == 1) option->take_last();
  }
  app.require_subcommand(app.get_require_subcommand_min(), 1);
  app.fallthrough();
  for (CLI::App* nested : app.get_subcommands({})) {
    nested->group("Available Commands");
    follow_kubectl(*nested);
  }
}

// CLI11 writes sentences, we write clauses.
std::string as_cause(std::string message) {
  if (message.size() > 1 && std::islower(static_cast<unsigned char>(message[1])) != 0) {
    message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  }
  return message;
}

std::string first_extra(const CLI::App& app) {
  for (const std::string& extra : app.remaining(true)) {
    if (extra != "--") return "\"" + extra + "\"";  // CLI11 lists the mark among them
  }
  return "\"--\"";
}

}  // namespace

CommandLine::CommandLine(const Program& program, const std::string& shown_name)
    : m_name("kubectl " + program.name),
      m_app(program.summary, shown_name),
      m_globals(m_app),
      m_commands(program.commands.begin(), program.commands.end()) {
  m_app.add_flag("--version")->description("Print the version")->group(k_global_group);
  m_app.get_help_ptr()->description("Print this help")->group(k_global_group);
  m_app.option_defaults()->always_capture_default();
  m_app.require_subcommand(1);
  for (const CommandSpec& spec : program.commands) add_verb(spec);
  add_builtin(completion_command(program.name));
  add_builtin(version_command(program.name));
  add_builtin(help_command(program.name, m_commands.front().name));
  add_builtin(options_command(program.name));
  m_app.get_subcommand(k_options_verb)->group("");
}

void CommandLine::add_builtin(CommandSpec spec) {
  spec.group = k_other_commands;
  m_commands.push_back(spec);
  add_verb(spec);
}

void CommandLine::add_verb(const CommandSpec& spec) {
  CLI::App& verb = *m_app.add_subcommand(spec.name, spec.summary)->group(spec.group);
  m_actions[spec.name] = spec.setup(verb);
  follow_kubectl(verb);
  for (const auto& [option, completer] : spec.completers) verb.get_option(option);  // or throw
}

Request CommandLine::parse(std::span<const std::string> args) {
  Request request = read_arguments(args, m_app);
  if (request.help || request.version) return request;
  try {
    m_app.parse(std::vector<std::string>(request.words.rbegin(), request.words.rend()));
  } catch (const CLI::ExtrasError&) {
    throw usage_error(*request.app, "unexpected argument " + first_extra(m_app));
  } catch (const CLI::ParseError& error) {
    throw usage_error(*request.app, as_cause(error.what()));
  }
  return request;
}

UnfinishedRequest CommandLine::parse_unfinished(std::span<const std::string> args) {
  UnfinishedRequest unfinished = read_unfinished(args, m_app);
  const auto& words = unfinished.request.words;
  try {
    m_app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError&) {
    // What is missing is not typed yet, and CLI11 looks for it after it has bound all values.
    return unfinished;
  }
  return unfinished;
}

const CommandSpec* CommandLine::spec(const CLI::App& app) const {
  const CLI::App* verb = &app;
  while (verb->get_parent() != nullptr && verb->get_parent() != &m_app) verb = verb->get_parent();
  const auto found = std::ranges::find(m_commands, verb->get_name(), &CommandSpec::name);
  return verb == &m_app || found == m_commands.end() ? nullptr : &*found;
}

const Action& CommandLine::action() const {
  return m_actions.at(m_app.get_subcommands().front()->get_name());
}

const std::vector<std::string>& CommandLine::more_outputs() const {
  return spec(*m_app.get_subcommands().front())->more_outputs;
}

std::string CommandLine::help(const CLI::App& app) const {
  return help_text(page(app));
}

std::vector<Page> CommandLine::pages() const {
  std::vector<Page> pages;
  add_pages(m_app, pages);
  return pages;
}

void CommandLine::add_pages(const CLI::App& app, std::vector<Page>& pages) const {
  pages.push_back(page(app));
  for (const CLI::App* command : app.get_subcommands({})) {
    const bool hidden = command->get_group().empty() && command->get_name() != k_options_verb;
    if (!hidden) add_pages(*command, pages);
  }
}

Page CommandLine::page(const CLI::App& app) const {
  Page page = page_of(app, m_commands);
  if (page.root == m_name) return page;
  std::string& text = page.examples;
  for (std::size_t at = text.find(m_name); at != std::string::npos; at = text.find(m_name, at)) {
    text.replace(at, m_name.size(), page.root);
    at += page.root.size();
  }
  return page;
}

std::vector<CommandSpec> command_table(std::vector<CommandGroup> groups) {
  std::vector<CommandSpec> table;
  for (CommandGroup& group : groups) {
    for (CommandSpec& spec : group.commands) {
      spec.group = group.heading;
      table.push_back(std::move(spec));
    }
  }
  return table;
}

}  // namespace dr::cli
