#include <CLI/CLI.hpp>
#include <memory>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/cli/verb.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/git.hpp"
#include "plugins/lkg/commands.hpp"
#include "plugins/lkg/health_report.hpp"

namespace dr::lkg {
namespace {

struct ReportOptions {
  std::size_t event_limit = 20;
};

ExitCode run(const ReportOptions& options, cli::Runtime& runtime,
             const cli::GlobalOptions& globals) {
  const auto kubectl = cli::connect(runtime, globals);
  kubectl.open_proxy();
  const auto git = os::read_git_facts(globals.root, runtime.environment, runtime.runner);
  auto facts = gather_health(kubectl, git, runtime.clock.now(), options.event_limit);
  gather_status(kubectl, globals.root, cli::open_lkgs(runtime, globals), facts);
  const bool is_html = globals.output == "html";
  const auto path =
      globals.root / "deploy_logs" / (is_html ? "health_report.html" : "health_report.md");
  os::write_file(path, is_html ? health_html(facts, nullptr) : health_markdown(facts, nullptr));
  const std::string written = "health report written to " + path.string() + "\n";
  if (is_html || globals.output == "md") {
    runtime.terminal.print(written);
  } else {
    cli::print_result(runtime, globals, "HealthReport", health_json(facts, nullptr), written);
  }
  const auto gaps = gaps_of_namespace(facts);
  if (gaps.empty()) return ExitCode::ok;
  throw Error(ExitCode::incomplete, "the report has gaps: " + join(gaps, "; "),
              "check the rights and the connection, then run it again");
}

}  // namespace

cli::CommandSpec report_command() {
  return {
      "report",
      "Write the health report of the namespace",
      "Write deploy_logs/health_report.md: incident signals, the verdict of status with the halt "
      "proof and the drift, pods, workloads, rollouts, images, warning events and the kill "
      "switch. -o html writes deploy_logs/health_report.html instead: one file for a browser, "
      "with the timeline of the newest restore. It is written "
      "even when parts of the cluster cannot be read; each gap is named in it, and the exit "
      "code is then 4.",
      "  # Write the report\n  kubectl lkg report -n trading-floor\n\n"
      "  # For a browser\n  kubectl lkg report -n trading-floor -o html",
      [](CLI::App& app) -> cli::Action {
        auto options = std::make_shared<ReportOptions>();
        app.add_option("--event-limit", options->event_limit, "How many warning events to show")
            ->capture_default_str();
        return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
          return run(*options, runtime, globals);
        };
      },
      {"md", "html"}};
}

}  // namespace dr::lkg
