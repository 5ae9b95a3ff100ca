#include "common/kube/ownership.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

constexpr std::string_view k_revision_annotation = "deployment.kubernetes.io/revision";
constexpr std::string_view k_revision_hash_label = "controller-revision-hash";

std::string revision_of(const Json& object) {
  return data::string_or(object, {"metadata", "annotations", k_revision_annotation}, "");
}

std::string revision_hash_of(const Json& object) {
  return data::string_or(object, {"metadata", "labels", k_revision_hash_label}, "");
}

// Two texts that prove something only when they are there.
bool are_same(const std::string& a, const std::string& b) {
  return !a.empty() && a == b;
}

void sort_by_name(std::vector<const Json*>& objects) {
  std::ranges::sort(objects, {},
                    [](const Json* object) -> std::string_view { return name_of(*object); });
}

std::string newest_revision_hash(const std::vector<const Json*>& controller_revisions) {
  const auto newest = std::max_element(
      controller_revisions.begin(), controller_revisions.end(), [](const Json* a, const Json* b) {
        return data::integer_or(*a, {"revision"}, 0) < data::integer_or(*b, {"revision"}, 0);
      });
  return newest == controller_revisions.end() ? std::string() : revision_hash_of(**newest);
}

// When the Job ended, empty while it runs. The API server writes all times in one form, in UTC and
// whole seconds, so that their texts compare as times. A failed Job has no completionTime.
std::string end_of(const Json& job) {
  std::string completed = data::string_or(job, {"status", "completionTime"}, "");
  if (!completed.empty() || !condition_is(job, "Failed", "True")) return completed;
  return data::string_or(*condition_of(job, "Failed"), {"lastTransitionTime"}, "");
}

bool is_newer_job(const Json* a, const Json* b) {
  const auto rank = [](const Json& job) {
    const std::string end = end_of(job);
    return std::tuple(end.empty(), end, data::string_or(job, {"metadata", "creationTimestamp"}, ""),
                      name_of(job));
  };
  return rank(*a) > rank(*b);
}

// What made a Job: its controller, or the CronJob whose run somebody asked for. `kubectl create job
// --from=cronjob/x` of an older kubectl makes the CronJob an owner, but not the controller
// (measured on 1.27).
const Json* cron_job_of(const Json& job) {
  if (const Json* controller = controller_of(job)) return controller;
  for (const Json& owner : data::array_or_empty(job, {"metadata", "ownerReferences"})) {
    if (data::string_or(owner, {"kind"}, "") == "CronJob") return &owner;
  }
  return nullptr;
}

}  // namespace

Ownership::Ownership(const std::vector<Json>& pods, const std::vector<Json>& replica_sets,
                     const std::vector<Json>& controller_revisions, const std::vector<Json>& jobs) {
  const auto fill = [](Index& index, const std::vector<Json>& objects, auto owner_of) {
    for (const Json& object : objects) {
      const Json* owner = owner_of(object);
      if (owner != nullptr) index[data::string_at(*owner, {"uid"})].push_back(&object);
    }
  };
  fill(m_pods, pods, controller_of);
  fill(m_replica_sets, replica_sets, controller_of);
  fill(m_controller_revisions, controller_revisions, controller_of);
  fill(m_jobs, jobs, cron_job_of);
}

std::vector<const Json*> Ownership::pods_of(const Json& workload) const {
  const std::string& kind = data::string_at(workload, {"kind"});
  const std::string& uid = uid_of(workload);
  if (kind != "Deployment" && kind != "CronJob") return owned(m_pods, uid);

  std::vector<const Json*> pods;
  bool is_mixed = false;
  for (const Json* owner : owned(kind == "CronJob" ? m_jobs : m_replica_sets, uid)) {
    const auto& more = owned(m_pods, uid_of(*owner));
    is_mixed = is_mixed || (!pods.empty() && !more.empty());
    pods.insert(pods.end(), more.begin(), more.end());
  }
  if (is_mixed) sort_by_name(pods);
  return pods;
}

bool Ownership::is_current(const Json& workload, const Json& pod) const {
  const std::string& kind = data::string_at(workload, {"kind"});
  const std::string& uid = uid_of(workload);
  const auto owns_pod = [&pod](const Json* owner) { return is_controlled_by(pod, uid_of(*owner)); };

  if (kind == "Deployment") {
    const auto& replica_sets = owned(m_replica_sets, uid);
    const auto owner = std::find_if(replica_sets.begin(), replica_sets.end(), owns_pod);
    return owner != replica_sets.end() && are_same(revision_of(**owner), revision_of(workload));
  }
  if (kind == "CronJob") {
    const auto& jobs = owned(m_jobs, uid);
    return std::any_of(jobs.begin(), jobs.end(), owns_pod);
  }
  if (!owns_pod(&workload)) return false;
  if (kind == "StatefulSet") {
    return are_same(revision_hash_of(pod),
                    data::string_or(workload, {"status", "updateRevision"}, ""));
  }
  if (kind == "DaemonSet") {
    return are_same(revision_hash_of(pod),
                    newest_revision_hash(owned(m_controller_revisions, uid)));
  }
  return true;
}

std::vector<const Json*> Ownership::jobs_of(const Json& cron_job) const {
  std::vector<const Json*> jobs = owned(m_jobs, uid_of(cron_job));
  std::sort(jobs.begin(), jobs.end(), is_newer_job);
  return jobs;
}

const std::vector<const Json*>& Ownership::owned(const Index& index, const std::string& uid) {
  static const std::vector<const Json*> k_none;
  const auto entry = index.find(uid);
  return entry == index.end() ? k_none : entry->second;
}

}  // namespace dr::kube
