#include "tests/faults/restores/oracle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "common/base/error.hpp"
#include "tests/unit/support/fake_api_server.hpp"

namespace dr::test {
namespace {

constexpr int k_unsafe = 5;
const std::string k_switch_name = "agenttrader-kill-switch";
const std::string k_switch_key = "EXECUTION_HALTED";
const std::string k_safety_name = "agenttrader-safety";
const std::string k_safety_key = "KILL_SWITCH";

// --- What a call is

bool is_named(const Json& body, std::string_view kind, std::string_view name) {
  return data::string_or(body, {"kind"}, "") == kind &&
         data::string_or(body, {"metadata", "name"}, "") == name;
}

bool is_switch_patch(const CallRecord& call) {
  return call.args.front() == "patch" && call.args.size() > 2 && call.args[1] == "configmap" &&
         (call.args[2] == k_switch_name || call.args[2] == k_safety_name);
}

template <typename Predicate>
bool all_bodies(const CallRecord& call, Predicate predicate) {
  return !call.bodies.empty() && std::all_of(call.bodies.begin(), call.bodies.end(), predicate);
}

bool is_namespace_creation(const CallRecord& call) {
  return call.args.front() == "create" && all_bodies(call, [](const Json& body) {
           return data::string_or(body, {"kind"}, "") == "Namespace";
         });
}

// The claim that one restore runs at a time says nothing about the floor.
bool is_lease_write(const CallRecord& call) {
  if (call.args.front() == "delete")
    return call.args.size() > 2 && call.args[2].find("/leases/") != std::string::npos;
  return is_mutation(call) && all_bodies(call, [](const Json& body) {
           return data::string_or(body, {"kind"}, "") == "Lease";
         });
}

bool is_floor_write(const CallRecord& call) {
  return is_mutation(call) && !is_switch_write(call) && !is_lease_write(call);
}

// The answer shows the switch, whole, at "1" and not on its way out.
bool is_good_read(const CallRecord& call) {
  if (!is_switch_read(call) || !call.answer || !call.answer->ok()) return false;
  try {
    const Json object = data::read_json(call.answer->out, "answer");
    return data::string_or(object, {"data", k_switch_key}, "") == "1" &&
           !data::has(object, {"metadata", "deletionTimestamp"});
  } catch (const Error&) {
    return false;
  }
}

std::string stage_of(const CallRecord& call) {
  if (call.args.front() == "delete") return "pods";
  const auto* kind = known_kind(data::string_at(call.bodies.at(0), {"kind"}));
  return std::string(kube::name_of(kind->wave));
}

// --- T1

// Every member of that name, wherever it is, has that value.
bool all_say(const Json& value, const std::string& name, const std::string& wanted) {
  if (value.is_array()) {
    return std::all_of(value.begin(), value.end(),
                       [&](const Json& one) { return all_say(one, name, wanted); });
  }
  if (!value.is_object()) return true;
  return std::all_of(value.items().begin(), value.items().end(), [&](const auto& member) {
    if (member.key() == name) return member.value() == wanted;
    return all_say(member.value(), name, wanted);
  });
}

// --- T6

// The switch as that event left it: "1", another value, or nothing at all.
std::optional<std::string> value_after(const StoreEvent& event) {
  if (event.is_deleted) return std::nullopt;
  return data::string_or(*event.object, {"data", k_switch_key}, "");
}

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
    return {};
  }

  const Json& m_pod;
  const Json& m_container;
  std::optional<Json> m_started;  // the switch's data then
  Json m_now = Json::object();
  bool m_takes = false;
};

// --- The judge of one run

class Judge {
 public:
  Judge(const FakeStore& store, std::span<const CallRecord> calls, const Ending& ending,
        const FakeStore& reference)
      : m_store(store), m_calls(calls), m_ending(ending), m_reference(reference) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (is_switch_write(calls[i])) m_last_halt = i;
      if (is_floor_write(calls[i])) m_last_write = i;
      if (is_switch_read(calls[i])) m_last_read = i;
      if (!is_good_read(calls[i])) continue;
      m_last_good = i;
      if (m_last_halt && !m_first_good) m_first_good = i;
    }
  }

  std::vector<Breach> breaches() {
    t1_bodies();
    t2_halt_first();
    t3_read_between_stages();
    t6_switch_stays();
    if (m_ending.was_killed) return std::move(m_breaches);
    if (m_ending.code == 0) {
      t4_halt_last();
      t7_everybody_knows();
    }
    t5_failures();
    t9_report();
    return std::move(m_breaches);
  }

 private:
  void breach(int invariant, std::string what) {
    m_breaches.push_back({invariant, std::move(what)});
  }

  void t1_bodies() {
    for (std::size_t i = 0; i < m_calls.size(); ++i) {
      for (const auto& body : m_calls[i].bodies) {
        if (!all_say(body, k_switch_key, "1") || !all_say(body, k_safety_key, "true"))
          breach(1, fmt::format("call {} sends another value than the halting one", i));
      }
    }
  }

  void t2_halt_first() {
    const std::size_t halted = m_first_good.value_or(m_calls.size());
    for (std::size_t i = 0; i < halted; ++i) {
      const auto& call = m_calls[i];
      if (is_mutation(call) && !is_switch_write(call) && !is_namespace_creation(call))
        breach(2, fmt::format("call {} writes before the halt was read back", i));
    }
  }

  void t3_read_between_stages() {
    std::string last;
    bool was_read = true;
    for (std::size_t i = m_first_good.value_or(m_calls.size()); i < m_calls.size(); ++i) {
      const auto& call = m_calls[i];
      was_read = was_read || is_good_read(call);
      if (!is_floor_write(call)) continue;
      const std::string stage = stage_of(call);
      if (!last.empty() && stage != last && !was_read) {
        breach(3, fmt::format("call {} writes {} after {} without a read-back between", i, stage,
                              last));
      }
      last = stage;
      was_read = false;
    }
  }

  void t4_halt_last() {
    if (!m_last_halt || !m_last_read || *m_last_read < *m_last_halt ||
        !is_good_read(m_calls[*m_last_read])) {
      breach(4, "exit 0 without a last halt and its read-back");
    } else if (m_last_write && *m_last_write > *m_last_halt) {
      breach(4, fmt::format("call {} writes after the last halt", *m_last_write));
    }
  }

  void t5_failures() {
    if (m_ending.code == 0) {
      if (const auto what = difference_from(m_store, m_reference); !what.empty())
        breach(5, "exit 0, but " + what);
      return;
    }
    // Up to the identification of the cluster there is nothing to halt.
    constexpr std::size_t k_identify = 8;
    const bool wrote = std::any_of(m_calls.begin(), m_calls.end(),
                                   [](const CallRecord& call) { return is_mutation(call); });
    if (!wrote && m_calls.size() <= k_identify) return;
    if (!m_last_halt || (m_last_write && *m_last_write > *m_last_halt))
      breach(5, "it failed without a last halt");
  }

  void t6_switch_stays() {
    if (!m_first_good || m_calls.empty()) return;
    const std::uint64_t halted = m_calls[*m_first_good].began;
    const std::uint64_t looked = m_calls[*m_last_good].began;
    bool was_unhalted = false;
    std::optional<std::string> before = "1";
    for (const auto& event : m_store.events()) {
      if (event.path != switch_path() || event.revision <= halted) continue;
      const auto value = value_after(event);
      if (value != "1") {
        if (event.writer != k_adversary && before == "1")
          breach(6, "the switch left \"1\" by " + event.writer);
        was_unhalted = was_unhalted || (event.writer == k_adversary && event.revision <= looked);
      }
      before = value;
    }
    if (was_unhalted && !m_ending.was_killed && m_ending.code != k_unsafe)
      breach(6, fmt::format("the switch moved, and the exit code is {}", m_ending.code));
  }

  void t7_everybody_knows() {
    for (const auto& name : trading_containers(m_store))
      breach(7, "exit 0, but " + name + " does not know that it is halted");
  }

  void t9_report() {
    if (!m_ending.claims_halted) {
      if (m_last_halt && m_ending.code != k_unsafe)
        breach(9, fmt::format("the halt is not claimed, and the exit code is {}", m_ending.code));
      return;
    }
    const bool was_read = m_last_read && is_good_read(m_calls[*m_last_read]);
    if (!was_read || (m_last_halt && *m_last_read < *m_last_halt)) {
      breach(9, "a halt is claimed that was not read");
      return;
    }
    const Json* object = m_store.find_at(switch_path(), m_calls[*m_last_read].began);
    if (object == nullptr || data::string_or(*object, {"data", k_switch_key}, "") != "1")
      breach(9, "a halt is claimed that was not there");
  }

  const FakeStore& m_store;
  std::span<const CallRecord> m_calls;
  const Ending& m_ending;
  const FakeStore& m_reference;
  // Indexes of calls: writes and reads of the switch, writes of the floor.
  std::optional<std::size_t> m_last_halt, m_last_write, m_last_read, m_first_good, m_last_good;
  std::vector<Breach> m_breaches;
};

}  // namespace

CallRecord record_of(const os::Command& command) {
  CallRecord record;
  record.args = verb_and_args(command);
  record.input = command.input;
  if (!command.input.empty()) record.bodies = data::read_json_stream(command.input, "stdin");
  for (std::size_t i = 0; i + 1 < record.args.size(); ++i) {
    if (record.args[i] == "-p") record.bodies.push_back(data::read_json(record.args[i + 1], "-p"));
  }
  return record;
}

bool is_mutation(const CallRecord& call) {
  return call.args.front() != "get" && call.args.front() != "config";
}

bool is_switch_write(const CallRecord& call) {
  if (!is_mutation(call)) return false;
  return is_switch_patch(call) || all_bodies(call, [](const Json& body) {
           return is_named(body, "ConfigMap", k_switch_name);
         });
}

bool is_switch_read(const CallRecord& call) {
  return call.args.front() == "get" && call.args.back() == switch_path();
}

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

std::vector<Breach> judge(const FakeStore& store, std::span<const CallRecord> calls,
                          const Ending& ending, const FakeStore& reference) {
  return Judge(store, calls, ending, reference).breaches();
}

}  // namespace dr::test
