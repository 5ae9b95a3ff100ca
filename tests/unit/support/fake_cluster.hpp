#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/os/process_runner.hpp"
#include "tests/unit/support/fake_api_server.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/fake_controllers.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/fake_store.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::test {

// An API server with its controllers, in memory, as kubectl shows it. Copies are independent
// clusters.
class FakeCluster {
 public:
  explicit FakeCluster(const os::Clock& clock) : m_store(clock) {
    put({{"apiVersion", "v1"},
         {"kind", "Namespace"},
         {"metadata", {{"name", "kube-system"}, {"uid", "cluster-a"}}}});
    put({{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", "node-1"}}}});
  }

  // A cluster in the state that those events made.
  FakeCluster(const os::Clock& clock, const std::vector<StoreEvent>& events) : m_store(clock) {
    for (const auto& event : events) m_store.replay(event);
  }

  const FakeStore& store() const { return m_store; }

  // Stored as it is, but for what every object gets; no controller looks at it.
  void put(Json object) { m_store.store(std::move(object)); }

  // Created or changed by somebody; the controllers act on it.
  void write(Json object, const std::string& writer = "somebody") {
    m_store.writer = writer;
    const Json key = object;
    m_store.store(std::move(object));
    FakeControllers(m_store).act_on(data::string_at(key, {"kind"}), kube::name_of(key));
  }

  void edit(std::string_view kind, std::string_view name, const std::function<void(Json&)>& change,
            const std::string& writer = "somebody") {
    Json object = at(kind, name);
    change(object);
    write(std::move(object), writer);
  }

  void remove(std::string_view kind, std::string_view name,
              const std::string& writer = "somebody") {
    m_store.writer = writer;
    FakeControllers(m_store).remove(kind, name);
  }

  // Lists at exactly a version before this one are refused from now on.
  void compact() { m_compacted = m_store.revision(); }

  const Json* find(std::string_view kind, std::string_view name) const {
    return m_store.find(path_of(kind, name));
  }

  const Json& at(std::string_view kind, std::string_view name) const {
    const Json* object = find(kind, name);
    if (object == nullptr) throw std::logic_error("no such object: " + std::string(name));
    return *object;
  }

  std::vector<Json> all(std::string_view kind) const {
    return items_of(m_store.state(), *known_kind(kind));
  }

  // "" when there is none.
  std::string switch_value() const {
    const Json* object = find("ConfigMap", kube::k_switch_name);
    return object == nullptr ? "" : data::string_or(*object, {"data", kube::k_switch_key}, "");
  }

  // What the switch was when the pod started.
  std::string switch_seen_by(const Json& pod) const {
    for (const auto& event : m_store.events()) {
      if (kube::uid_of(*event.object) != kube::uid_of(pod)) continue;
      const Json* object = m_store.find_at(switch_path(), event.revision);
      return object == nullptr ? "" : data::string_or(*object, {"data", kube::k_switch_key}, "");
    }
    throw std::logic_error("no such pod: " + kube::name_of(pod));
  }

  os::ProcessResult answer(const os::Command& command) {
    return FakeApiServer(m_store, m_compacted).answer(command);
  }

 private:
  FakeStore m_store;
  std::uint64_t m_compacted = 0;
};

}  // namespace dr::test
