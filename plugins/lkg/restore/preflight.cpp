#include "plugins/lkg/preflight/preflight.hpp"

#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {

void preflight(RestoreRun& run) {
  run.live_since = run.clock.steady();
  run.live = read_live(run.kubectl, run.lkg);
  if (!run.live.ns) {
    throw Error(ExitCode::refused, "namespace " + run.lkg.ns + " vanished after the halt",
                "run the restore again");
  }
  run.cluster.server_version = run.live.server_version;
  decide(run);
  run.result.checks = check_preflight(
      {run.lkg, run.live, run.plan, run.cluster, run.options.check_images, true}, run.kubectl);
  for (auto& warning : warnings_of(run.result.checks)) warn(run, std::move(warning));
  refuse_stops(run.result.checks);
}

}  // namespace dr::lkg
