#pragma once

#include <string>

#include "common/data/json.hpp"
#include "tests/unit/support/floor_builder.hpp"

// Containers that take the switch in one way each, and pod specs of them.
namespace dr::test {

inline const Json k_env = Json::parse(R"({"env": [{"name": "EXECUTION_HALTED", "valueFrom":
  {"configMapKeyRef": {"name": "agenttrader-kill-switch", "key": "EXECUTION_HALTED"}}}]})");
inline const Json k_env_from =
    Json::parse(R"({"envFrom": [{"configMapRef": {"name": "agenttrader-kill-switch"}}]})");
inline const Json k_mount =
    Json::parse(R"({"volumeMounts": [{"name": "switch", "mountPath": "/etc/switch"}]})");
inline const Json k_file_env =
    Json::parse(R"({"env": [{"name": "EXECUTION_HALTED_FILE", "value": "/etc/switch/x"}]})");
inline const Json k_volume =
    Json::parse(R"({"name": "switch", "configMap": {"name": "agenttrader-kill-switch"}})");

inline Json literal(const std::string& value) {
  return {{"env", Json::array({{{"name", "EXECUTION_HALTED"}, {"value", value}}})}};
}

// A pod spec with one container "web", and the volume "switch".
inline Json spec_with(const Json& container, const Json& volume = k_volume) {
  Json spec = {{"containers", Json::array({make_container("web", "web:1")})},
               {"volumes", Json::array({volume})}};
  spec["containers"][0].update(container);
  return spec;
}

}  // namespace dr::test
