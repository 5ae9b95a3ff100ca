#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/kube/ownership.hpp"

namespace dr::kube {

// What is wrong with one pod, as an operator would say it.
struct PodTrouble {
  std::string pod;
  std::string container;  // empty when it concerns the whole pod
  std::string
      reason;  // "ImagePullBackOff", "CrashLoopBackOff", "Unschedulable", "FailedCreate", ...
  std::string message;  // the cluster's own words, printable
};

// What is healthy is decided here alone: capture, restore, status and report all read it.
struct RolloutState {
  std::int64_t wanted = 0;   // pods that should run
  std::int64_t ready = 0;    // pods of the newest revision that are ready
  std::int64_t updated = 0;  // pods of the newest revision
  bool settled =
      false;  // observed, and exactly the wanted pods exist, all of the newest revision, available
  bool paused = false;       // Deployment spec.paused
  bool partitioned = false;  // StatefulSet with a partition: two templates live
  // Why it is not settled, one line: "generation 4 not observed yet", "1 of 3 pods ready", ...;
  // empty when settled.
  std::string reason;
  std::vector<PodTrouble> troubles;
};

// `workload` is a Deployment, StatefulSet or DaemonSet of the same reads as `ownership`.
// Rules: observedGeneration == generation; Deployment: replicas == updatedReplicas ==
// availableReplicas == spec.replicas, no condition Progressing=False, no ReplicaFailure=True;
// StatefulSet: the same counts with readyReplicas too, and every pod carries the updateRevision
// (also for OnDelete); DaemonSet: desired == current == updated == available, none misscheduled. In
// all of them every pod of the newest revision is Ready, and no pod of an older revision is left
// (one that is being deleted counts as left; Failed and Succeeded pods do not count).
RolloutState rollout_state(const Json& workload, const Ownership& ownership);

// The trouble will not go away by waiting `seconds` longer than it has lasted: bad image name,
// image not found or not allowed, crash loop or two restarts are hopeless at once; ImagePullBackOff
// otherwise after 60 s; container configuration errors after 30 s; FailedCreate and Unschedulable
// after 90 s. `lasted_seconds`: how long the caller has seen this trouble on this workload.
bool is_hopeless(const PodTrouble& trouble, std::int64_t lasted_seconds);

// A pod that ran healthily: phase Running, Ready=True, every container ready, not being deleted.
bool is_ready(const Json& pod);

// The sum of restart counts of its containers (init, side and main).
std::int64_t restarts_of(const Json& pod);

// A Job that has a condition Complete=True.
bool is_complete(const Json& job);

}  // namespace dr::kube
