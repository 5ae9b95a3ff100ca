#pragma once

#include <string>

#include "plugins/lkg/status/status.hpp"

// A status of a floor on which all is well, for tests to spoil.
namespace dr::test {

inline constexpr UtcTime k_looked_at{std::chrono::seconds{1767323045}};  // 2026-01-02T03:04:05Z
inline constexpr std::chrono::hours k_one_hour{1};

inline kube::HaltProof proof_of(const std::string& pod, kube::HaltVerdict verdict,
                                const std::string& reason = "") {
  return {pod, "engine", kube::SwitchWay::env, verdict, reason, "EXECUTION_HALTED"};
}

inline lkg::Status good_status() {
  lkg::Status status;
  status.time = k_looked_at;
  status.ns = "trading-floor";
  status.context = "production";
  status.server = "https://10.20.0.2";

  lkg::SwitchStatus kill_switch;
  kill_switch.value = "1";
  kill_switch.manager = "agenttrader-dr";
  kill_switch.written = "2026-01-02T02:04:05Z";
  kill_switch.proofs = {proof_of("engine-0", kube::HaltVerdict::proven),
                        proof_of("engine-1", kube::HaltVerdict::not_running)};
  status.kill_switch.value = kill_switch;

  lkg::LkgStatus lkg;
  lkg.state = lkg::FileState::intact;
  lkg.id = "20260102T010405Z-0a1b2c3d";
  lkg.captured = k_looked_at - 2 * k_one_hour;
  lkg.ns = status.ns;
  lkg.cluster_name = "gke_prod";
  lkg.cluster = lkg::Cluster::same;
  lkg.objects = 46;
  status.lkg.value = lkg;

  status.drift.value = lkg::DriftStatus{46, {}};
  status.workloads.value = {{"Deployment/engine", 2, 2, true, "", lkg::Digests::equal},
                            {"StatefulSet/gamma-strategy", 1, 1, true, "", lkg::Digests::equal}};
  lkg::ImagesStatus images;
  images.inventory = lkg::FileState::intact;
  images.taken = k_looked_at - 3 * k_one_hour;
  images.present = 11;
  images.unknown = 1;
  status.images.value = images;
  status.backups.value =
      lkg::BackupsStatus{"20260101T230405Z", k_looked_at - 4 * k_one_hour, false, ""};
  status.restores.value = lkg::RestoresStatus{
      lkg::FileState::intact, "",
      lkg::ExpectedTime{5, std::chrono::seconds(41), std::chrono::seconds(190)},
      lkg::RestoresStatus::Drill{k_looked_at - 72 * k_one_hour, 0, std::chrono::seconds(44)}};
  status.fence.value = lkg::FenceStatus{};
  return status;
}

// Nothing is as it should be, and more of it than a screen has room for.
inline lkg::Status bad_status() {
  lkg::Status status = good_status();
  auto& kill_switch = *status.kill_switch.value;
  kill_switch.manager = "kubectl-edit";
  for (const char* pod : {"engine-2", "engine-3", "engine-4", "engine-5"}) {
    kill_switch.proofs.push_back(
        proof_of(pod, kube::HaltVerdict::not_halted,
                 "running since before the last write of the switch; exec failed: no such file"));
  }
  status.lkg.value->cluster = lkg::Cluster::another;
  status.lkg.value->warnings = {
      "the last publish was interrupted: using LKG "
      "20260102T010405Z-0a1b2c3d of the history; the next capture mends "
      "the files"};
  auto& drift = *status.drift.value;
  for (int i = 0; i < 7; ++i) {
    drift.rows.push_back({lkg::DriftKind::changed, "Deployment/engine-" + std::to_string(i),
                          "/spec/template/spec/containers/0/env/1/valueFrom/configMapKeyRef/name",
                          3});
  }
  drift.rows.push_back({lkg::DriftKind::missing, "ConfigMap/settings", "", 0});
  drift.rows.push_back({lkg::DriftKind::extra, "ConfigMap/hotfix", "", 0});
  for (int i = 0; i < 7; ++i) {
    status.workloads.value->push_back(
        {"Deployment/engine-" + std::to_string(i), 2, 0, false,
         "ImagePullBackOff: Back-off pulling image \"registry.example.com/engine:1\"",
         lkg::Digests::other});
  }
  auto& images = *status.images.value;
  images.present = 7;
  images.unknown = 5;
  for (int i = 0; i < 4; ++i) {
    images.not_found.push_back("Deployment/engine-" + std::to_string(i) +
                               " us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/"
                               "engine@sha256:" +
                               std::string(64, 'a'));
  }
  status.backups.value->newer =
      "20260102T030000Z is damaged: cm__settings.yaml does not fit SHA256SUMS";
  status.backups.value->damaged = true;
  status.restores.value->last_drill->exit_code = 4;
  status.fence.value = lkg::FenceStatus{true, {"ValidatingAdmissionPolicy/agenttrader-dr-hold"}};
  status.gitops.value = {"Application/floor (Argo CD) owns 40 objects and would write them back",
                         "Kustomization/floor (Flux) owns 6 objects"};
  return status;
}

// The API server does not answer.
inline lkg::Status down_status() {
  lkg::Status status = good_status();
  status.unreachable =
      "The connection to the server 10.20.0.2 was refused - did you specify the right host or "
      "port?";
  status.kill_switch = {std::nullopt, status.unreachable, std::nullopt};
  status.drift = {std::nullopt, "the API server does not answer", std::nullopt};
  status.workloads = {std::nullopt, status.drift.unknown, std::nullopt};
  status.fence = {std::nullopt, status.drift.unknown, std::nullopt};
  status.lkg.value->cluster = lkg::Cluster::unknown;
  return status;
}

}  // namespace dr::test
