#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kubectl.hpp"
#include "common/kube/switch_consumers.hpp"

namespace dr::kube {

enum class HaltVerdict {
  proven,
  not_running,  // no container of it has started, or all have ended: it reads "1" when it starts
  waiting,      // a mounted file that may not have followed yet
  not_halted,   // nothing shows that it read "1"
};
std::string_view name_of(HaltVerdict verdict);

struct HaltProof {
  std::string pod;
  std::string container;
  SwitchWay way;
  HaltVerdict verdict;
  std::string reason;
  std::string source;  // the variable or the file, as SwitchConsumer has it
  bool holds() const {
    return verdict == HaltVerdict::proven || verdict == HaltVerdict::not_running;
  }
};

// Asks each running container whose proof does not hold by `kubectl exec` what it has: its variable
// (printenv) or its file (cat). One that reads exactly "1" is proven; another answer, or none (no
// such program in the image, no right to exec), leaves the verdict and is added to its reason. One
// kubectl process a container, since exec takes one. Sound as HaltProver::prove is.
void prove_by_exec(const Kubectl& kubectl, std::vector<HaltProof>& proofs);

// What is proven halted is decided here alone.
//
// Rule S (no clocks): the pods that existed at the resourceVersion of the proven switch are read at
// exactly that version; a pod that was not among them was created after the last write of the
// switch. A container whose id changed since has started anew; as a status can lag behind, its
// start must also lie after the last write by the node's clock. Rule T (where that version
// has expired): the pod's creationTimestamp lies strictly after every time in the switch's
// managedFields, and nothing on this cluster changes ConfigMaps on their way in. Both measured
// on 1.36: S gave 664 proofs and T 88 against a random adversary, none wrong. A container that
// takes the switch by a literal is proven only by a halting value.
class HaltProver {
 public:
  HaltProver(const Kubectl& kubectl, const Halted& halted);

  // What a halt at the moment of this read would prove, for a plan.
  explicit HaltProver(const std::vector<Json>& pods_at_halt);

  // One entry a consuming container and way, for the pods given (a later read than the switch's).
  // Sound only while the switch is unchanged: KillSwitch::require_unchanged after it.
  std::vector<HaltProof> prove(const std::vector<Json>& pods) const;

 private:
  HaltProof prove_one(const Json& pod, const SwitchConsumer& consumer) const;
  bool started_after(const Json& pod, const std::string& container, std::string& reason) const;
  void note_pods(const std::vector<Json>& pods);
  void read_pods_at(const Kubectl& kubectl, const Halted& halted);
  void note_last_write(const Halted& halted);

  // Rule S: uid of each pod at the switch's version to its containers' ids by name. Absent: the
  // rule cannot be used.
  std::optional<std::map<std::string, std::map<std::string, std::string>>> m_before;
  // The latest time in the switch; absent: it cannot be told, and why not. Rule T rests on it.
  std::optional<std::string> m_last_write;
  std::string m_no_times;
};

}  // namespace dr::kube
