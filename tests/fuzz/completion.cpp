// The words of an unfinished command line, a line each: the first names the plugin. `kubectl
// arsnap` stands for all three, since the others would double what has to be built; the plugin
// `nested` has what it lacks.
#include "common/cli/completion.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

#include "common/base/text.hpp"
#include "plugins/arsnap/commands.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/temp_dir.hpp"

using namespace dr;

namespace {

cli::Action no_action() {
  return [](cli::Runtime&, const cli::GlobalOptions&) { return ExitCode::ok; };
}

cli::Action set_up_history(CLI::App& app) {
  app.add_subcommand("list", "List the kept ones");
  CLI::App* show = app.add_subcommand("show", "Show one");
  show->add_option("ID")->type_name("LKG")->required();
  app.require_subcommand(1);
  return no_action();
}

// Options of each type that values are completed by, one of them by a completer of its own.
cli::Action set_up_report(CLI::App& app) {
  app.add_option("-x,--exclude", "Leave out KIND/NAME")->type_name("KIND/NAME")->expected(-1);
  app.add_option("--to", "Where to");
  const auto dry_run = std::make_shared<bool>();
  app.add_flag("-d,--dry-run", *dry_run, "Change nothing");
  for (const std::string type : {"FILE", "DIR", "NAMESPACE", "CONTEXT", "LKG", "auto|always|never"})
    app.add_option("--of-" + type.substr(0, type.find('|')))->type_name(type);
  app.add_option("FIRST")->type_name("one|other");
  app.add_option("REST")->expected(-1);
  return [dry_run](cli::Runtime&, const cli::GlobalOptions&) { return ExitCode::ok; };
}

const std::vector<cli::CommandSpec>& nested_commands() {
  static const cli::Completer hostile = [](const cli::Completion&) {
    return cli::Candidates{{{"gs://b", "a\tb\x1b[2J"}, {"x\ny", ""}, {"\x1b]0;t\a", ""}}};
  };
  static const std::vector<cli::CommandSpec> commands = {
      {"history", "The kept ones", "", "", set_up_history, {"tree"}},
      {"report", "Print the report", "", "", set_up_report, {"wide"}, {{"--to", hostile}}}};
  return commands;
}

cli::Program program_of(std::string_view name) {
  if (name == "nested") return {"nested", "Verbs and types of all kinds", nested_commands()};
  return arsnap::program();
}

std::string complete(std::span<const std::string> words, const cli::Program& program) {
  static const test::TempDir directory;
  static const test::FakeClock clock;
  static const os::Environment environment({{"HOME", directory.path()}});
  test::FakeProcessRunner runner;
  runner.handler = [](const os::Command&) { return test::succeeded("namespace/trading-floor\n"); };
  std::ostringstream out;
  std::ostringstream err;
  cli::Terminal terminal(out, err, "kubectl " + program.name);
  cli::Runtime runtime{runner, clock, environment, terminal};
  cli::CommandLine line(program, terminal.program());
  std::string text = cli::complete(words, line, runtime, directory.path());
  fuzz::require(out.str().empty(), "nothing else is printed");
  return text;
}

void check(std::string_view answer, std::string_view word) {
  const std::string_view typed = word.substr(word.find('=') + 1);
  auto lines = split(answer, '\n');
  fuzz::require(lines.size() >= 2 && lines.back().empty(), "the answer is whole lines");
  lines.pop_back();
  const std::string& directive = lines.back();
  fuzz::require(directive == ":0" || directive == ":4" || directive == ":16",
                "the last line is the directive");
  lines.pop_back();
  for (const auto& candidate : lines) {
    const auto tab = candidate.find('\t');
    const std::string value = candidate.substr(0, tab);
    fuzz::require_shown(value);
    fuzz::require(tab == std::string::npos || fuzz::is_harmless(candidate.substr(tab + 1)),
                  "a description does nothing to a terminal");
    fuzz::require(value.starts_with(word) || value.starts_with(typed), "a candidate fits");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto words = split(fuzz::text_of(bytes, size), '\n');
  if (words.empty()) return 0;
  const auto arguments = std::span(words).subspan(1);
  check(complete(arguments, program_of(words.front())), arguments.empty() ? "" : arguments.back());
  return 0;
}
