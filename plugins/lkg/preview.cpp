#include "plugins/lkg/preview.hpp"

#include <utility>

#include "common/kube/cluster_facts.hpp"
#include "plugins/lkg/preflight/preflight.hpp"

namespace dr::lkg {
Preview preview_restore(const Lkg& lkg, const kube::Kubectl& kubectl, const Consent& consent,
                        const ImageCheck& check_images) {
  kubectl.open_proxy();
  const auto facts = kube::read_cluster_facts(kubectl);
  check_cluster(lkg, facts, consent.allow_different_cluster, kubectl);
  Preview preview;
  preview.live = read_live(kubectl, lkg);
  const auto& pods = preview.live.snapshot.of("Pod");
  std::vector<kube::HaltProof> proofs;
  try {
    const auto halted = kube::KillSwitch(kubectl).read_back();
    proofs = kube::HaltProver(kubectl, halted).prove(pods);
  } catch (const Error& error) {
    preview.warnings.push_back(
        std::string("the switch is not halted now; a restore halts it first: ") + error.what());
    proofs = kube::HaltProver(pods).prove(pods);
  }
  const auto to_restart = unproven_workloads(preview.live, proofs);
  preview.plan = make_plan(lkg, preview.live, facts.uid, to_restart, consent);
  preview.checks = check_preflight({lkg, preview.live, preview.plan, facts, check_images}, kubectl);
  for (auto& warning : warnings_of(preview.checks)) preview.warnings.push_back(std::move(warning));
  return preview;
}

}  // namespace dr::lkg
