#include "plugins/lkg/preview.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/kube/cluster_facts.hpp"

namespace dr::lkg {
Preview preview_restore(const Lkg& lkg, const kube::Kubectl& kubectl, bool allow_different_cluster,
                        const ImageCheck& check_images) {
  const auto facts = kube::read_cluster_facts(kubectl);
  check_cluster(lkg, facts, allow_different_cluster, kubectl);
  Preview preview;
  preview.live = read_live(kubectl, lkg);
  preview.warnings = missing_secrets(lkg, kubectl);
  std::ranges::move(require_images(check_images), std::back_inserter(preview.warnings));
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
  preview.plan = make_plan(lkg, preview.live, allocated_on(lkg, facts.uid), to_restart);
  return preview;
}

}  // namespace dr::lkg
