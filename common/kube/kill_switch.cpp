#include "common/kube/kill_switch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/field_rules.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/switch_history.hpp"

namespace dr::kube {
namespace {

constexpr int k_attempts = 5;
constexpr int k_looks = 3;
constexpr Millis k_halt_limit{30'000};  // no new attempt after it
constexpr Millis k_write_timeout{20'000};
constexpr Millis k_pause{300};

const std::string k_manager_flag = "--field-manager=" + std::string(k_field_manager);
const std::string k_object = "ConfigMap/" + std::string(k_switch_name);

[[noreturn]] void throw_unsafe(const std::string& cause) {
  throw unproven_halt(cause);
}

// Empty when the object proves the halt, else why it does not; an object that is not even a
// ConfigMap proves nothing.
std::string objection(const Json& object) try {
  uid_of(object);
  resource_version_of(object);
  if (data::has(object, {"metadata", "deletionTimestamp"})) return k_object + " is being deleted";
  const Json* value = data::find(object, {"data", k_switch_key});
  if (value == nullptr) return fmt::format("{} has no key {}", k_object, k_switch_key);
  if (!value->is_string() || value->get_ref<const std::string&>() != k_switch_halted) {
    return fmt::format("{} reads {}=\"{}\"", k_object, k_switch_key,
                       value->is_string() ? printable(value->get_ref<const std::string&>()) : "?");
  }
  return {};
} catch (const Error& error) {
  return error.what();
}

Json switch_object(std::string_view ns) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", k_switch_name}, {"namespace", ns}}},
          {"data", {{k_switch_key, k_switch_halted}}}};
}

bool is_immutable(const Json& object) {
  const auto* members = object.get_ptr<const Json::object_t*>();
  if (members == nullptr) return false;
  const auto immutable = members->find("immutable");
  return immutable != members->end() && immutable->second == true;
}

std::string difference(const Halted& before, const Halted& now) {
  return k_object + (now.uid() == before.uid() ? " was written by somebody else"
                                               : " was deleted and created anew");
}

bool says_namespace_missing(const ApiError& error) {
  return error.reason == ApiReason::not_found &&
         error.text.find("namespaces \"") != std::string::npos;
}

}  // namespace

Error unproven_halt(const std::string& cause) {
  return {ExitCode::unsafe, "failed to prove the trading halt: " + cause,
          fmt::format("trading may execute: stop it by hand now (scale the execution workloads to "
                      "0), then check `kubectl get configmap {} -o yaml`",
                      k_switch_name)};
}

Halted::Halted(std::string ns, Json object)
    : m_ns(std::move(ns)),
      m_object(std::move(object)),
      m_uid(uid_of(m_object)),
      m_resource_version(resource_version_of(m_object)) {}

bool Halted::is_same(const Halted& other) const {
  return m_uid == other.m_uid && m_resource_version == other.m_resource_version;
}

bool is_switch(const ObjectKey& key) {
  return key.type() == "ConfigMap" && key.name == k_switch_name;
}

const HeldValue* held_value(const ObjectKey& object) {
  static constexpr HeldValue k_switch{k_switch_key, k_switch_halted, true};
  static constexpr HeldValue k_safety{k_safety_key, k_safety_halted, false};
  if (object.type() != "ConfigMap") return nullptr;
  if (object.name == k_switch_name) return &k_switch;
  return object.name == k_safety_name ? &k_safety : nullptr;
}

bool is_released(const HeldValue& held, const Json& object) {
  const Json* value = data::find(object, {"data", held.key});
  return value == nullptr ? held.required : *value != held.value;
}

KillSwitch::KillSwitch(const Kubectl& kubectl) : m_kubectl(kubectl) {}

// A merge patch touches this key alone; server-side apply could migrate and drop others. No
// precondition: one could only make halting fail.
os::ProcessResult KillSwitch::write_one() const {
  const Json patch = {{"data", {{k_switch_key, k_switch_halted}}}};
  return m_kubectl.urgent({"patch", "configmap", std::string(k_switch_name), k_manager_flag,
                           "--type=merge", "-p", data::write_json(patch, -1), "-o", "name"});
}

os::ProcessResult KillSwitch::create() const {
  return m_kubectl.urgent({"create", "-f", "-", k_manager_flag, "-o", "name"},
                          data::write_json(switch_object(m_kubectl.target().ns)));
}

// An immutable ConfigMap cannot be updated: it is deleted and made anew, mutable, with its other
// content.
os::ProcessResult KillSwitch::replace_immutable(const Json& live) const {
  Json body = captured(live);
  body.erase("immutable");
  body["data"][k_switch_key] = k_switch_halted;
  return m_kubectl.mutate({"replace", "--force", "-f", "-", k_manager_flag, "-o", "name"},
                          data::write_json(body), k_write_timeout);
}

KillSwitch::Look KillSwitch::look() const {
  const auto& kind = *find_kind("ConfigMap");
  const std::string path = object_path(kind, m_kubectl.target().ns, k_switch_name);
  const auto result = m_kubectl.urgent({"get", "--raw", path});
  Reply reply = m_kubectl.reply_of(result, path);
  if (reply.error) {
    const bool absent = reply.error->reason == ApiReason::not_found;
    const std::string cause = "failed to read " + k_object + ": " + reply.error->text;
    return {std::nullopt, absent ? std::string() : cause, result.elapsed};
  }
  if (reply.value.is_object()) {
    set_type(reply.value, kind.api_version, kind.kind);
  }
  return {std::move(reply.value), {}, result.elapsed};
}

KillSwitch::Look KillSwitch::look_again() const {
  Look seen = look();
  for (int more = 1; more < k_looks && !seen.error.empty(); ++more) {
    m_kubectl.wait(k_pause);
    seen = look();
  }
  return seen;
}

Halted KillSwitch::halt() const {
  std::string last = "it was never read";
  Millis spent{0};
  for (int attempt = 0; attempt < k_attempts && spent < k_halt_limit; ++attempt) {
    if (attempt > 0) m_kubectl.wait(k_pause);
    os::ProcessResult written = write_one();
    ApiError error = written.ok() ? ApiError{} : api_error_of(written);
    if (!written.ok() && error.reason == ApiReason::not_found && !says_namespace_missing(error)) {
      written = create();
      error = written.ok() ? ApiError{} : api_error_of(written);
    }
    if (!written.ok() && says_namespace_missing(error)) {
      throw Error(ExitCode::failed,
                  "failed to halt: namespace " + m_kubectl.target().ns + " does not exist",
                  "check -n/--namespace and --context");
    }
    Look seen = look();
    spent += written.elapsed + seen.elapsed + k_pause;
    last = seen.object ? objection(*seen.object) : seen.error;
    if (seen.object && last.empty()) return Halted(m_kubectl.target().ns, std::move(*seen.object));
    if (last.empty()) last = k_object + " does not exist";
    if (!written.ok()) last += ": " + error.text;
    if (seen.object && is_immutable(*seen.object)) replace_immutable(*seen.object);
  }
  throw_unsafe(last);
}

Halted KillSwitch::read_back() const {
  Look seen = look_again();
  if (!seen.error.empty()) throw_unsafe(seen.error);
  if (!seen.object) throw_unsafe(k_object + " does not exist");
  if (const auto cause = objection(*seen.object); !cause.empty()) throw_unsafe(cause);
  return Halted(m_kubectl.target().ns, std::move(*seen.object));
}

// What is wrong with it, compared with the proof; empty when nothing is.
std::string KillSwitch::what_moved(const Look& seen, const Halted& before) const {
  if (!seen.object) return k_object + " was deleted";
  if (auto cause = objection(*seen.object); !cause.empty()) return cause;
  const Halted now(m_kubectl.target().ns, *seen.object);
  return now.is_same(before) ? std::string() : difference(before, now);
}

void KillSwitch::require_unchanged(const Halted& before) const {
  const Look seen = look_again();
  const bool is_known = seen.error.empty();
  const std::string found = is_known ? what_moved(seen, before) : seen.error;
  if (found.empty()) return;
  std::optional<Halted> now;
  try {
    now = halt();
  } catch (const Error& error) {
    throw_unsafe(found + " while this run worked, and halting again failed: " + error.what());
  }
  // A write that changes nothing keeps the version, so that one tells as much as a read would.
  if (!is_known) return require_same(before, *now);
  throw_unsafe(fmt::format("{} while this run worked (halted again since): {}", found,
                           describe(replay_switch(m_kubectl, before.resource_version()))));
}

void KillSwitch::require_same(const Halted& before, const Halted& now) const {
  if (now.is_same(before)) return;
  throw_unsafe(fmt::format("{} while this run worked (it reads \"1\" now): {}",
                           difference(before, now),
                           describe(replay_switch(m_kubectl, before.resource_version()))));
}

void KillSwitch::require_held(const Halted& before, const Halted& now) const {
  if (now.is_same(before)) return;
  const SwitchReplay replay = replay_switch(m_kubectl, before.resource_version());
  const bool held = std::ranges::all_of(replay.events, [&](const SwitchEvent& event) {
    return event.halts() && event.uid == before.uid();
  });
  if (held && !replay.events.empty() && now.uid() == before.uid()) return;
  throw_unsafe(k_object +
               " may have moved while this run worked (it reads \"1\" now): " + describe(replay));
}

bool KillSwitch::hold_safety() const {
  const ObjectKey key{"v1", "ConfigMap", m_kubectl.target().ns, std::string(k_safety_name)};
  const std::string path = object_path(*find_kind(key.kind), key.ns, key.name);
  const Json patch = {{"data", {{k_safety_key, k_safety_halted}}}};
  std::string last;
  bool wrote = false;
  for (int attempt = 0; attempt < k_looks; ++attempt) {
    if (attempt > 0) m_kubectl.wait(k_pause);
    const Reply reply = m_kubectl.urgent_get(path);
    if (reply.error) {
      if (reply.error->reason == ApiReason::not_found) return wrote;
      last = reply.error->text;
      continue;
    }
    if (!is_released(*held_value(key), reply.value)) return wrote;
    const auto written =
        m_kubectl.urgent({"patch", "configmap", key.name, k_manager_flag, "--type=merge", "-p",
                          data::write_json(patch, -1), "-o", "name"});
    last = written.ok() ? "it reads another value after the write" : api_error_of(written).text;
    wrote = wrote || written.ok();
  }
  throw_unsafe(fmt::format("the second switch, {} {}, cannot be held at \"{}\": {}", key.display(),
                           k_safety_key, k_safety_halted, last));
}

Halted KillSwitch::align(const Json& lkg_switch, const Halted& before) const {
  Json body = replacement(lkg_switch, before.object(), Allocated::keep);
  body["metadata"]["namespace"] = before.ns();
  body["data"][k_switch_key] = k_switch_halted;
  const auto result = m_kubectl.mutate({"replace", "-f", "-", k_manager_flag, "-o", "json"},
                                       data::write_json(body), k_write_timeout);
  if (!result.ok()) {
    const auto error = api_error_of(result);
    if (error.reason == ApiReason::conflict || error.reason == ApiReason::not_found)
      require_unchanged(before);
    throw Error(ExitCode::incomplete, "failed to restore " + k_object + ": " + error.text);
  }
  // The answer says which version is ours; what is read back must be that one.
  try {
    const Json written = data::read_json(result.out, "answer to the replace of " + k_object);
    if (const auto cause = objection(written); !cause.empty()) throw_unsafe(cause);
    const Halted ours(before.ns(), written);
    require_unchanged(ours);
    return ours;
  } catch (const Error& error) {
    if (error.code() == ExitCode::unsafe) throw;
    halt();  // what was written cannot be told
    throw error.as(ExitCode::unsafe);
  }
}

void KillSwitch::create_namespace(const Json& ns_object) const {
  const auto result = m_kubectl.mutate({"create", "-f", "-", k_manager_flag, "-o", "name"},
                                       data::write_json(ns_object), k_write_timeout);
  if (result.ok()) return;
  const auto error = api_error_of(result);
  if (error.reason == ApiReason::already_exists) return;
  throw Error(ExitCode::unsafe, "failed to create " + display(ns_object) + ": " + error.text);
}

void KillSwitch::delete_namespace(const Json& ns_object) const {
  const Json options = {{"apiVersion", "v1"},
                        {"kind", "DeleteOptions"},
                        {"preconditions", {{"uid", uid_of(ns_object)}}}};
  const std::string path = object_path(*find_kind("Namespace"), {}, name_of(ns_object));
  const auto result = m_kubectl.mutate({"delete", "--raw", path, "-f", "-"},
                                       data::write_json(options), k_write_timeout);
  if (result.ok()) return;
  const auto error = api_error_of(result);
  if (error.reason == ApiReason::not_found) return;
  throw Error(ExitCode::incomplete, "failed to delete " + display(ns_object) + ": " + error.text);
}

}  // namespace dr::kube
