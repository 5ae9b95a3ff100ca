#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/data/json.hpp"

namespace dr::kube {

// Who owns which pod, by controller references (uids), never by selectors: pods of other workloads,
// Jobs and strays match selectors too. A Job also belongs to the CronJob that it was made from by
// hand. Holds pointers into the lists it was made from, which must outlive it and are in the order
// of names, as a Snapshot's are.
class Ownership {
 public:
  Ownership(const std::vector<Json>& pods, const std::vector<Json>& replica_sets,
            const std::vector<Json>& controller_revisions, const std::vector<Json>& jobs);

  // Every pod of a Deployment, StatefulSet, DaemonSet, Job or CronJob, of any revision and state,
  // by name.
  std::vector<const Json*> pods_of(const Json& workload) const;

  // The pod belongs to the workload's newest revision: Deployment: its ReplicaSet has the
  // workload's deployment.kubernetes.io/revision; StatefulSet: its controller-revision-hash label
  // is status.updateRevision (equal revisions in the status alone prove nothing); DaemonSet: its
  // label is that of the newest ControllerRevision. Job and CronJob have no revisions: every pod
  // that they own.
  bool is_current(const Json& workload, const Json& pod) const;

  // Jobs of a CronJob, newest first by completion time (running ones first).
  std::vector<const Json*> jobs_of(const Json& cron_job) const;

 private:
  // A controller's uid to what it owns, by name.
  using Index = std::unordered_map<std::string_view, std::vector<const Json*>>;
  static const std::vector<const Json*>& owned(const Index& index, const std::string& uid);

  Index m_pods;
  Index m_replica_sets;
  Index m_controller_revisions;
  Index m_jobs;
};

}  // namespace dr::kube
