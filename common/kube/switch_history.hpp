#pragma once

#include <optional>
#include <string>
#include <string_view>

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

// Everything that happened to the switch after `resource_version`, in order, for a person; what
// cannot be told is said. Measured on 1.36: a replay lists every change, the deleted and re-created
// object's too, and an empty answer says nothing. Throws no Error.
std::string describe_changes(const Kubectl& kubectl, std::string_view resource_version);

}  // namespace dr::kube
