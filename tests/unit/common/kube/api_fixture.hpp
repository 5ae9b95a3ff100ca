#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/kubectl.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::test {

inline const std::string k_core_path = "/api/v1/namespaces/trading-floor/";
inline const std::string k_switch_path = k_core_path + "configmaps/agenttrader-kill-switch";

inline Json switch_with(const Json& value) {
  Json object = make_object("v1", "ConfigMap", "agenttrader-kill-switch");
  object["metadata"]["creationTimestamp"] = "2026-01-02T03:00:00Z";
  object["data"]["EXECUTION_HALTED"] = value;
  return object;
}

// A raw list: its items have no type of their own.
inline Json raw_list(std::vector<Json> items, const std::string& version) {
  for (Json& item : items) {
    item.erase("apiVersion");
    item.erase("kind");
  }
  return {{"metadata", {{"resourceVersion", version}}}, {"items", std::move(items)}};
}

inline Json kubeconfig_of(const std::string& context, const std::string& ns) {
  return {{"current-context", context},
          {"contexts",
           Json::array({{{"name", context},
                         {"context", {{"cluster", "c1"}, {"user", "jane"}, {"namespace", ns}}}}})},
          {"clusters",
           Json::array({{{"name", "c1"}, {"cluster", {{"server", "https://10.0.0.1:6443"}}}}})}};
}

// The words of a command after the connection flags: {"get", "--raw", path}.
inline std::vector<std::string> words_of(const os::Command& command) {
  std::vector<std::string> words = command.args;
  while (!words.empty() && words.front().starts_with("--")) words.erase(words.begin());
  return words;
}

// A cluster behind a real Kubectl in context "prod", namespace trading-floor: GETs are answered by
// their path (NotFound where nothing is put), writes by `on_write`.
class FakeApi {
 public:
  FakeApi() : m_kubectl(connect()) {
    m_runner.handler = [this](const os::Command& command) { return answer(command); };
  }
  FakeApi(const FakeApi&) = delete;
  FakeApi& operator=(const FakeApi&) = delete;

  std::function<os::ProcessResult(const os::Command&)> on_write;
  // Answers before the paths do, unless it returns an exit code of -1.
  std::function<os::ProcessResult(const std::string& path)> on_read;

  void put(const std::string& path, const Json& value) {
    m_answers[path] = succeeded(data::write_json(value));
  }
  void answer_with(const std::string& path, os::ProcessResult result) {
    m_answers[path] = std::move(result);
  }
  void refuse(const std::string& path, const std::string& words) {
    m_answers[path] = failed(1, words);
  }

  const kube::Kubectl& kubectl() const { return m_kubectl; }
  FakeProcessRunner& runner() { return m_runner; }
  const std::vector<std::string>& reads() const { return m_reads; }
  const std::vector<os::Command>& writes() const { return m_writes; }

 private:
  kube::Kubectl connect() {
    m_runner.push(succeeded(data::write_json(kubeconfig_of("prod", "trading-floor"))));
    return {m_runner, os::Environment({}), "/usr/bin/kubectl", {}};
  }

  os::ProcessResult answer(const os::Command& command) {
    const std::vector<std::string> words = words_of(command);
    if (words.front() == "api-resources") return m_answers.at(words.front());
    if (words.front() != "get") {
      m_writes.push_back(command);
      return on_write(command);
    }
    const std::string& path = words.back();
    m_reads.push_back(path);
    if (on_read) {
      if (os::ProcessResult result = on_read(path); result.exit_code != -1) return result;
    }
    const auto found = m_answers.find(path);
    if (found != m_answers.end()) return found->second;
    return failed(1, "Error from server (NotFound): the server could not find " + path + "\n");
  }

  FakeProcessRunner m_runner;
  kube::Kubectl m_kubectl;
  std::map<std::string, os::ProcessResult> m_answers;
  std::vector<std::string> m_reads;
  std::vector<os::Command> m_writes;
};

}  // namespace dr::test
