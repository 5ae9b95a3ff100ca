#include <fmt/format.h>

#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {
namespace {

// Nobody can release it, which is right now, but neither can whoever may resume trading.
void tell_of_immutable_switch(RestoreRun& run) {
  const Json& live = run.halted->object();
  const Json* wanted = run.lkg.find("ConfigMap", kube::k_switch_name);
  const auto is_immutable = [](const Json& object) {
    return data::boolean_or(object, {"immutable"}, false);
  };
  if (!is_immutable(live) || (wanted != nullptr && is_immutable(*wanted))) return;
  warn(run, fmt::format("ConfigMap/{} is immutable, which the LKG's is not; it stays so at \"1\": "
                        "delete and create it by hand before trading is resumed",
                        kube::k_switch_name));
}

}  // namespace

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
  tell_of_immutable_switch(run);
  require_expected(run.plan, run.options.expect_plan);
  require_unblocked(run.plan);
}

}  // namespace dr::lkg
