#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "tests/faults/restores/oracle.hpp"

// What the cluster really is: whether it is as the LKG has it, and who knows that trading is
// halted.
namespace dr::test {
namespace {

const std::string k_switch_name = "agenttrader-kill-switch";
const std::string k_switch_key = "EXECUTION_HALTED";

// --- Equality with the LKG

void drop_empty(Json& parent, const char* member) {
  if (parent.contains(member) && parent.at(member).empty()) parent.erase(member);
}

// What of an object is the user's.
Json essence_of(Json object) {
  object.erase("status");
  auto& metadata = object["metadata"];
  for (const char* own :
       {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "namespace"})
    metadata.erase(own);
  if (metadata.contains("annotations"))
    metadata["annotations"].erase("deployment.kubernetes.io/revision");
  drop_empty(metadata, "annotations");
  drop_empty(metadata, "labels");
  if (Json* pod_template = kube::pod_template_of(object);
      pod_template != nullptr && data::has(*pod_template, {"metadata", "annotations"})) {
    (*pod_template)["metadata"]["annotations"].erase("agenttrader.dev/restore-id");
    drop_empty((*pod_template)["metadata"], "annotations");
  }
  // Programs rewrite it all the time (the LKG says so).
  if (kube::name_of(object).starts_with("agenttrader-heartbeat-")) object.erase("data");
  return object;
}

bool is_users(const Json& object) {
  static const std::set<std::string> derived = {"Pod", "ReplicaSet", "ControllerRevision", "Lease"};
  return !derived.contains(data::string_at(object, {"kind"})) &&
         kube::name_of(object) != "kube-system";
}

// --- What an application knows

constexpr std::array<std::string_view, 2> k_value_names = {"EXECUTION_HALTED", "EXEC_KILL_SWITCH"};
constexpr std::array<std::string_view, 2> k_file_names = {"EXECUTION_HALTED_FILE",
                                                          "EXEC_KILL_SWITCH_FILE"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool halts(const std::string& value) {
  return value == "1" || value == "true" || value == "yes" || value == "on";
}

// What one container of a pod took when it started, and what its mounted file says now.
class Application {
 public:
  Application(const FakeStore& store, const Json& pod, const Json& container)
      : m_pod(pod), m_container(container) {
    const std::string path = path_of(pod);
    std::string id;
    for (const auto& event : store.events()) {
      if (event.path != path || event.is_deleted) continue;
      const auto now = container_id(*event.object);
      if (!m_started || now != id) {
        const Json* object = store.find_at(switch_path(), event.revision);
        m_started = object == nullptr ? Json::object() : object->value("data", Json::object());
      }
      id = now;
    }
    if (const Json* object = store.find(switch_path()))
      m_now = object->value("data", Json::object());
  }

  bool takes_switch() const { return m_takes; }

  bool is_halted() {
    bool halted = false;
    std::map<std::string, std::string> environment;
    for (const auto& source : data::array_or_empty(m_container, {"envFrom"})) {
      if (data::string_or(source, {"configMapRef", "name"}, "") != k_switch_name) continue;
      m_takes = true;
      for (const auto& [key, value] : m_started->items())
        environment[data::string_or(source, {"prefix"}, "") + key] = value.get<std::string>();
    }
    for (const auto& variable : data::array_or_empty(m_container, {"env"})) {
      const auto& name = data::string_at(variable, {"name"});
      const Json* reference = data::find(variable, {"valueFrom", "configMapKeyRef"});
      if (reference == nullptr) {
        environment[name] = data::string_or(variable, {"value"}, "");
      } else if (data::string_or(*reference, {"name"}, "") == k_switch_name) {
        environment[name] = m_started->value(data::string_at(*reference, {"key"}), "");
      }
    }
    for (const auto& [name, value] : environment) {
      if (is_one_of(k_value_names, name)) {
        m_takes = true;
        halted = halted || halts(value);
      }
      if (is_one_of(k_file_names, name)) {
        m_takes = true;
        halted = halted || halts(content_of(value));
      }
    }
    return halted;
  }

 private:
  std::string container_id(const Json& pod) const {
    for (const auto& status : data::array_or_empty(pod, {"status", "containerStatuses"})) {
      if (data::string_at(status, {"name"}) == data::string_at(m_container, {"name"}))
        return data::string_or(status, {"containerID"}, "");
    }
    return {};
  }

  // A file of the switch that is mounted there; "" when there is none. The kubelet may be late, so
  // a mounted file counts only when what it was at the start and what the switch is now agree.
  std::string content_of(const std::string& file) const {
    for (const auto& mount : data::array_or_empty(m_container, {"volumeMounts"})) {
      if (!file.starts_with(data::string_at(mount, {"mountPath"}))) continue;
      for (const auto& volume : data::array_or_empty(m_pod, {"spec", "volumes"})) {
        if (data::string_at(volume, {"name"}) != data::string_at(mount, {"name"}) ||
            data::string_or(volume, {"configMap", "name"}, "") != k_switch_name)
          continue;
        const std::string at_start = m_started->value(k_switch_key, "");
        const bool is_frozen = data::has(mount, {"subPath"});
        return is_frozen || m_now.value(k_switch_key, "") == at_start ? at_start : "";
      }
    }
    // No volume brings the file: the floor's owner takes a start with the switch at "1" for halted
    // (docs/safety.md, "The application").
    return m_started->value(k_switch_key, "");
  }

  const Json& m_pod;
  const Json& m_container;
  std::optional<Json> m_started;  // the switch's data then
  Json m_now = Json::object();
  bool m_takes = false;
};

}  // namespace

std::string difference_from(const FakeStore& store, const FakeStore& reference) {
  for (const auto& [path, wanted] : reference.state()) {
    if (!is_users(*wanted)) continue;
    const Json* live = store.find(path);
    if (live == nullptr) return path + " is missing";
    if (essence_of(*live) != essence_of(*wanted)) return path + " differs";
  }
  return {};
}

std::vector<std::string> trading_containers(const FakeStore& store) {
  std::vector<std::string> names;
  const std::string prefix = kube::list_path(*known_kind("Pod"), k_floor) + "/";
  for (const auto& [path, pod] : store.state()) {
    if (!path.starts_with(prefix)) continue;
    for (const auto& container : data::array_or_empty(*pod, {"spec", "containers"})) {
      Application application(store, *pod, container);
      const bool is_halted = application.is_halted();
      if (application.takes_switch() && !is_halted)
        names.push_back(kube::name_of(*pod) + "/" + data::string_at(container, {"name"}));
    }
  }
  return names;
}

}  // namespace dr::test
