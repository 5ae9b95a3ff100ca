#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "common/base/error.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/cli/verb.hpp"
#include "common/cli/window.hpp"
#include "plugins/lkg/commands.hpp"
#include "plugins/lkg/status/document.hpp"
#include "plugins/lkg/status/read_cluster.hpp"
#include "plugins/lkg/status/screen.hpp"

namespace dr::lkg {
namespace {

struct StatusOptions {
  bool check = false;
  bool watch = false;
  std::string rpo_lkg;
  std::string rpo_backup = "24h";
  std::string rpo_inventory;
};

constexpr Millis k_pause{3'000};

std::optional<Millis> bound(std::string_view flag, const std::string& value) {
  if (value.empty()) return std::nullopt;
  return cli::duration_flag(flag, value);
}

Bounds bounds_of(const StatusOptions& options) {
  return {bound("--rpo-lkg", options.rpo_lkg), bound("--rpo-backup", options.rpo_backup),
          bound("--rpo-inventory", options.rpo_inventory)};
}

cli::Color color_of(Tone tone) {
  switch (tone) {
    case Tone::good:
      return cli::Color::green;
    case Tone::warning:
      return cli::Color::yellow;
    case Tone::bad:
      return cli::Color::red;
    case Tone::plain:
      break;
  }
  return cli::Color::none;
}

std::string screen_text(const Status& status, const cli::Terminal& terminal) {
  std::string text;
  for (const auto& line :
       screen_of(status, cli::terminal_columns(STDOUT_FILENO).value_or(k_screen_columns))) {
    text += line.label + terminal.paint(color_of(line.tone), line.head) + line.rest + "\n";
  }
  return text;
}

std::string check_text(const Status& status, const std::vector<std::string>& problems) {
  if (problems.empty())
    return fmt::format("OK: namespace {}, {}\n", status.ns, judge(status).sentence);
  std::string text;
  for (const auto& problem : problems) text += problem + "\n";
  return text;
}

void print(const StatusOptions& options, const Status& status, cli::Runtime& runtime,
           const cli::GlobalOptions& globals, const std::vector<std::string>& problems) {
  if (globals.output == "prometheus") {
    runtime.terminal.print(status_metrics(status));
    return;
  }
  cli::print_result(
      runtime, globals, "Status", status_json(status, problems),
      options.check ? check_text(status, problems) : screen_text(status, runtime.terminal));
}

// Until it is interrupted.
[[noreturn]] void watch(const kube::Kubectl& kubectl, cli::Runtime& runtime,
                        const cli::GlobalOptions& globals) {
  std::optional<Status> before;
  while (true) {
    const auto& ns = kubectl.target().ns;
    kubectl.open_proxy();  // a new one each time: a proxy keeps a login that may have ended since
    auto disk = read_disk(globals.root, ns, cli::open_lkgs(runtime, globals));
    Status status = read_status(kubectl, std::move(disk), runtime.clock.now());
    if (before) keep_last_seen(status, *before);
    const std::string text = screen_text(status, runtime.terminal);
    // The first screen clears what is there.
    runtime.terminal.print((before ? "" : "\x1b[2J") + cli::redrawn(text));
    if (!runtime.terminal.flush())
      throw Error(ExitCode::failed, "failed to write the status to standard output");
    before = std::move(status);
    runtime.runner.sleep(k_pause);
  }
}

void require_watchable(const StatusOptions& options, const cli::GlobalOptions& globals) {
  if (globals.output != "table" || options.check)
    throw Error(ExitCode::usage, "--watch shows the screen: it goes with neither -o nor --check");
  if (!cli::terminal_columns(STDOUT_FILENO))
    throw Error(ExitCode::usage, "--watch redraws a terminal, and standard output is none",
                "leave --watch out, or run it under watch(1)");
}

ExitCode run(const StatusOptions& options, cli::Runtime& runtime,
             const cli::GlobalOptions& globals) {
  const Bounds bounds = bounds_of(options);
  if (options.watch) require_watchable(options, globals);
  const auto kubectl = cli::connect(runtime, globals);
  if (options.watch) watch(kubectl, runtime, globals);
  kubectl.open_proxy();
  auto disk = read_disk(globals.root, kubectl.target().ns, cli::open_lkgs(runtime, globals));
  const Status status = read_status(kubectl, std::move(disk), runtime.clock.now());
  const auto problems = problems_of(status, bounds);
  print(options, status, runtime, globals, problems);
  const ExitCode code = judge(status).code;
  return options.check && !problems.empty() ? worse(code, ExitCode::failed) : code;
}

void add_bound(CLI::App& app, const std::string& flag, std::string& value,
               const std::string& help) {
  app.add_option(flag, value, help)->type_name("DURATION");
}

constexpr const char* k_description =
    "Show on one screen whether trading is halted and proven so, whether the LKG can be restored, "
    "what has drifted from it, whether the workloads are rolled out on its images, how old the "
    "inventory and the backups are, and how long restores and the last drill took. Only reads. "
    "What "
    "cannot be read is UNKNOWN, with the reason; what is on disk is shown even when no cluster "
    "answers.\n\n"
    "Exit code 0: trading is halted, every container that takes the switch is proven halted, and "
    "everything could be read. 5: anything else about the halt, also when the switch cannot be "
    "read, so that 0 never stands for a floor that may trade. 6: the LKG, the inventory, a backup "
    "or the ledger is damaged. 4: another part is unknown. 1: there is no LKG, or no such "
    "namespace. Drift and workloads that are not right do not change it, but with --check.\n\n"
    "--check is for a monitor: it prints one line for each thing that is wrong, and then ends with "
    "1, or with the code above when that is not 0. Wrong is: the halt is not proven; a part is "
    "unknown; the LKG is absent, damaged, of another namespace or another cluster; anything has "
    "drifted; a workload is not rolled out or runs other images; an inventory that covers a "
    "repository lacks an image of the LKG; the newest backup is incomplete or damaged; something "
    "is older than its --rpo limit, or is not there; the namespace is labelled as held, and the "
    "fence is not installed.";

}  // namespace

cli::CommandSpec status_command() {
  return {"status",
          "Show on one screen: halted? restorable? drifted? healthy?",
          k_description,
          "  # The first look at an incident\n  kubectl lkg status -n trading-floor\n\n"
          "  # Follow a restore from another terminal\n"
          "  kubectl lkg status -n trading-floor --watch\n\n"
          "  # For a monitor\n"
          "  kubectl lkg status -n trading-floor --check --rpo-lkg 168h --rpo-inventory 24h\n\n"
          "  # For the textfile collector of a node exporter\n"
          "  kubectl lkg status -n trading-floor -o prometheus",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<StatusOptions>();
            app.add_flag("--check", options->check, "Print what is wrong, and fail for it");
            app.add_flag("-w,--watch", options->watch,
                         "Redraw the screen every three seconds; what cannot be read stays as it "
                         "was seen last, with its age");
            add_bound(app, "--rpo-lkg", options->rpo_lkg,
                      "How old the LKG may be; default: any age");
            add_bound(app, "--rpo-backup", options->rpo_backup,
                      "How old the newest complete backup may be");
            add_bound(app, "--rpo-inventory", options->rpo_inventory,
                      "How old the inventory may be; default: any age, and none at all");
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          },
          {"prometheus"}};
}

}  // namespace dr::lkg
