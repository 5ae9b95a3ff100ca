#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/kube/kill_switch.hpp"
#include "tests/unit/common/kube/api_fixture.hpp"

namespace dr::test {

// A cluster that holds the switch, as 1.36 was measured to treat it, and an adversary's hooks. Its
// destructor checks the one rule: no body or patch ever carried another value than "1".
class SwitchModel {
 public:
  explicit SwitchModel(std::optional<Json> live) : m_live(std::move(live)) {
    m_api.on_write = [this](const os::Command& command) { return write(command); };
    m_api.on_read = [this](const std::string& path) {
      if (path.find("watch=true") != std::string::npos) return succeeded(events);
      return path == k_switch_path ? read() : os::ProcessResult{};
    };
  }
  SwitchModel(const SwitchModel&) = delete;
  SwitchModel& operator=(const SwitchModel&) = delete;
  ~SwitchModel() {
    for (const Json& body : m_bodies) {
      if (body.at("kind") == "Namespace") continue;
      EXPECT_EQ(body.at("data").at("EXECUTION_HALTED"), Json("1")) << body;
    }
  }

  bool has_namespace = true;
  std::function<void()> before_write;              // the adversary's move before each write
  std::function<void()> before_read;               // and before each read
  std::optional<os::ProcessResult> refused_write;  // writes have no effect and end so
  std::optional<os::ProcessResult> lost_reply;     // writes have their effect and end so
  std::optional<os::ProcessResult> broken_read;    // reads end so
  std::string events;                              // what a watch of the switch replays

  kube::KillSwitch kill_switch() const { return kube::KillSwitch(m_api.kubectl()); }
  const std::optional<Json>& live() const { return m_live; }
  std::string value() const {
    return m_live ? m_live->at("data").at("EXECUTION_HALTED").get<std::string>() : "absent";
  }
  const std::vector<Json>& bodies() const { return m_bodies; }
  FakeApi& api() { return m_api; }

  // What someone else does to the switch; each gives it a new resourceVersion.
  void set(const Json& value) {
    edit([&](Json& object) { object["data"]["EXECUTION_HALTED"] = value; });
  }
  void edit(const std::function<void(Json&)>& change) {
    change(*m_live);
    (*m_live)["metadata"]["resourceVersion"] = std::to_string(++m_version);
  }
  void remove() { m_live.reset(); }
  void recreate(Json object) {
    object["metadata"]["uid"] = "uid-" + std::to_string(++m_version);
    object["metadata"]["resourceVersion"] = std::to_string(m_version);
    m_live = std::move(object);
  }

 private:
  os::ProcessResult read() {
    if (before_read) before_read();
    if (broken_read) return *broken_read;
    if (!has_namespace)
      return failed(1, "Error from server (NotFound): namespaces \"trading-floor\" not found\n");
    if (!m_live) return not_found();
    Json object = *m_live;
    object.erase("kind");
    object.erase("apiVersion");
    return succeeded(data::write_json(object));
  }

  os::ProcessResult write(const os::Command& command) {
    const std::vector<std::string> words = words_of(command);
    const bool patch = words.front() == "patch";
    m_bodies.push_back(data::read_json(
        patch ? *(std::find(words.begin(), words.end(), "-p") + 1) : command.input, "written"));
    if (patch) m_bodies.back()["kind"] = "patch";
    if (before_write) before_write();
    if (refused_write) return *refused_write;
    os::ProcessResult result = take(words, m_bodies.back());
    return lost_reply ? *lost_reply : result;
  }

  os::ProcessResult take(const std::vector<std::string>& words, const Json& body) {
    if (body.at("kind") == "Namespace") {
      has_namespace = true;
      return succeeded("namespace/trading-floor\n");
    }
    const std::string& verb = words.front();
    const bool force = std::find(words.begin(), words.end(), "--force") != words.end();
    if (!has_namespace && verb != "patch")
      return failed(1,
                    "Error from server (NotFound): error when creating \"STDIN\": namespaces "
                    "\"trading-floor\" not found\n");
    if (verb == "create" && m_live)
      return failed(1,
                    "Error from server (AlreadyExists): error when creating \"STDIN\": configmaps "
                    "\"agenttrader-kill-switch\" already exists\n");
    if (verb == "create" || force) {
      recreate(body);
      return succeeded("configmap/agenttrader-kill-switch\n");
    }
    if (!m_live || !has_namespace) return not_found();
    return verb == "patch" ? patch_with(body) : replace_with(body);
  }

  os::ProcessResult patch_with(const Json& body) {
    const Json& value = body.at("data").at("EXECUTION_HALTED");
    if (m_live->contains("data") && m_live->at("data").value("EXECUTION_HALTED", Json()) == value)
      return succeeded("configmap/agenttrader-kill-switch\n");
    if (m_live->value("immutable", false))
      return failed(1,
                    "The ConfigMap \"agenttrader-kill-switch\" is invalid: data: Forbidden: field "
                    "is immutable when `immutable` is set\n");
    set(value);
    return succeeded("configmap/agenttrader-kill-switch\n");
  }

  os::ProcessResult replace_with(const Json& body) {
    if (body.at("metadata").at("resourceVersion") != m_live->at("metadata").at("resourceVersion"))
      return failed(1,
                    "Error from server (Conflict): error when replacing \"STDIN\": Operation "
                    "cannot be fulfilled on configmaps \"agenttrader-kill-switch\": the object has "
                    "been modified\n");
    edit([&](Json& object) { object = body; });
    return succeeded(data::write_json(*m_live));  // it is sent with -o json
  }

  static os::ProcessResult not_found() {
    return failed(1,
                  "Error from server (NotFound): configmaps \"agenttrader-kill-switch\" not "
                  "found\n");
  }

  FakeApi m_api;
  std::optional<Json> m_live;
  std::vector<Json> m_bodies;
  int m_version = 100;
};

}  // namespace dr::test
