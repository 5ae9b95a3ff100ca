#include "common/kube/kill_switch.hpp"

#include <fmt/format.h>

#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/field_rules.hpp"
#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

constexpr int k_attempts = 5;
constexpr Millis k_write_timeout{20'000};
constexpr Millis k_pause{300};

const std::string k_manager_flag = "--field-manager=" + std::string(k_field_manager);
const std::string k_object = "ConfigMap/" + std::string(k_switch_name);

[[noreturn]] void throw_unsafe(const std::string& cause) {
  throw Error(ExitCode::unsafe, "failed to prove the trading halt: " + cause,
              fmt::format("trading may execute: stop it by hand now (scale the execution workloads "
                          "to 0), then check "
                          "`kubectl get configmap {} -o yaml`",
                          k_switch_name));
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

bool says_namespace_missing(const ApiError& error) {
  return error.reason == ApiReason::not_found &&
         error.text.find("namespaces \"") != std::string::npos;
}

}  // namespace

Halted::Halted(std::string ns, Json object)
    : m_ns(std::move(ns)),
      m_object(std::move(object)),
      m_uid(uid_of(m_object)),
      m_resource_version(resource_version_of(m_object)) {}

KillSwitch::KillSwitch(const Kubectl& kubectl) : m_kubectl(kubectl) {}

// A merge patch touches this key alone; server-side apply could migrate and drop others. No
// precondition: one could only make halting fail.
os::ProcessResult KillSwitch::write_one() const {
  const Json patch = {{"data", {{k_switch_key, k_switch_halted}}}};
  return m_kubectl.mutate({"patch", "configmap", std::string(k_switch_name), k_manager_flag,
                           "--type=merge", "-p", data::write_json(patch, -1), "-o", "name"},
                          {}, k_write_timeout);
}

os::ProcessResult KillSwitch::create() const {
  return m_kubectl.mutate({"create", "-f", "-", k_manager_flag, "-o", "name"},
                          data::write_json(switch_object(m_kubectl.target().ns)), k_write_timeout);
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

std::optional<Json> KillSwitch::read() const {
  const auto& kind = *find_kind("ConfigMap");
  try {
    auto object = m_kubectl.find(object_path(kind, m_kubectl.target().ns, k_switch_name), k_object);
    if (object && object->is_object()) {
      (*object)["apiVersion"] = kind.api_version;
      (*object)["kind"] = kind.kind;
    }
    return object;
  } catch (const Error& error) {
    throw_unsafe(error.what());
  }
}

Halted KillSwitch::halt() const {
  std::string last = "it was never read";
  for (int attempt = 0; attempt < k_attempts; ++attempt) {
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
    auto object = read();
    if (!object) {
      last = k_object + " does not exist" + (written.ok() ? "" : ": " + error.text);
      continue;
    }
    last = objection(*object);
    if (last.empty()) return Halted(m_kubectl.target().ns, std::move(*object));
    if (!written.ok()) last += ": " + error.text;
    if (is_immutable(*object)) replace_immutable(*object);
  }
  throw_unsafe(last);
}

Halted KillSwitch::read_back() const {
  auto object = read();
  if (!object) throw_unsafe(k_object + " does not exist");
  if (const auto cause = objection(*object); !cause.empty()) throw_unsafe(cause);
  return Halted(m_kubectl.target().ns, std::move(*object));
}

void KillSwitch::require_unchanged(const Halted& before) const {
  std::optional<Json> object;
  try {
    object = read();
  } catch (const Error&) {
    halt();
    throw;
  }
  std::string found;
  if (!object) {
    found = k_object + " was deleted";
  } else if (const auto cause = objection(*object); !cause.empty()) {
    found = cause;
  } else if (uid_of(*object) != before.uid()) {
    found = k_object + " was deleted and created anew";
  } else if (resource_version_of(*object) != before.resource_version()) {
    found = k_object + " was written by somebody else";
  } else {
    return;
  }
  found += " while this run worked";
  try {
    halt();
  } catch (const Error& error) {
    throw_unsafe(found + ", and halting again failed: " + error.what());
  }
  throw_unsafe(found + " (halted again since)");
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

}  // namespace dr::kube
