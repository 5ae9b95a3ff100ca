#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/ownership.hpp"

// API objects as a cluster would return them, healthy unless a test spoils them. Uids are
// "uid-<kind>-<name>".
namespace dr::test {

inline const std::string k_digest_a = "sha256:" + std::string(64, 'a');
inline const std::string k_digest_b = "sha256:" + std::string(64, 'b');

inline Json make_object(const std::string& api_version, const std::string& kind,
                        const std::string& name) {
  return {{"apiVersion", api_version},
          {"kind", kind},
          {"metadata",
           {{"name", name},
            {"namespace", "trading-floor"},
            {"uid", "uid-" + kind + "-" + name},
            {"resourceVersion", "1"},
            {"generation", 1}}}};
}

inline Json owned_by(const Json& owner, Json object) {
  object["metadata"]["ownerReferences"] = Json::array({{{"apiVersion", owner.at("apiVersion")},
                                                        {"kind", owner.at("kind")},
                                                        {"name", owner.at("metadata").at("name")},
                                                        {"uid", owner.at("metadata").at("uid")},
                                                        {"controller", true}}});
  return object;
}

inline Json make_container(const std::string& name, const std::string& image) {
  return {{"name", name}, {"image", image}};
}

inline Json make_template(const std::string& image) {
  return {{"metadata", {{"labels", {{"app", "web"}}}}},
          {"spec", {{"containers", Json::array({make_container("web", image)})}}}};
}

// --- Workloads, rolled out: every count of the status is the wanted one

inline Json make_deployment(const std::string& name, std::int64_t replicas,
                            const std::string& image = "web:1") {
  Json object = make_object("apps/v1", "Deployment", name);
  object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1";
  object["spec"] = {{"replicas", replicas}, {"template", make_template(image)}};
  object["status"] = {
      {"observedGeneration", 1},
      {"conditions",
       Json::array(
           {{{"type", "Progressing"}, {"status", "True"}, {"reason", "NewReplicaSetAvailable"}}})}};
  // The API leaves out counts of 0.
  for (const char* count : {"replicas", "updatedReplicas", "readyReplicas", "availableReplicas"}) {
    if (replicas > 0) object["status"][count] = replicas;
  }
  return object;
}

inline Json make_replica_set(const Json& deployment, const std::string& revision) {
  const std::string name =
      deployment.at("metadata").at("name").get<std::string>() + "-r" + revision;
  Json object = owned_by(deployment, make_object("apps/v1", "ReplicaSet", name));
  object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = revision;
  object["spec"] = {{"template", deployment.at("spec").at("template")}};
  return object;
}

inline Json make_stateful_set(const std::string& name, std::int64_t replicas,
                              const std::string& image = "web:1") {
  Json object = make_object("apps/v1", "StatefulSet", name);
  object["spec"] = {
      {"replicas", replicas},
      {"template", make_template(image)},
      {"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", 0}}}}}};
  object["status"] = {{"observedGeneration", 1},        {"replicas", replicas},
                      {"updatedReplicas", replicas},    {"readyReplicas", replicas},
                      {"availableReplicas", replicas},  {"currentRevision", name + "-new"},
                      {"updateRevision", name + "-new"}};
  return object;
}

inline Json make_daemon_set(const std::string& name, std::int64_t desired,
                            const std::string& image = "web:1") {
  Json object = make_object("apps/v1", "DaemonSet", name);
  object["spec"] = {{"template", make_template(image)}};
  object["status"] = {{"observedGeneration", 1},
                      {"desiredNumberScheduled", desired},
                      {"currentNumberScheduled", desired},
                      {"updatedNumberScheduled", desired},
                      {"numberAvailable", desired},
                      {"numberReady", desired},
                      {"numberMisscheduled", 0}};
  return object;
}

inline Json make_controller_revision(const Json& owner, std::int64_t revision,
                                     const std::string& hash) {
  const std::string name = owner.at("metadata").at("name").get<std::string>() + "-" + hash;
  Json object = owned_by(owner, make_object("apps/v1", "ControllerRevision", name));
  object["revision"] = revision;
  object["metadata"]["labels"]["controller-revision-hash"] = hash;
  return object;
}

inline Json make_cron_job(const std::string& name, const std::string& image = "web:1") {
  Json object = make_object("batch/v1", "CronJob", name);
  Json pod_template = make_template(image);
  pod_template["spec"]["restartPolicy"] = "Never";
  object["spec"] = {{"jobTemplate", {{"spec", {{"template", pod_template}}}}}};
  return object;
}

inline Json make_job(const Json& cron_job, const std::string& name) {
  Json object = owned_by(cron_job, make_object("batch/v1", "Job", name));
  object["spec"] = cron_job.at("spec").at("jobTemplate").at("spec");
  return object;
}

inline Json completed_at(Json job, const std::string& time) {
  job["status"] = {{"completionTime", time},
                   {"conditions", Json::array({{{"type", "Complete"}, {"status", "True"}}})}};
  return job;
}

// --- Pods

inline Json running_status(const std::string& container, const std::string& image_id) {
  return {{"name", container},
          {"imageID", image_id},
          {"ready", true},
          {"restartCount", 0},
          {"state", {{"running", {{"startedAt", "2026-01-02T03:04:05Z"}}}}}};
}

inline Json waiting_state(const std::string& reason, const std::string& message = "") {
  return {{"waiting", {{"reason", reason}, {"message", message}}}};
}

inline Json ended_state(std::int64_t exit_code, const std::string& reason = "Completed") {
  return {{"terminated", {{"exitCode", exit_code}, {"reason", reason}}}};
}

// A ready pod of that spec, every main container of which runs `image_id`.
inline Json make_pod(const Json& owner, const std::string& name, const Json& spec,
                     const std::string& image_id = "docker.io/library/web@" + k_digest_a) {
  Json pod = owned_by(owner, make_object("v1", "Pod", name));
  pod["spec"] = spec;
  pod["spec"]["nodeName"] = "node-of-" + name;
  pod["status"] = {{"phase", "Running"},
                   {"conditions", Json::array({{{"type", "PodScheduled"}, {"status", "True"}},
                                               {{"type", "Ready"}, {"status", "True"}}})}};
  for (const Json& container : spec.at("containers")) {
    pod["status"]["containerStatuses"].push_back(
        running_status(container.at("name").get<std::string>(), image_id));
  }
  return pod;
}

inline Json with_hash(Json pod, const std::string& hash) {
  pod["metadata"]["labels"]["controller-revision-hash"] = hash;
  return pod;
}

inline Json set_condition(Json object, const std::string& type, const std::string& status,
                          const std::string& reason = "", const std::string& message = "") {
  Json& conditions = object["status"]["conditions"];
  Json kept = Json::array();
  for (const Json& condition : conditions) {
    if (condition.at("type") != type) kept.push_back(condition);
  }
  kept.push_back({{"type", type}, {"status", status}, {"reason", reason}, {"message", message}});
  conditions = kept;
  return object;
}

// The pod is not ready, and neither is its first container, whose state is that.
inline Json spoiled(Json pod, const Json& state) {
  pod = set_condition(std::move(pod), "Ready", "False");
  Json& status = pod["status"]["containerStatuses"][0];
  status["ready"] = false;
  status["state"] = state;
  return pod;
}

inline Json being_deleted(Json object) {
  object["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
  return object;
}

inline Json ended_pod(Json pod, const std::string& phase, const std::string& reason = "",
                      const std::string& message = "") {
  pod = set_condition(std::move(pod), "Ready", "False");
  pod["status"]["phase"] = phase;
  if (!reason.empty()) pod["status"]["reason"] = reason;
  if (!message.empty()) pod["status"]["message"] = message;
  return pod;
}

// The lists of one read, which an Ownership points into.
struct Floor {
  std::vector<Json> pods;
  std::vector<Json> replica_sets;
  std::vector<Json> controller_revisions;
  std::vector<Json> jobs;

  kube::Ownership ownership() const { return {pods, replica_sets, controller_revisions, jobs}; }
};

inline std::vector<std::string> names_of(const std::vector<const Json*>& objects) {
  std::vector<std::string> names;
  for (const Json* object : objects)
    names.push_back(object->at("metadata").at("name").get<std::string>());
  return names;
}

}  // namespace dr::test
