#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/text.hpp"
#include "common/base/time.hpp"
#include "common/data/json.hpp"
#include "common/kube/image_ref.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"
#include "common/os/sha256.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::test {

inline const std::string k_floor = "trading-floor";

// The kubectl command without the pinned connection flags in front: {"get", "--raw", "/version"}.
inline std::vector<std::string> verb_and_args(const os::Command& command) {
  const auto verb = std::find_if(command.args.begin(), command.args.end(),
                                 [](const std::string& arg) { return !arg.starts_with("--"); });
  return {verb, command.args.end()};
}

// An API server with its controllers, in memory, as kubectl shows it: one revision counter, lists
// at exact old versions, fenced replaces, no-op writes that keep the version. Deployments and
// StatefulSets roll out at once: changed templates get new pods, which read the switch as it is
// then. Copies are independent clusters.
class FakeCluster {
 public:
  explicit FakeCluster(const FakeClock& clock) : m_clock(&clock) {
    put({{"apiVersion", "v1"},
         {"kind", "Namespace"},
         {"metadata", {{"name", "kube-system"}, {"uid", "cluster-a"}}}});
  }

  // Stored as it is, but for what every object gets; no controller looks at it.
  void put(Json object) { store(std::move(object)); }

  // Created or changed by somebody; the controllers act on it.
  void write(Json object) {
    const Json key = object;
    store(std::move(object));
    roll_out(key);
  }

  void edit(std::string_view kind, std::string_view name,
            const std::function<void(Json&)>& change) {
    Json object = at(kind, name);
    change(object);
    write(std::move(object));
  }

  void remove(std::string_view kind, std::string_view name) {
    m_state.erase(path_of(kind, name));
    collect_garbage();
    commit();
  }

  const Json* find(std::string_view kind, std::string_view name) const {
    const auto found = m_state.find(path_of(kind, name));
    return found == m_state.end() ? nullptr : found->second.get();
  }

  const Json& at(std::string_view kind, std::string_view name) const {
    const Json* object = find(kind, name);
    if (object == nullptr) throw std::logic_error("no such object: " + std::string(name));
    return *object;
  }

  std::vector<Json> all(std::string_view kind) const {
    return items_of(m_state, *kube::find_kind(kind));
  }

  // "" when there is none.
  std::string switch_value() const {
    const Json* object = find("ConfigMap", kube::k_switch_name);
    return object == nullptr ? "" : data::string_or(*object, {"data", kube::k_switch_key}, "");
  }

  // What the switch was when the pod started.
  const std::string& switch_seen_by(const Json& pod) const { return m_seen.at(kube::uid_of(pod)); }

  os::ProcessResult answer(const os::Command& command) {
    const auto args = verb_and_args(command);
    if (args.front() == "config") return succeeded(data::write_json(config()));
    if (args.front() == "get") return args[1] == "--raw" ? get(args[2]) : succeeded();
    if (args.front() == "patch") return patch(args);
    if (args.front() == "delete") return delete_raw(args[2], command.input);
    return write_documents(args, command.input);
  }

 private:
  using State = std::map<std::string, std::shared_ptr<const Json>>;

  static Json config() {
    return {{"current-context", "floor-context"},
            {"contexts",
             Json::array(
                 {{{"name", "floor-context"},
                   {"context",
                    {{"cluster", "floor-cluster"}, {"user", "jane"}, {"namespace", k_floor}}}}})},
            {"clusters", Json::array({{{"name", "floor-cluster"},
                                       {"cluster", {{"server", "https://floor:6443"}}}}})}};
  }

  static std::string path_of(std::string_view kind, std::string_view name) {
    return kube::object_path(*kube::find_kind(kind), k_floor, name);
  }
  static std::string path_of(const Json& object) {
    return path_of(data::string_at(object, {"kind"}), kube::name_of(object));
  }

  static std::vector<Json> items_of(const State& state, const kube::Kind& kind) {
    const std::string prefix = kube::list_path(kind, k_floor) + "/";
    std::vector<Json> items;
    for (const auto& [path, object] : state) {
      if (path.starts_with(prefix) && path.find('/', prefix.size()) == std::string::npos)
        items.push_back(*object);
    }
    return items;
  }

  // --- Storing

  void commit() {
    ++m_revision;
    m_history[m_revision] = m_state;
  }

  // False when nothing would change: the version stays.
  bool store(Json object) {
    const std::string path = path_of(object);
    const auto old = m_state.find(path);
    auto& metadata = object["metadata"];
    metadata.erase("resourceVersion");
    if (old != m_state.end()) {
      Json before = *old->second;
      before["metadata"].erase("resourceVersion");
      for (const char* kept : {"uid", "creationTimestamp", "generation"})
        metadata[kept] = before.at("metadata").at(kept);
      if (!object.contains("status") && before.contains("status"))
        object["status"] = before.at("status");
      if (object == before) return false;
      if (object.value("spec", Json()) != before.value("spec", Json()))
        metadata["generation"] = before.at("metadata").at("generation").get<int>() + 1;
    } else {
      if (!metadata.contains("uid")) metadata["uid"] = "uid-" + std::to_string(++m_uids);
      if (!metadata.contains("generation")) metadata["generation"] = 1;
      if (!metadata.contains("creationTimestamp"))
        metadata["creationTimestamp"] = rfc3339(m_clock->now());
    }
    metadata["resourceVersion"] = std::to_string(m_revision + 1);
    m_state[path] = std::make_shared<const Json>(std::move(object));
    commit();
    return true;
  }

  void collect_garbage() {
    const auto is_orphan = [this](const auto& entry) {
      const Json* owner = kube::controller_of(*entry.second);
      if (owner == nullptr) return false;
      return std::none_of(m_state.begin(), m_state.end(), [owner](const auto& other) {
        return kube::uid_of(*other.second) == data::string_at(*owner, {"uid"});
      });
    };
    while (std::erase_if(m_state, is_orphan) > 0) {
    }
  }

  // --- Controllers

  void roll_out(const Json& key) {
    const std::string kind = data::string_at(key, {"kind"});
    const Json* workload = find(kind, kube::name_of(key));
    if (workload == nullptr) return;
    if (kind == "Deployment") roll_out_deployment(*workload);
    if (kind == "StatefulSet") roll_out_stateful_set(*workload);
  }

  static std::string hash_of(const Json& workload) {
    return os::sha256_hex(data::write_json(workload.at("spec").at("template"))).substr(0, 8);
  }

  static std::int64_t replicas_of(const Json& workload) {
    return data::integer_or(workload, {"spec", "replicas"}, 1);
  }

  void roll_out_deployment(Json deployment) {
    const std::string name = kube::name_of(deployment) + "-" + hash_of(deployment);
    if (find("ReplicaSet", name) == nullptr) {
      Json set = owned_by(deployment, make_object("apps/v1", "ReplicaSet", name));
      set["metadata"].erase("uid");
      const std::string revision = std::to_string(m_revision);
      set["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = revision;
      store(std::move(set));
    }
    const Json set = at("ReplicaSet", name);
    deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] =
        set.at("metadata").at("annotations").at("deployment.kubernetes.io/revision");
    for (const auto& other : all("ReplicaSet")) {
      if (kube::is_controlled_by(other, kube::uid_of(deployment)) &&
          kube::uid_of(other) != kube::uid_of(set))
        keep_pods(other, {});
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
    store(std::move(workload));
  }

  void keep_pods(const Json& owner, const std::vector<std::string>& names) {
    for (const auto& pod : all("Pod")) {
      if (kube::is_controlled_by(pod, kube::uid_of(owner)) &&
          std::find(names.begin(), names.end(), kube::name_of(pod)) == names.end())
        remove("Pod", kube::name_of(pod));
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
      if (old != nullptr) remove("Pod", name);
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
      status["containerID"] = "containerd://" + std::to_string(++m_uids);
    }
    store(std::move(pod));
    m_seen[kube::uid_of(at("Pod", name))] = switch_value();
  }

  // --- Reading

  static os::ProcessResult not_found(const std::string& resource, const std::string& name) {
    return failed(1, "Error from server (NotFound): " + resource + " \"" + name + "\" not found\n");
  }

  os::ProcessResult get(const std::string& raw) const {
    const std::string path = raw.substr(0, raw.find('?'));
    if (path == "/version") return succeeded(R"({"gitVersion":"v1.36.3"})");
    if (const auto object = m_state.find(path); object != m_state.end())
      return succeeded(data::write_json(*object->second, -1));
    for (const auto& kind : kube::kinds()) {
      if (path == kube::list_path(kind, k_floor)) return list(kind, raw);
    }
    const auto parts = split(path, '/');
    return not_found(parts.at(parts.size() - 2), parts.back());
  }

  os::ProcessResult list(const kube::Kind& kind, const std::string& raw) const {
    std::uint64_t version = m_revision;
    constexpr std::string_view k_exact = "resourceVersion=";
    if (const auto at = raw.find(k_exact); at != std::string::npos)
      version = std::stoull(raw.substr(at + k_exact.size()));
    const auto state = m_history.find(version);
    if (state == m_history.end()) {
      return failed(1, "Error from server (Expired): The resourceVersion is too old.\n");
    }
    auto items = items_of(state->second, kind);
    for (auto& item : items) {
      item.erase("apiVersion");
      item.erase("kind");
    }
    return succeeded(data::write_json(
        {{"metadata", {{"resourceVersion", std::to_string(version)}}}, {"items", items}}, -1));
  }

  // --- Writing

  os::ProcessResult patch(const std::vector<std::string>& args) {
    const std::string& name = args.at(2);
    const Json* old = find("ConfigMap", name);
    if (old == nullptr) return not_found("configmaps", name);
    Json object = *old;
    object.merge_patch(data::read_json(*(std::find(args.begin(), args.end(), "-p") + 1), "-p"));
    if (object != *old && data::boolean_or(*old, {"immutable"}, false)) {
      return failed(1, "The ConfigMap \"" + name +
                           "\" is invalid: data: Forbidden: field is immutable when `immutable` is "
                           "set\n");
    }
    store(std::move(object));
    return succeeded("configmap/" + name + "\n");
  }

  os::ProcessResult delete_raw(const std::string& path, const std::string& input) {
    const auto found = m_state.find(path);
    const std::string name = path.substr(path.rfind('/') + 1);
    if (found == m_state.end()) return not_found("pods", name);
    const Json options = data::read_json(input, "DeleteOptions");
    if (options.at("preconditions").at("uid") != kube::uid_of(*found->second))
      return failed(1, "Error from server (Conflict): Precondition failed: UID in precondition\n");
    const Json* owner = kube::controller_of(*found->second);
    const Json key = owner == nullptr ? Json() : *owner;
    m_state.erase(found);
    commit();
    if (key.is_object())
      roll_out({{"kind", key.at("kind")}, {"metadata", {{"name", key.at("name")}}}});
    return succeeded();
  }

  os::ProcessResult write_documents(const std::vector<std::string>& args,
                                    const std::string& input) {
    os::ProcessResult result = succeeded();
    for (const auto& body : data::read_json_stream(input, "stdin")) {
      const std::string refusal = write_document(args, body);
      if (refusal.empty()) {
        roll_out(body);
        const bool json = std::find(args.begin(), args.end(), "json") != args.end();
        const auto& kind = kube::kind_of(body);
        result.out += json ? data::write_json(*find(kind.kind, kube::name_of(body)))
                           : kind.resource_name() + "/" + kube::name_of(body) + "\n";
      } else {
        result.err += "Error from server " + refusal + "\n";
        result.exit_code = 1;
      }
    }
    return result;
  }

  // What the server says against it; empty when it is written.
  std::string write_document(const std::vector<std::string>& args, Json body) {
    const auto& kind = kube::kind_of(body);
    const std::string what = std::string(kind.plural) + " \"" + kube::name_of(body) + "\"";
    if (kind.namespaced && find("Namespace", k_floor) == nullptr)
      return "(NotFound): namespaces \"" + k_floor + "\" not found";
    const Json* old = find(kind.kind, kube::name_of(body));
    if (args[0] == "create" && old != nullptr)
      return "(AlreadyExists): " + what + " already exists";
    if (args[0] == "replace" && args[1] == "--force") {
      if (old != nullptr) remove(kind.kind, kube::name_of(body));
    } else if (args[0] == "replace") {
      if (old == nullptr)
        return "(NotFound): error when replacing \"STDIN\": " + what + " not found";
      if (kube::resource_version_of(body) != kube::resource_version_of(*old) ||
          kube::uid_of(body) != kube::uid_of(*old))
        return "(Conflict): Operation cannot be fulfilled on " + what + ": modified";
    } else if (args[0] == "apply" && old != nullptr) {
      Json merged = *old;
      merged.merge_patch(body);
      body = std::move(merged);
    }
    store(std::move(body));
    return {};
  }

  const FakeClock* m_clock;
  State m_state;
  std::map<std::uint64_t, State> m_history;
  std::uint64_t m_revision = 0;
  std::uint64_t m_uids = 0;
  std::map<std::string, std::string> m_seen;  // pod uid to the switch's value when it started
};

}  // namespace dr::test
