#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.hpp"
#include "common/data/json.hpp"
#include "common/kube/kubectl.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {

// ConfigMap/agenttrader-kill-switch, key EXECUTION_HALTED: "1" halts trading. No code writes
// another value.
inline constexpr std::string_view k_switch_name = "agenttrader-kill-switch";
inline constexpr std::string_view k_switch_key = "EXECUTION_HALTED";
inline constexpr std::string_view k_switch_halted = "1";
inline constexpr std::string_view k_field_manager = "agenttrader-dr";

// A second switch, which parts of the floor read: ConfigMap/agenttrader-safety, key KILL_SWITCH.
inline constexpr std::string_view k_safety_name = "agenttrader-safety";
inline constexpr std::string_view k_safety_key = "KILL_SWITCH";
inline constexpr std::string_view k_safety_halted = "true";

// Error(unsafe) with what the operator must do at once.
Error unproven_halt(const std::string& cause);

bool is_switch(const ObjectKey& key);

// A key of a ConfigMap that an LKG, and every write of ours, holds at one value.
struct HeldValue {
  std::string_view key;
  std::string_view value;
  bool required;  // else it is held where it exists
};
const HeldValue* held_value(const ObjectKey& object);  // nullptr: nothing of it is held
// It is there and says something else, or is required and missing.
bool is_released(const HeldValue& held, const Json& object);

// Proof that the switch was read back as "1", and of which incarnation and version. Only KillSwitch
// makes it, after its read-back; a Writer cannot be made without it, so a write before the halt
// does not compile.
class Halted {
 public:
  const std::string& ns() const { return m_ns; }
  const std::string& uid() const { return m_uid; }
  const std::string& resource_version() const { return m_resource_version; }
  const Json& object() const { return m_object; }
  // Nobody wrote the switch between the two proofs.
  bool is_same(const Halted& other) const;

 private:
  friend class KillSwitch;
  Halted(std::string ns, Json object);

  std::string m_ns;
  Json m_object;
  std::string m_uid;
  std::string m_resource_version;
};

// The switch of one namespace: the target's. Its calls have short limits of their own, so that a
// server that hangs is told from one that answers within about half a minute.
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
  // resourceVersion say that nobody wrote it in between. A switch that moved is halted again, and
  // one that cannot be read is halted too, which leaves a switch that reads "1" as it is. Throws
  // Error(unsafe) that says what was found, who wrote it and when.
  void require_unchanged(const Halted& before) const;

  // The same for a proof that is at hand. Reads only what happened, when they differ.
  void require_same(const Halted& before, const Halted& now) const;

  // For where a write of ours may have made a version that nobody told us: the switch has read "1"
  // in every version since `before`, by the API server's own record, and was never another one.
  // Throws Error(unsafe) otherwise, and when that cannot be told.
  void require_held(const Halted& before, const Halted& now) const;

  // Sets the second switch to "true" where it exists and says something else. Throws Error(unsafe)
  // when it cannot be read back so. Returns whether it had to be written.
  bool hold_safety() const;

  // Makes the rest of the switch (other keys, labels, annotations) what the LKG has, keeping "1":
  // one replace, fenced by the version that was proven. Returns the new proof. When it throws, what
  // was written may have another version than any that is known: require_held.
  Halted align(const Json& lkg_switch, const Halted& before) const;

  // The one write before a halt: the namespace itself, so that the switch has a place. No pod can
  // exist in it yet.
  void create_namespace(const Json& ns_object) const;

  // DELETE of that incarnation of a namespace, and of all that is in it. It needs no halt: nothing
  // trades in what is gone. Throws Error(incomplete).
  void delete_namespace(const Json& ns_object) const;

 private:
  os::ProcessResult write_one() const;
  os::ProcessResult create() const;
  os::ProcessResult replace_immutable(const Json& live) const;

  struct Look {  // one read; neither object nor error: it is not there
    std::optional<Json> object;
    std::string error;
    Millis elapsed{0};
  };
  Look look() const;
  std::string what_moved(const Look& seen, const Halted& before) const;
  Look look_again() const;  // up to three times, while it cannot be read

  const Kubectl& m_kubectl;
};

}  // namespace dr::kube
