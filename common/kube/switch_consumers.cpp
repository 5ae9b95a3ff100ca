#include "common/kube/switch_consumers.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "common/kube/kill_switch.hpp"

namespace dr::kube {
namespace {

constexpr std::array<std::string_view, 2> k_value_names = {"EXECUTION_HALTED", "EXEC_KILL_SWITCH"};
constexpr std::array<std::string_view, 2> k_file_names = {"EXECUTION_HALTED_FILE",
                                                          "EXEC_KILL_SWITCH_FILE"};
constexpr std::array<std::string_view, 4> k_halting = {"1", "true", "yes", "on"};
constexpr std::array<std::string_view, 2> k_container_lists = {"initContainers", "containers"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool halts(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return is_one_of(k_halting, value);
}

bool names_switch(const Json& source) {
  return data::string_or(source, {"name"}, "") == k_switch_name;
}

// A ConfigMap volume source holds all keys, or those of its items at paths of their own.
std::optional<std::string> path_of_switch(const Json* source) {
  if (source == nullptr || !names_switch(*source)) return std::nullopt;
  const auto& items = data::array_or_empty(*source, {"items"});
  if (items.empty()) return std::string(k_switch_key);
  for (const auto& item : items) {
    if (data::string_or(item, {"key"}, "") == k_switch_key)
      return data::string_or(item, {"path"}, k_switch_key);
  }
  return std::nullopt;
}

// Volumes of the pod that hold the switch, plain or projected: name to the switch's path in them.
std::map<std::string, std::string> switch_volumes(const Json& pod_spec) {
  std::map<std::string, std::string> paths;
  for (const auto& volume : data::array_or_empty(pod_spec, {"volumes"})) {
    auto path = path_of_switch(data::find(volume, {"configMap"}));
    for (const auto& source : data::array_or_empty(volume, {"projected", "sources"})) {
      if (!path) path = path_of_switch(data::find(source, {"configMap"}));
    }
    if (path) paths.emplace(data::string_at(volume, {"name"}), *path);
  }
  return paths;
}

struct FixedWays {
  std::optional<std::string> named_file;
  std::optional<bool> literal;  // it has one; whether it halts
};

// Of several variables of one name the last one counts, and env goes before envFrom (k8s).
std::map<std::string, const Json*> effective_env(const Json& container) {
  std::map<std::string, const Json*> variables;
  for (const auto& variable : data::array_or_empty(container, {"env"}))
    variables[data::string_or(variable, {"name"}, "")] = &variable;
  return variables;
}

void add_variables(const Json& container, std::vector<SwitchConsumer>& consumers,
                   FixedWays& fixed) {
  const std::string& name = data::string_at(container, {"name"});
  const auto variables = effective_env(container);
  for (const auto& [variable_name, variable] : variables) {
    const Json* reference = data::find(*variable, {"valueFrom", "configMapKeyRef"});
    if (reference != nullptr && names_switch(*reference) &&
        data::string_or(*reference, {"key"}, "") == k_switch_key) {
      consumers.push_back({name, SwitchWay::env, variable_name});
    } else if (is_one_of(k_value_names, variable_name)) {
      // A reference to something else than the switch has no value here, and is never known to
      // halt.
      fixed.literal =
          fixed.literal.value_or(false) || halts(data::string_or(*variable, {"value"}, ""));
    }
    if (is_one_of(k_file_names, variable_name))
      fixed.named_file = data::string_or(*variable, {"value"}, "");
  }
  for (const auto& source : data::array_or_empty(container, {"envFrom"})) {
    const Json* reference = data::find(source, {"configMapRef"});
    const std::string variable_name =
        data::string_or(source, {"prefix"}, "") + std::string(k_switch_key);
    if (reference != nullptr && names_switch(*reference) &&
        is_one_of(k_value_names, variable_name) && !variables.contains(variable_name))
      consumers.push_back({name, SwitchWay::env_from, variable_name});
  }
}

// The application halts when its variable or its file says so: one way that follows the switch is
// enough, and a literal or a file that is not there matters only without one.
void add_container(const Json& container, const std::map<std::string, std::string>& volumes,
                   std::vector<SwitchConsumer>& consumers) {
  const std::string& name = data::string_at(container, {"name"});
  const auto before = consumers.size();
  FixedWays fixed;
  add_variables(container, consumers, fixed);
  for (const auto& mount : data::array_or_empty(container, {"volumeMounts"})) {
    const auto volume = volumes.find(data::string_or(mount, {"name"}, ""));
    if (volume == volumes.end()) continue;
    const std::string at = data::string_or(mount, {"mountPath"}, "");
    const bool frozen = data::has(mount, {"subPath"}) || data::has(mount, {"subPathExpr"});
    consumers.push_back({name, frozen ? SwitchWay::sub_path : SwitchWay::file,
                         frozen ? at : at + "/" + volume->second});
  }
  if (consumers.size() > before) return;
  if (fixed.literal) {
    consumers.push_back({name, SwitchWay::literal, {}, *fixed.literal});
  } else if (fixed.named_file) {
    consumers.push_back({name, SwitchWay::unmounted_file, *fixed.named_file});
  }
}

}  // namespace

std::string_view name_of(SwitchWay way) {
  switch (way) {
    case SwitchWay::env:
      return "env";
    case SwitchWay::env_from:
      return "envFrom";
    case SwitchWay::file:
      return "file";
    case SwitchWay::sub_path:
      return "subPath";
    case SwitchWay::unmounted_file:
      return "file-not-mounted";
    case SwitchWay::literal:
      return "literal";
  }
  return "";
}

std::vector<SwitchConsumer> switch_consumers(const Json& pod_spec) {
  std::vector<SwitchConsumer> consumers;
  const auto volumes = switch_volumes(pod_spec);
  for (const auto list : k_container_lists) {
    for (const auto& container : data::array_or_empty(pod_spec, {list}))
      add_container(container, volumes, consumers);
  }
  return consumers;
}

}  // namespace dr::kube
