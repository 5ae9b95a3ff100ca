#include "common/cli/command_line.hpp"

#include <algorithm>
#include <cctype>

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
  for (CLI::App* nested : app.get_subcommands({})) follow_kubectl(*nested);
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
    : m_app(program.summary, shown_name),
      m_globals(m_app),
      m_commands(program.commands.begin(), program.commands.end()) {
  m_app.add_flag("--version")->description("Print the version")->group(k_global_group);
  m_app.get_help_ptr()->description("Print this help")->group(k_global_group);
  m_app.option_defaults()->always_capture_default();
  m_app.require_subcommand(1);
  m_commands.push_back(completion_command(program.name));
  m_commands.push_back(version_command("kubectl-" + program.name));
  for (const CommandSpec& spec : m_commands) add_verb(spec);
  m_app.add_subcommand("help", "Print the help of a command");
}

void CommandLine::add_verb(const CommandSpec& spec) {
  CLI::App& verb = *m_app.add_subcommand(spec.name, spec.summary);
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
  return help_text(app, m_commands);
}

}  // namespace dr::cli
