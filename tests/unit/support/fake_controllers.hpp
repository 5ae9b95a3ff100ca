#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/kube/image_ref.hpp"
#include "common/os/sha256.hpp"
#include "tests/unit/support/fake_store.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::test {

// The controllers of a FakeStore. Deployments and StatefulSets roll out at once: a changed template
// gets new pods, and a pod that is gone a new one.
class FakeControllers {
 public:
  explicit FakeControllers(FakeStore& store) : m_store(store) {}

  // The object goes, with what it owns; a namespace with all that is in it.
  void remove(std::string_view kind, std::string_view name) {
    const std::string path = path_of(kind, name);
    const Json* object = m_store.find(path);
    if (object == nullptr) return;
    const Json* owner = kube::controller_of(*object);
    const Json key = owner == nullptr ? Json() : *owner;
    m_store.remove(path);
    if (kind == "Namespace") remove_content();
    if (key.is_object()) act_on(data::string_at(key, {"kind"}), data::string_at(key, {"name"}));
  }

  // Somebody wrote that object, or one that it owns is gone.
  void act_on(const std::string& kind, const std::string& name) {
    const Json* found = m_store.find(path_of(kind, name));
    if (found == nullptr) return;
    const Json object = *found;
    const std::string writer = std::exchange(m_store.writer, "controller");
    if (kind == "Deployment") roll_out_deployment(object);
    if (kind == "StatefulSet") roll_out_stateful_set(object);
    m_store.writer = writer;
    const Json* owner = kind == "ReplicaSet" ? kube::controller_of(object) : nullptr;
    if (owner != nullptr)
      act_on(data::string_at(*owner, {"kind"}), data::string_at(*owner, {"name"}));
  }

 private:
  void remove_content() {
    const std::string part = "/namespaces/" + k_floor + "/";
    std::vector<std::string> paths;
    for (const auto& [path, object] : m_store.state()) {
      if (path.find(part) != std::string::npos) paths.push_back(path);
    }
    for (const auto& path : paths) m_store.remove(path);
  }

  const Json* find(std::string_view kind, std::string_view name) const {
    return m_store.find(path_of(kind, name));
  }

  std::vector<Json> owned(std::string_view kind, const std::string& owner_uid) const {
    const std::string prefix = kube::list_path(*known_kind(kind), k_floor) + "/";
    std::vector<Json> objects;
    for (auto at = m_store.state().lower_bound(prefix);
         at != m_store.state().end() && at->first.starts_with(prefix); ++at) {
      if (kube::is_controlled_by(*at->second, owner_uid)) objects.push_back(*at->second);
    }
    return objects;
  }

  static std::string hash_of(const Json& workload) {
    return os::sha256_hex(data::write_json(workload.at("spec").at("template"))).substr(0, 8);
  }

  static std::int64_t replicas_of(const Json& workload) {
    return data::integer_or(workload, {"spec", "replicas"}, 1);
  }

  void roll_out_deployment(Json deployment) {
    const char* const revision = "deployment.kubernetes.io/revision";
    const std::string name = kube::name_of(deployment) + "-" + hash_of(deployment);
    if (find("ReplicaSet", name) == nullptr) {
      Json made = owned_by(deployment, make_object("apps/v1", "ReplicaSet", name));
      made["metadata"].erase("uid");
      made["metadata"]["annotations"][revision] = std::to_string(m_store.revision());
      m_store.store(std::move(made));
    }
    const Json set = *find("ReplicaSet", name);
    deployment["metadata"]["annotations"][revision] =
        set.at("metadata").at("annotations").at(revision);
    for (const auto& other : owned("ReplicaSet", kube::uid_of(deployment))) {
      if (kube::uid_of(other) != kube::uid_of(set)) keep_pods(other, {});
    }
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < replicas_of(deployment); ++i)
      names.push_back(name + "-" + std::to_string(i));
    run_pods(set, deployment.at("spec").at("template"), names, {});
    Json good = make_deployment("any", replicas_of(deployment));
    set_status(std::move(deployment), std::move(good["status"]));
  }

  void roll_out_stateful_set(Json set) {
    const std::string hash = kube::name_of(set) + "-" + hash_of(set);
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < replicas_of(set); ++i)
      names.push_back(kube::name_of(set) + "-" + std::to_string(i));
    run_pods(set, set.at("spec").at("template"), names, hash);
    Json good = make_stateful_set("any", replicas_of(set));
    good["status"]["currentRevision"] = hash;
    good["status"]["updateRevision"] = hash;
    set_status(std::move(set), std::move(good["status"]));
  }

  void set_status(Json workload, Json status) {
    status["observedGeneration"] = workload.at("metadata").at("generation");
    workload["status"] = std::move(status);
    m_store.store(std::move(workload));
  }

  void keep_pods(const Json& owner, const std::vector<std::string>& names) {
    for (const auto& pod : owned("Pod", kube::uid_of(owner))) {
      if (std::find(names.begin(), names.end(), kube::name_of(pod)) == names.end())
        m_store.remove(path_of(pod));
    }
  }

  void run_pods(const Json& owner, const Json& pod_template, const std::vector<std::string>& names,
                const std::string& hash) {
    keep_pods(owner, names);
    for (const auto& name : names) {
      const Json* old = find("Pod", name);
      if (old != nullptr &&
          data::string_or(*old, {"metadata", "labels", "controller-revision-hash"}, "") == hash)
        continue;
      if (old != nullptr) m_store.remove(path_of("Pod", name));
      start_pod(owner, name, pod_template, hash);
    }
  }

  void start_pod(const Json& owner, const std::string& name, const Json& pod_template,
                 const std::string& hash) {
    Json pod = make_pod(owner, name, pod_template.at("spec"));
    pod["metadata"].erase("uid");
    if (!hash.empty()) pod = with_hash(std::move(pod), hash);
    const Json containers = pod["spec"]["containers"];
    for (std::size_t i = 0; i < containers.size(); ++i) {
      const auto image = kube::ImageRef::parse(containers[i].at("image").get<std::string>());
      auto& status = pod["status"]["containerStatuses"][i];
      status["imageID"] =
          image.repository() + "@" + (image.digest ? image.digest->text() : k_digest_a);
      status["containerID"] = "containerd://" + std::to_string(m_store.revision() + 1);
    }
    m_store.store(std::move(pod));
  }

  FakeStore& m_store;
};

}  // namespace dr::test
