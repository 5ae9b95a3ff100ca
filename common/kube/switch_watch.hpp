#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/kube/kill_switch.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::kube {

// Watches the switch beside everything else that runs, from a proven version on. The first event
// that deletes it, makes it anew or sets another value is an alarm: the running calls are ended and
// throw Error(unsafe) that says who wrote it and when. Only an alarm: a watch that is silent or has
// ended is no evidence (measured on 1.36: it ends with rc 0 when the server goes away and stays
// deaf while it is frozen); KillSwitch::require_unchanged is the proof.
class SwitchWatch {
 public:
  SwitchWatch(const Kubectl& kubectl, const Halted& since);
  SwitchWatch(const SwitchWatch&) = delete;  // what runs refers to it
  SwitchWatch& operator=(const SwitchWatch&) = delete;

  // Starts it again where it has ended: from the same version, so that no event is missed, or from
  // the present once the server has forgotten that version.
  void keep();

 private:
  std::optional<Error> judge(std::string_view line);

  const Kubectl& m_kubectl;
  std::string m_since;  // empty: from the present on
  std::string m_uid;
  std::unique_ptr<os::Background> m_background;
};

}  // namespace dr::kube
