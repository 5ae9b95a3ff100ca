#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::kube {

// One change of ConfigMap/agenttrader-kill-switch, as the API server's watch reports it.
struct SwitchEvent {
  enum class Type { added, modified, deleted, lost };
  Type type = Type::lost;  // lost: the server no longer keeps the changes that were asked for
  std::optional<std::string> value;  // of EXECUTION_HALTED; nullopt: no such key
  std::string uid;
  std::string manager;  // who wrote the value last, by the object's managedFields; may be empty
  std::string time;     // RFC 3339, of that write; may be empty

  bool halts() const;
};

// One line of a watch. A line that is no watch event is `lost`: nothing can be told from it.
SwitchEvent switch_event(std::string_view line);

// The path of a watch of the switch that starts right after `resource_version` (empty: with the
// present state), with the options given ("&timeoutSeconds=1").
std::string switch_watch_path(std::string_view ns, std::string_view resource_version,
                              std::string_view options = {});

// "EXECUTION_HALTED=\"0\" by kubectl-edit at 2026-11-24T12:00:00Z", for a person.
std::string describe(const SwitchEvent& event);

// What happened to the switch after a version of it, in order.
struct SwitchReplay {
  std::vector<SwitchEvent> events;
  std::string unknown;  // why it could not be read; empty when it was
};

// Measured on 1.36: a replay lists every change, the deleted and re-created object's too. An empty
// one says nothing: a version of the future gives the same. Throws no Error.
SwitchReplay replay_switch(const Kubectl& kubectl, std::string_view resource_version);

// For a person; what cannot be told is said.
std::string describe(const SwitchReplay& replay);

}  // namespace dr::kube
