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
  return kube::list_objects(run.kubectl, *kube::find_kind("Pod"));
}

const Json* find_pod(const std::vector<Json>& pods, const std::string& name) {
  const auto pod = std::find_if(pods.begin(), pods.end(),
                                [&](const Json& one) { return kube::name_of(one) == name; });
  return pod == pods.end() ? nullptr : &*pod;
}

enum class Doomed { left_to_prune, counted };  // the pods that a prune ends

// One look at all pods, which were read just now.
class Look {
 public:
  Look(RestoreRun& run, Doomed doomed, const std::vector<Json>& pods) {
    require_halted(run);
    run.result.proofs = run.prover->prove(pods);
    run.left_to_prune.clear();
    for (const auto& proof : run.result.proofs) {
      if (proof.holds()) continue;
      auto text = fmt::format("Pod/{} container {} ({}): {}", proof.pod, proof.container,
                              kube::name_of(proof.way), proof.reason);
      const Json* pod = find_pod(pods, proof.pod);
      const bool is_doomed = pod != nullptr && run.plan.doomed_pods.contains(kube::uid_of(*pod));
      if (is_doomed && doomed == Doomed::left_to_prune) {
        run.left_to_prune.push_back(std::move(text));
        continue;
      }
      m_unproven.push_back(std::move(text));
      const bool is_going =
          is_doomed || (pod != nullptr && data::has(*pod, {"metadata", "deletionTimestamp"}));
      m_only_going = m_only_going && is_going;
    }
  }

  const std::vector<std::string>& unproven() const { return m_unproven; }
  bool only_going() const { return m_only_going; }

 private:
  std::vector<std::string> m_unproven;
  bool m_only_going = true;
};

// Pods outside the LKG that take the switch count too: a rogue one can trade.
void prove(RestoreRun& run, Doomed doomed, Look look) {
  const auto deadline = run.clock.steady() + k_last_pods;
  while (!look.unproven().empty()) {
    if (!look.only_going() || run.clock.steady() >= deadline)
      throw unproven_containers(look.unproven());
    run.kubectl.wait(k_poll);
    forget_final_state(run);
    look = Look(run, doomed, read_pods(run));
  }
  const std::size_t consuming = run.result.proofs.size();
  run.progress(fmt::format("proof: {} of {} consuming containers are halted",
                           consuming - run.left_to_prune.size(), consuming));
}

}  // namespace

Error unproven_containers(const std::vector<std::string>& containers) {
  return {ExitCode::unsafe, "these containers are not proven halted: " + join(containers, "; "),
          "delete those pods, so that they start anew with the switch at \"1\", then run the "
          "restore again"};
}

// The read of the preflight came after the halt, so that it is one where nothing else was written.
const Live& final_state(RestoreRun& run) {
  if (run.live_holds) return run.live;
  if (!run.live_after) run.live_after = read_live(run.kubectl, run.lkg);
  return *run.live_after;
}

void forget_final_state(RestoreRun& run) {
  run.live_holds = false;
  run.live_after.reset();
}

// A rogue workload that traded before the halt must not keep the prune from ending it.
void prove_halt(RestoreRun& run) {
  const auto& pods = final_state(run).snapshot.of("Pod");
  prove(run, Doomed::left_to_prune, Look(run, Doomed::left_to_prune, pods));
}

void prove_pruned(RestoreRun& run) {
  if (run.plan.doomed_pods.empty()) return;
  prove(run, Doomed::counted, Look(run, Doomed::counted, read_pods(run)));
}

}  // namespace dr::lkg
