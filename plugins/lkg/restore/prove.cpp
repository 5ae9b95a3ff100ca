#include <fmt/format.h>

#include <algorithm>

#include "common/base/text.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {
namespace {

constexpr Millis k_poll{1'000};
constexpr std::chrono::seconds k_last_pods{
    60};  // a pod that is being deleted has its grace period, 30 s by default

std::vector<Json> read_pods(const RestoreRun& run) {
  const auto& kind = *kube::find_kind("Pod");
  const Json list = run.kubectl.get(kube::list_path(kind, run.lkg.ns), "pods");
  return data::array_or_empty(list, {"items"});
}

bool is_going(const std::vector<Json>& pods, const std::string& name) {
  return std::any_of(pods.begin(), pods.end(), [&](const Json& pod) {
    return kube::name_of(pod) == name && data::has(pod, {"metadata", "deletionTimestamp"});
  });
}

}  // namespace

// Pods outside the LKG that take the switch count too: a rogue one can trade.
void prove_halt(RestoreRun& run) {
  const auto deadline = run.clock.steady() + k_last_pods;
  while (true) {
    const auto pods = read_pods(run);
    require_halted(run);
    run.result.proofs = run.prover->prove(pods);
    std::vector<std::string> unproven;
    bool only_going = true;
    for (const auto& proof : run.result.proofs) {
      if (proof.holds()) continue;
      unproven.push_back(fmt::format("Pod/{} container {} ({}): {}", proof.pod, proof.container,
                                     kube::name_of(proof.way), proof.reason));
      only_going = only_going && is_going(pods, proof.pod);
    }
    if (unproven.empty()) break;
    if (!only_going || run.clock.steady() >= deadline) {
      throw Error(ExitCode::unsafe,
                  "these containers are not proven halted: " + join(unproven, "; "),
                  "delete those pods, so that they start anew with the switch at \"1\", then run "
                  "the restore again");
    }
    run.kubectl.wait(k_poll);
  }
  run.progress(fmt::format("proof: {} of {} consuming containers are halted",
                           run.result.proofs.size(), run.result.proofs.size()));
}

}  // namespace dr::lkg
