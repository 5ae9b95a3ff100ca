#include <fmt/format.h>

#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {
namespace {

void refuse_blocked(const Plan& plan) {
  std::string cause;
  for (const auto& planned : plan.objects) {
    if (planned.action != Action::blocked) continue;
    for (const auto& difference : planned.immutable) {
      cause += fmt::format("{}{}: {} is immutable", cause.empty() ? "" : "; ",
                           planned.drift.key.display(), difference.pointer);
    }
  }
  if (cause.empty()) return;
  throw Error(ExitCode::refused, "no update can restore " + cause,
              "delete the named objects by hand when that is safe, then run the restore again: it "
              "creates them");
}

}  // namespace

void plan(RestoreRun& run) {
  run.prover.emplace(run.kubectl, *run.halted);
  const auto proofs = run.prover->prove(run.live.snapshot.of("Pod"));
  run.plan = make_plan(run.lkg, run.live, allocated_on(run.lkg, run.cluster.uid),
                       unproven_workloads(run.live, proofs));
  run.result.plan_hash = run.plan.hash;
  for (const auto& planned : run.plan.objects)
    ++run.result.actions[std::string(name_of(planned.action))];
  for (const auto& extra : run.plan.extras) {
    run.result.extras.push_back({extra.key, DriftKind::extra, {}, nullptr, nullptr, {}});
  }
  run.progress("plan: " + run.plan.summary());
  if (!run.options.expect_plan.empty() && run.options.expect_plan != run.plan.hash) {
    throw Error(ExitCode::refused,
                "the plan is no longer the expected one: its hash is " + run.plan.hash,
                "look at `kubectl lkg plan` again");
  }
  refuse_blocked(run.plan);
}

}  // namespace dr::lkg
