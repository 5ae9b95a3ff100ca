#include <CLI/CLI.hpp>
#include <memory>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
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
  const auto git = os::read_git_facts(globals.root, runtime.environment, runtime.runner);
  const auto facts = gather_health(kubectl, git, runtime.clock.now(), options.event_limit);
  const auto path = globals.root / "deploy_logs" / "health_report.md";
  os::write_file(path, health_markdown(facts, nullptr));
  cli::print_result(runtime, globals, "HealthReport", health_json(facts, nullptr),
                    "health report written to " + path.string() + "\n");
  if (facts.gaps.empty()) return ExitCode::ok;
  throw Error(ExitCode::incomplete, "the report has gaps: " + join(facts.gaps, "; "),
              "check the rights and the connection, then run it again");
}

}  // namespace

cli::CommandSpec report_command() {
  return {"report", "Write the health report of the namespace",
          "Write deploy_logs/health_report.md: pods, workloads, rollouts, images, warning events "
          "and the kill switch. It is written "
          "even when parts of the cluster cannot be read; each gap is named in it, and the exit "
          "code is then 4.",
          "  # Write the report\n  kubectl lkg report -n trading-floor",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<ReportOptions>();
            app.add_option("--event-limit", options->event_limit, "How many warning events to show")
                ->capture_default_str();
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          }};
}

}  // namespace dr::lkg
