#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::lkg {

// A container that fails, and what is known of why. Texts are as the cluster has them, but for
// those that may tell a credential, which are left out.
struct FailingContainer {
  std::string pod;
  std::string container;
  std::string trouble;              // "CrashLoopBackOff, exit code 137 (OOMKilled), 4 restarts"
  bool has_run = false;             // so that there is a log
  bool runs = false;                // what it wrote before it failed is its previous run's
  std::vector<std::string> log;     // the last lines
  std::string no_log;               // why there are none
  std::vector<std::string> events;  // "BackOff (x12): ...", newest first
};

struct FailingPods {
  std::vector<FailingContainer> containers;  // those that have run first, then by name
  std::size_t not_shown = 0;
};

// Those containers of the pods that are not ready and failed or cannot begin, with the warning
// events of their pods. Throws Error(failed) on an object that is not as the API serves it.
FailingPods failing_pods(const std::vector<Json>& pods, const std::vector<Json>& warning_events);

// Adds the end of their logs, one `kubectl logs` each beside each other.
void read_logs(const kube::Kubectl& kubectl, FailingPods& failing);

}  // namespace dr::lkg
