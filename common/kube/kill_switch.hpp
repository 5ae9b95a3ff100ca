#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/data/json.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::kube {

// ConfigMap/agenttrader-kill-switch, key EXECUTION_HALTED: "1" halts trading. No code writes
// another value.
inline constexpr std::string_view k_switch_name = "agenttrader-kill-switch";
inline constexpr std::string_view k_switch_key = "EXECUTION_HALTED";
inline constexpr std::string_view k_switch_halted = "1";
inline constexpr std::string_view k_field_manager = "agenttrader-dr";

// Proof that the switch was read back as "1", and of which incarnation and version. Only KillSwitch
// makes it, after its read-back; a Writer cannot be made without it, so a write before the halt
// does not compile.
class Halted {
 public:
  const std::string& ns() const { return m_ns; }
  const std::string& uid() const { return m_uid; }
  const std::string& resource_version() const { return m_resource_version; }
  const Json& object() const { return m_object; }

 private:
  friend class KillSwitch;
  Halted(std::string ns, Json object);

  std::string m_ns;
  Json m_object;
  std::string m_uid;
  std::string m_resource_version;
};

// The switch of one namespace: the target's.
class KillSwitch {
 public:
  explicit KillSwitch(const Kubectl& kubectl);

  // Writes "1" (creating the ConfigMap when it is missing, replacing it when it is immutable at
  // another value) and reads it back; a switch that reads "1" is halted whatever the write said (a
  // dead webhook refuses even a write that changes nothing). Throws Error(unsafe) when it cannot be
  // proven, Error(failed) when the namespace does not exist.
  Halted halt() const;

  // One read. Throws Error(unsafe) unless the switch is there, reads exactly "1" and is not being
  // deleted.
  Halted read_back() const;

  // Reads the switch and compares it with what was proven before: an unchanged uid and
  // resourceVersion say that nobody wrote it in between. Otherwise, and when it cannot be read,
  // halts again and throws Error(unsafe) that says what was found.
  void require_unchanged(const Halted& before) const;

  // Makes the rest of the switch (other keys, labels, annotations) what the LKG has, keeping "1":
  // one replace, fenced by the version that was proven. Returns the new proof.
  Halted align(const Json& lkg_switch, const Halted& before) const;

  // The one write before a halt: the namespace itself, so that the switch has a place. No pod can
  // exist in it yet.
  void create_namespace(const Json& ns_object) const;

 private:
  os::ProcessResult write_one() const;
  os::ProcessResult create() const;
  os::ProcessResult replace_immutable(const Json& live) const;
  std::optional<Json> read() const;

  const Kubectl& m_kubectl;
};

}  // namespace dr::kube
