#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {

void decide(RestoreRun& run) {
  run.prover.emplace(run.kubectl, *run.halted);
  const auto proofs = run.prover->prove(run.live.snapshot.of("Pod"));
  run.plan = make_plan(run.lkg, run.live, run.cluster.uid, unproven_workloads(run.live, proofs),
                       run.options);
}

void plan(RestoreRun& run) {
  run.result.plan_hash = run.plan.hash;
  for (const auto& planned : run.plan.objects)
    ++run.result.actions[std::string(name_of(planned.action))];
  run.result.extras = run.plan.extras;
  run.progress("plan: " + run.plan.summary());
  require_expected(run.plan, run.options.expect_plan);
  require_unblocked(run.plan);
}

}  // namespace dr::lkg
