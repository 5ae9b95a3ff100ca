#include "common/kube/halt_proof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/base/time.hpp"
#include "common/kube/kind_list.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

constexpr std::size_t k_shown_value = 40;
constexpr std::array<std::string_view, 7> k_cannot_start = {
    "ImagePullBackOff",           "ErrImagePull",         "ErrImageNeverPull", "InvalidImageName",
    "CreateContainerConfigError", "CreateContainerError", "ImageInspectError"};
constexpr std::array<std::string_view, 2> k_status_lists = {"initContainerStatuses",
                                                            "containerStatuses"};

const Json* status_of(const Json& pod, const std::string& container) {
  for (const auto list : k_status_lists) {
    for (const auto& status : data::array_or_empty(pod, {"status", list})) {
      if (data::string_or(status, {"name"}, "") == container) return &status;
    }
  }
  return nullptr;
}

bool has_ended(const Json& pod) {
  const std::string phase = data::string_or(pod, {"status", "phase"}, "");
  return phase == "Succeeded" || phase == "Failed";
}

// Nothing of it runs: the pod has no node yet, or the kubelet says what keeps the container from
// starting. Any other waiting may be a status that lags behind a container that has started.
bool cannot_run(const Json& pod, const std::string& container) {
  if (!data::has(pod, {"spec", "nodeName"})) return true;
  const Json* status = status_of(pod, container);
  if (status == nullptr) return false;
  const std::string reason = data::string_or(*status, {"state", "waiting", "reason"}, "");
  return std::ranges::find(k_cannot_start, reason) != k_cannot_start.end();
}

// RFC 3339 by the node's clock; empty when it does not run.
std::string start_of(const Json& pod, const std::string& container) {
  const Json* status = status_of(pod, container);
  return status == nullptr ? "" : data::string_or(*status, {"state", "running", "startedAt"}, "");
}

std::map<std::string, std::string> container_ids(const Json& pod) {
  std::map<std::string, std::string> ids;
  for (const auto list : k_status_lists) {
    for (const auto& status : data::array_or_empty(pod, {"status", list})) {
      ids[data::string_at(status, {"name"})] = data::string_or(status, {"containerID"}, "");
    }
  }
  return ids;
}

// resourceVersions of one store are numbers (KEP-5504 makes comparing them a promise); anything
// else: nullopt.
std::optional<std::uint64_t> revision_number(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool changes_configmaps(const Json& rules_holder, data::Path rules_path) {
  for (const auto& rule : data::array_or_empty(rules_holder, rules_path)) {
    const auto& resources = data::array_or_empty(rule, {"resources"});
    if (std::any_of(resources.begin(), resources.end(),
                    [](const Json& r) { return r == "*" || r == "*/*" || r == "configmaps"; })) {
      return true;
    }
  }
  return false;
}

// Why something on this cluster may change a ConfigMap on its way in; empty when nothing does.
std::string mutating_admission(const Kubectl& kubectl) {
  // The policies are v1 from 1.36 on; older servers may serve them as beta or alpha.
  const std::array<std::string, 4> paths = {
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
      "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies",
      "/apis/admissionregistration.k8s.io/v1beta1/mutatingadmissionpolicies",
      "/apis/admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicies"};
  const auto replies = kubectl.get_all(paths);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const auto& error = replies[i].error;
    if (error && error->reason == ApiReason::not_found) continue;  // a server without that API
    if (error) return "mutating admission cannot be read: " + error->text;
    for (const auto& item : data::array_or_empty(replies[i].value, {"items"})) {
      bool changes = changes_configmaps(item, {"spec", "matchConstraints", "resourceRules"});
      for (const auto& webhook : data::array_or_empty(item, {"webhooks"})) {
        changes = changes || changes_configmaps(webhook, {"rules"});
      }
      if (changes) return "mutating admission " + name_of(item) + " may change ConfigMaps";
    }
  }
  return {};
}

}  // namespace

std::string_view name_of(HaltVerdict verdict) {
  switch (verdict) {
    case HaltVerdict::proven:
      return "proven";
    case HaltVerdict::not_running:
      return "not-running";
    case HaltVerdict::waiting:
      return "waiting";
    case HaltVerdict::not_halted:
      return "NOT-HALTED";
  }
  return "";
}

HaltProver::HaltProver(const Kubectl& kubectl, const Halted& halted) {
  note_last_write(halted);
  read_pods_at(kubectl, halted);
  if (m_before || !m_last_write) return;
  if (auto cause = mutating_admission(kubectl); !cause.empty()) {
    m_no_times = std::move(cause);
    m_last_write.reset();
  }
}

HaltProver::HaltProver(const std::vector<Json>& pods_at_halt) {
  note_pods(pods_at_halt);
}

void HaltProver::note_pods(const std::vector<Json>& pods) {
  auto& before = m_before.emplace();
  for (const auto& pod : pods) {
    // Nothing of a pod without a node can have started; what starts later reads the switch as it is
    // then.
    if (data::has(pod, {"spec", "nodeName"})) before[uid_of(pod)] = container_ids(pod);
  }
}

// One revision counter for all kinds is what the rule rests on (one store behind the server,
// measured); three lists whose revisions go backwards show that it does not hold.
void HaltProver::read_pods_at(const Kubectl& kubectl, const Halted& halted) {
  const std::string pods = list_path(*find_kind("Pod"), halted.ns());
  const std::string config_maps = list_path(*find_kind("ConfigMap"), halted.ns());
  std::uint64_t last = 0;
  for (const auto& path : {pods, config_maps, pods}) {
    const Json list = kubectl.get(path + "?limit=1", "revisions");
    const auto revision = revision_number(data::string_at(list, {"metadata", "resourceVersion"}));
    if (!revision || *revision < last) return;
    last = *revision;
  }
  KindList list(*find_kind("Pod"), halted.ns(), halted.resource_version(), Detail::brief);
  read_lists(kubectl, {&list, 1});
  if (!list.error() && list.version() == halted.resource_version()) note_pods(list.take_items());
}

void HaltProver::note_last_write(const Halted& halted) {
  const Json& object = halted.object();
  std::string last = data::string_at(object, {"metadata", "creationTimestamp"});
  const auto& fields = data::array_or_empty(object, {"metadata", "managedFields"});
  if (fields.empty()) {
    m_no_times = "the switch has no managedFields";
    return;
  }
  for (const auto& entry : fields) {
    if (!data::has(entry, {"time"})) {
      m_no_times = "a field manager of the switch has no time";
      return;
    }
    last = std::max(last, data::string_at(entry, {"time"}));
  }
  m_last_write = last;
}

bool HaltProver::started_after(const Json& pod, const std::string& container,
                               std::string& reason) const {
  if (m_before) {
    const auto known = m_before->find(uid_of(pod));
    if (known == m_before->end()) {
      reason = "created or scheduled after the last write of the switch";
      return true;
    }
    const auto id = known->second.find(container);
    const auto now = container_ids(pod);
    const auto current = now.find(container);
    if (current != now.end() && !current->second.empty() && id != known->second.end() &&
        !id->second.empty() && id->second != current->second && m_last_write &&
        start_of(pod, container) > *m_last_write) {
      reason = "container started after the last write of the switch";
      return true;
    }
    reason = "running since before the last write of the switch";
    return false;
  }
  if (!m_last_write) {
    reason = "no proof possible: " + m_no_times;
    return false;
  }
  const std::string created = data::string_at(pod, {"metadata", "creationTimestamp"});
  const bool after =
      created >
      *m_last_write;  // RFC 3339 in UTC: text order is time order; equal seconds prove nothing
  reason = fmt::format("created {}, switch last written {}", created, *m_last_write);
  return after;
}

HaltProof HaltProver::prove_one(const Json& pod, const SwitchConsumer& consumer) const {
  HaltProof proof{name_of(pod), consumer.container, consumer.way, HaltVerdict::not_halted,
                  {},           consumer.source};
  if (consumer.way == SwitchWay::literal && consumer.halting) {
    proof.verdict = HaltVerdict::proven;
    proof.reason = "its fixed value halts";
  } else if (has_ended(pod)) {
    proof.verdict = HaltVerdict::not_running;
    proof.reason = "ended";
  } else if (consumer.way != SwitchWay::literal && cannot_run(pod, consumer.container)) {
    proof.verdict = HaltVerdict::not_running;
    proof.reason = "not started: it reads the switch when it starts";
  } else if (consumer.way == SwitchWay::literal) {
    // Running or not: when it starts, it does not read the switch.
    proof.reason = "its fixed value does not halt, whatever the switch says";
  } else if (started_after(pod, consumer.container, proof.reason)) {
    proof.verdict = HaltVerdict::proven;
  } else if (consumer.way == SwitchWay::file) {
    proof.verdict = HaltVerdict::waiting;
  }
  if (consumer.way == SwitchWay::unmounted_file) {
    proof.reason +=
        "; it mounts no volume for the file it names, so only a restart can make it see the "
        "switch";
  }
  return proof;
}

std::vector<HaltProof> HaltProver::prove(const std::vector<Json>& pods) const {
  std::vector<HaltProof> proofs;
  for (const auto& pod : pods) {
    const Json* spec = data::find(pod, {"spec"});
    if (spec == nullptr) continue;
    for (const auto& consumer : switch_consumers(*spec)) proofs.push_back(prove_one(pod, consumer));
  }
  return proofs;
}

void prove_by_exec(const Kubectl& kubectl, std::vector<HaltProof>& proofs) {
  std::vector<HaltProof*> asked;
  std::vector<std::vector<std::string>> commands;
  for (auto& proof : proofs) {
    if (proof.holds() || proof.source.empty()) continue;
    const bool variable = proof.way == SwitchWay::env || proof.way == SwitchWay::env_from;
    asked.push_back(&proof);
    commands.push_back({"exec", proof.pod, "--container", proof.container, "--",
                        variable ? "printenv" : "cat", proof.source});
  }
  const auto answers = kubectl.read_all(commands);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    HaltProof& proof = *asked[i];
    const std::string value(trimmed(answers[i].out));
    if (answers[i].ok() && value == k_switch_halted) {
      proof.verdict = HaltVerdict::proven;
      proof.reason = "exec read \"1\" in it";
    } else if (answers[i].ok()) {
      proof.reason += "; exec read \"" + printable(value.substr(0, k_shown_value)) + "\"";
    } else {
      proof.reason += "; exec failed: " + api_error_of(answers[i]).text;
    }
  }
}

}  // namespace dr::kube
