#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/cli/arguments.hpp"
#include "common/cli/command.hpp"
#include "common/cli/flags.hpp"
#include "common/cli/page.hpp"

namespace dr::cli {

// The parser of one plugin: its verbs and the built-in ones, and the global flags before and after
// them. It corrects what CLI11 does otherwise than kubectl, so that a verb only declares its flags.
class CommandLine {
 public:
  // `shown_name` is what the user types, "kubectl lkg".
  CommandLine(const Program& program, const std::string& shown_name);

  // What `args` ask for. Unless that is help or the version, the flags are parsed, and action() and
  // globals() may be called. Throws Error(usage).
  Request parse(std::span<const std::string> args);

  // The same for the words before the one that is being typed; of the flags, what CLI11 takes.
  // Throws Error(usage) on an unknown verb or flag.
  UnfinishedRequest parse_unfinished(std::span<const std::string> args);
  // The row of the table that `app`, a verb or a nested one, was made from; null for the root.
  const CommandSpec* spec(const CLI::App& app) const;

  const Action& action() const;
  const GlobalFlags& globals() const { return m_globals; }
  const std::vector<std::string>& more_outputs() const;
  std::string help() const { return help(m_app); }
  std::string help(const CLI::App& app) const;
  std::vector<Page> pages() const;  // of the plugin and of every verb that is not hidden

 private:
  void add_builtin(CommandSpec spec);
  void add_verb(const CommandSpec& spec);
  Page page(const CLI::App& app) const;
  void add_pages(const CLI::App& app, std::vector<Page>& pages) const;

  std::string m_name;  // "kubectl lkg", whatever the user calls it
  CLI::App m_app;
  GlobalFlags m_globals;
  std::vector<CommandSpec> m_commands;
  std::map<std::string, Action> m_actions;
};

}  // namespace dr::cli
