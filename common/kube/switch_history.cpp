#include "common/kube/switch_history.hpp"

#include <fmt/format.h>

#include <exception>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

constexpr std::size_t k_shown_events = 8;
constexpr std::size_t k_shown_value = 40;

SwitchEvent::Type type_of(const std::string& name) {
  if (name == "ADDED") return SwitchEvent::Type::added;
  if (name == "MODIFIED") return SwitchEvent::Type::modified;
  if (name == "DELETED") return SwitchEvent::Type::deleted;
  return SwitchEvent::Type::lost;
}

// The latest write of the value, by whoever owns it. A time of the same second may be another's:
// this is for a person, no proof rests on it.
void note_writer(const Json& object, SwitchEvent& event) {
  const std::string key = "f:" + std::string(k_switch_key);
  for (const auto& entry : data::array_or_empty(object, {"metadata", "managedFields"})) {
    if (!data::has(entry, {"fieldsV1", "f:data", key})) continue;
    std::string time = data::string_or(entry, {"time"}, "");
    if (time < event.time) continue;
    event.time = std::move(time);
    event.manager = data::string_or(entry, {"manager"}, "");
  }
}

std::string shown(std::string value) {
  if (value.size() > k_shown_value) value.resize(k_shown_value);
  return printable(value);
}

}  // namespace

bool SwitchEvent::halts() const {
  return (type == Type::added || type == Type::modified) && value == k_switch_halted;
}

SwitchEvent switch_event(std::string_view line) try {
  const Json json = data::read_json(line, "watch event");
  SwitchEvent event;
  event.type = type_of(data::string_or(json, {"type"}, ""));
  if (event.type == SwitchEvent::Type::lost) return event;
  const Json& object = json.at("object");
  event.uid = data::string_at(object, {"metadata", "uid"});
  if (const Json* value = data::find(object, {"data", k_switch_key}))
    event.value = value->is_string() ? value->get<std::string>() : std::string("?");
  note_writer(object, event);
  return event;
} catch (const std::exception&) {  // ours, or the library's for a missing member
  return {};
}

std::string switch_watch_path(std::string_view ns, std::string_view resource_version,
                              std::string_view options) {
  std::string path = fmt::format("{}?watch=true&fieldSelector=metadata.name%3D{}",
                                 list_path(*find_kind("ConfigMap"), ns), k_switch_name);
  if (!resource_version.empty()) path.append("&resourceVersion=").append(resource_version);
  return path.append(options);
}

std::string describe(const SwitchEvent& event) {
  std::string text;
  switch (event.type) {
    case SwitchEvent::Type::lost:
      return "the API server no longer tells what happened";
    case SwitchEvent::Type::deleted:
      return "deleted (Kubernetes does not record by whom)";
    case SwitchEvent::Type::added:
      text = "created with ";
      break;
    case SwitchEvent::Type::modified:
      break;
  }
  text += event.value ? fmt::format("{}=\"{}\"", k_switch_key, shown(*event.value))
                      : fmt::format("no key {}", k_switch_key);
  if (event.manager == k_field_manager) {
    text += " by this tool";
  } else if (!event.manager.empty()) {
    text += " by " + shown(event.manager);
  }
  if (!event.time.empty()) text += " at " + shown(event.time);
  return text;
}

SwitchReplay replay_switch(const Kubectl& kubectl, std::string_view resource_version) try {
  const std::string path =
      switch_watch_path(kubectl.target().ns, resource_version, "&timeoutSeconds=1");
  const auto result = kubectl.read({"get", "--raw", path});
  if (!result.ok()) return {{}, api_error_of(result).text};
  SwitchReplay replay;
  for (const auto& line : split(result.out, '\n')) {
    if (!trimmed(line).empty()) replay.events.push_back(switch_event(line));
  }
  return replay;
} catch (const Error& error) {  // kubectl has gone
  return {{}, error.what()};
}

std::string describe(const SwitchReplay& replay) {
  if (!replay.unknown.empty()) return "what happened cannot be told: " + replay.unknown;
  if (replay.events.empty()) return "the API server tells of no change";
  std::vector<std::string> texts;
  for (const auto& event : replay.events) {
    if (texts.size() == k_shown_events) {
      texts.push_back(fmt::format("and {} more", replay.events.size() - k_shown_events));
      break;
    }
    texts.push_back(describe(event));
  }
  return join(texts, ", then ");
}

}  // namespace dr::kube
