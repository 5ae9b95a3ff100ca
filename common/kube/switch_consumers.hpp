#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"

namespace dr::kube {

// How a container takes the switch. A variable is read once, when the container starts; so is a
// file mounted through subPath, or one that is named but not mounted. A mounted file follows the
// ConfigMap within two minutes.
enum class SwitchWay { env, env_from, file, sub_path, unmounted_file, literal };
std::string_view name_of(SwitchWay way);

struct SwitchConsumer {
  std::string container;
  SwitchWay way;
  std::string source;   // the variable it takes, or the path of the file
  bool halting = true;  // literal: its fixed value halts
};

// The containers of a pod spec that take the switch, and how; one that takes it in several ways
// appears once for each. A literal or a file that is not mounted is listed only for a container
// that has no way to follow the switch.
std::vector<SwitchConsumer> switch_consumers(const Json& pod_spec);

}  // namespace dr::kube
