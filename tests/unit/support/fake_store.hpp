#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/time.hpp"
#include "common/data/json.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"
#include "common/os/clock.hpp"

namespace dr::test {

inline const std::string k_floor = "trading-floor";

// The product's kinds, and what its API server has besides.
inline const std::vector<kube::Kind>& other_kinds() {
  static const auto row = [](const char* kind, const char* api_version, const char* plural,
                             bool namespaced = false) {
    return kube::Kind{
        kind, api_version, plural, "", namespaced, kube::Capture::never, kube::Wave::none, {}, {}};
  };
  static const std::vector<kube::Kind> rows = {
      row("Lease", "coordination.k8s.io/v1", "leases", true),
      row("Event", "v1", "events", true),
      row("Node", "v1", "nodes"),
      row("StorageClass", "storage.k8s.io/v1", "storageclasses"),
      row("IngressClass", "networking.k8s.io/v1", "ingressclasses"),
      row("ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1",
          "validatingwebhookconfigurations"),
      row("MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1",
          "mutatingwebhookconfigurations")};
  return rows;
}

inline const kube::Kind* known_kind(std::string_view kind) {
  for (const auto& other : other_kinds()) {
    if (other.kind == kind) return &other;
  }
  return kube::find_kind(kind);
}

inline std::string path_of(std::string_view kind, std::string_view name) {
  return kube::object_path(*known_kind(kind), k_floor, name);
}
inline std::string path_of(const Json& object) {
  return path_of(data::string_at(object, {"kind"}), kube::name_of(object));
}

inline const std::string& switch_path() {
  static const std::string path = path_of("ConfigMap", kube::k_switch_name);
  return path;
}

// One write, as a watch would report it.
struct StoreEvent {
  std::uint64_t revision;
  std::string path;
  std::shared_ptr<const Json> object;  // after it; of a deletion, the last state
  bool is_deleted = false;
  std::string writer;
  std::string time;
};

// The objects of an API server and every write that made them: one revision counter for all kinds,
// writes that change nothing keep the version. Copies are independent.
class FakeStore {
 public:
  using State = std::map<std::string, std::shared_ptr<const Json>>;

  explicit FakeStore(const os::Clock& clock) : m_clock(&clock) {}

  // Whose writes the next ones are.
  std::string writer = "somebody";

  const os::Clock& clock() const { return *m_clock; }
  const State& state() const { return m_state; }
  const std::vector<StoreEvent>& events() const { return m_events; }
  std::uint64_t revision() const { return m_events.empty() ? 0 : m_events.back().revision; }

  const Json* find(const std::string& path) const {
    const auto found = m_state.find(path);
    return found == m_state.end() ? nullptr : found->second.get();
  }

  State state_at(std::uint64_t revision) const {
    State state;
    for (const auto& event : m_events) {
      if (event.revision > revision) break;
      if (event.is_deleted) {
        state.erase(event.path);
      } else {
        state[event.path] = event.object;
      }
    }
    return state;
  }

  const Json* find_at(const std::string& path, std::uint64_t revision) const {
    for (auto event = m_events.rbegin(); event != m_events.rend(); ++event) {
      if (event->revision > revision || event->path != path) continue;
      return event->is_deleted ? nullptr : event->object.get();
    }
    return nullptr;
  }

  // False when nothing would change: the version stays.
  bool store(Json object) {
    const std::string path = path_of(object);
    const Json* old = find(path);
    auto& metadata = object["metadata"];
    metadata.erase("resourceVersion");
    metadata.erase("managedFields");
    if (old != nullptr) {
      Json before = *old;
      before["metadata"].erase("resourceVersion");
      before["metadata"].erase("managedFields");
      for (const char* kept : {"uid", "creationTimestamp", "generation"})
        metadata[kept] = before.at("metadata").at(kept);
      if (!object.contains("status") && before.contains("status"))
        object["status"] = before.at("status");
      if (object == before) return false;
      if (object.value("spec", Json()) != before.value("spec", Json()))
        metadata["generation"] = before.at("metadata").at("generation").get<int>() + 1;
    } else {
      if (!metadata.contains("uid")) metadata["uid"] = "uid-" + std::to_string(revision() + 1);
      if (!metadata.contains("generation")) metadata["generation"] = 1;
      if (!metadata.contains("creationTimestamp")) metadata["creationTimestamp"] = now();
    }
    metadata["resourceVersion"] = std::to_string(revision() + 1);
    if (path == switch_path()) metadata["managedFields"] = managed_fields(old, object);
    commit(path, std::move(object), false);
    return true;
  }

  // With all that it owns.
  void remove(const std::string& path) {
    const auto found = m_state.find(path);
    if (found == m_state.end()) return;
    Json last = *found->second;
    const std::string uid = kube::uid_of(last);
    last["metadata"]["resourceVersion"] = std::to_string(revision() + 1);
    commit(path, std::move(last), true);
    std::vector<std::string> orphans;
    for (const auto& [other, object] : m_state) {
      const Json* owner = kube::controller_of(*object);
      if (owner != nullptr && data::string_at(*owner, {"uid"}) == uid) orphans.push_back(other);
    }
    for (const auto& orphan : orphans) remove(orphan);
  }

  // An event that another copy of this store had next.
  void replay(StoreEvent event) {
    if (event.is_deleted) {
      m_state.erase(event.path);
    } else {
      m_state[event.path] = event.object;
    }
    m_events.push_back(std::move(event));
  }

 private:
  std::string now() const { return rfc3339(m_clock->now()); }

  void commit(const std::string& path, Json object, bool is_deleted) {
    replay({revision() + 1, path, std::make_shared<const Json>(std::move(object)), is_deleted,
            writer, now()});
  }

  using Field = std::vector<std::string>;  // as the API server names it: {"f:data", "f:KEY"}

  // Those that anybody writes to a ConfigMap; a map is a field of its own.
  static std::map<Field, Json> fields_of(const Json& object) {
    std::map<Field, Json> fields;
    const auto add = [&](Field parent, const Json& holder, const char* member) {
      if (!holder.contains(member)) return;
      parent.push_back(std::string("f:") + member);
      const Json& value = holder.at(member);
      if (!value.is_object()) fields[parent] = value;
      if (!value.is_object()) return;
      parent.emplace_back(".");
      fields[parent] = nullptr;
      for (const auto& [name, one] : value.items()) {
        parent.back() = "f:" + name;
        fields[parent] = one;
      }
    };
    add({}, object, "data");
    add({}, object, "immutable");
    add({"f:metadata"}, object.at("metadata"), "labels");
    add({"f:metadata"}, object.at("metadata"), "annotations");
    return fields;
  }

  static Json nested(const std::vector<Field>& fields) {
    Json result = Json::object();
    for (const auto& field : fields) {
      Json* at = &result;
      for (const auto& part : field) at = &(*at)[part];
      *at = Json::object();
    }
    // Of a map that is owned without a member the server leaves out the dot.
    for (auto& [name, members] : result.items()) {
      if (members == Json{{".", Json::object()}}) members = Json::object();
    }
    return result;
  }

  // Who owns what since when: the writer takes what it changed, and its entry gets the time of the
  // write; entries of others keep theirs (measured on 1.36).
  Json managed_fields(const Json* old, const Json& object) const {
    const auto before = old == nullptr ? std::map<Field, Json>{} : fields_of(*old);
    std::map<std::string, std::string> times;
    if (old != nullptr) {
      for (const auto& entry : (*old)["metadata"]["managedFields"])
        times[data::string_at(entry, {"manager"})] = data::string_at(entry, {"time"});
    }
    times[writer] = now();
    std::map<std::string, std::vector<Field>> owned;
    for (const auto& [field, value] : fields_of(object)) {
      const auto known = before.find(field);
      const bool is_kept = known != before.end() && known->second == value;
      owned[is_kept ? owner_of(*old, field) : writer].push_back(field);
    }
    Json entries = Json::array();
    for (const auto& [manager, fields] : owned) {
      entries.push_back({{"manager", manager},
                         {"operation", "Update"},
                         {"apiVersion", "v1"},
                         {"time", times.at(manager)},
                         {"fieldsType", "FieldsV1"},
                         {"fieldsV1", nested(fields)}});
    }
    return entries;
  }

  static std::string owner_of(const Json& object, const Field& field) {
    for (const auto& entry : object.at("metadata").at("managedFields")) {
      const Json* at = &entry.at("fieldsV1");
      if (field.size() == 2 && field.back() == "." && at->contains(field.front()) &&
          at->at(field.front()).empty())
        return data::string_at(entry, {"manager"});
      for (const auto& part : field)
        at = at != nullptr && at->contains(part) ? &at->at(part) : nullptr;
      if (at != nullptr) return data::string_at(entry, {"manager"});
    }
    throw std::logic_error("nobody owns " + field.back());
  }

  const os::Clock* m_clock;
  State m_state;
  std::vector<StoreEvent> m_events;
};

}  // namespace dr::test
