#include "plugins/lkg/preflight/admission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/base/text.hpp"

namespace dr::lkg {
namespace {

constexpr std::string_view k_name = "admission";
constexpr std::string_view k_no_account = "error looking up service account";
constexpr std::string_view k_quota = " quota: ";

std::string trial_name(std::size_t number) {
  return fmt::format("agenttrader-dr-preflight-{}", number);
}

// The restore brings it, and the API server would miss it now.
bool comes_first(const Scene& scene, std::string_view kind, const std::string& name) {
  return scene.live.find(kind, name) == nullptr && scene.lkg.find(kind, name) != nullptr;
}

// As the controller of a StatefulSet adds them: a volume for each claim template, in the place of
// one of that name.
void add_claim_volumes(const Json& workload, Json& spec) {
  for (const auto& claim : data::array_or_empty(workload, {"spec", "volumeClaimTemplates"})) {
    const std::string& name = kube::name_of(claim);
    Json volumes = Json::array();
    for (const auto& volume : data::array_or_empty(spec, {"volumes"})) {
      if (data::string_or(volume, {"name"}, "") != name) volumes.push_back(volume);
    }
    volumes.push_back({{"name", name}, {"persistentVolumeClaim", {{"claimName", name}}}});
    spec["volumes"] = std::move(volumes);
  }
}

Json pod_of(const PlannedObject& planned, const Scene& scene, std::size_t number) {
  const Json& pod_template = *kube::pod_template_of(*planned.drift.lkg);
  Json metadata = {{"name", trial_name(number)}, {"namespace", scene.lkg.ns}};
  for (const char* member : {"labels", "annotations"}) {
    if (const Json* value = data::find(pod_template, {"metadata", member}))
      metadata[member] = *value;
  }
  Json spec = data::object_or_empty(pod_template, {"spec"});
  add_claim_volumes(*planned.drift.lkg, spec);
  if (comes_first(scene, "ServiceAccount", data::string_or(spec, {"serviceAccountName"}, ""))) {
    spec["serviceAccountName"] = "default";
    spec.erase("serviceAccount");
  }
  if (comes_first(scene, "PriorityClass", data::string_or(spec, {"priorityClassName"}, ""))) {
    spec.erase("priorityClassName");
    spec.erase("priority");
  }
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

// The plan brings an object of that kind to what the LKG says, before any workload.
bool is_mended_first(const Scene& scene, std::string_view kind, std::string_view name = {}) {
  return std::any_of(
      scene.plan.objects.begin(), scene.plan.objects.end(), [&](const auto& planned) {
        return planned.drift.key.kind == kind && (name.empty() || planned.drift.key.name == name) &&
               planned.drift.live != nullptr && is_written(planned);
      });
}

// The level of Pod Security that the namespace has now is not that of the LKG.
bool changes_level(const Scene& scene) {
  constexpr std::string_view k_level = "pod-security.kubernetes.io/enforce";
  const Json* lkg = scene.lkg.find("Namespace", scene.lkg.ns);
  if (lkg == nullptr || !scene.live.ns) return false;
  return data::string_or(*lkg, {"metadata", "labels", k_level}, "") !=
         data::string_or(*scene.live.ns, {"metadata", "labels", k_level}, "");
}

// "full" of "exceeded quota: full, requested: pods=1, ..." and of "failed quota: full: must ...".
std::string quota_of(const std::string& text) {
  const auto begin = text.find(k_quota);
  if (begin == std::string::npos) return {};
  const auto name = text.substr(begin + k_quota.size());
  return name.substr(0, name.find_first_of(",: "));
}

std::int64_t replicas_of(const Json* object) {
  return object == nullptr ? 0 : data::integer_or(*object, {"spec", "replicas"}, 1);
}

// Something has more replicas than the LKG gives it, so a restore makes room.
bool makes_room(const Scene& scene) {
  const auto workloads = with_templates(scene.plan);
  return std::any_of(workloads.begin(), workloads.end(), [](const PlannedObject* planned) {
    return replicas_of(planned->drift.live) > replicas_of(planned->drift.lkg);
  });
}

// All the pods that it is to have are there: a rollout may replace them one for one.
bool has_its_pods(const PlannedObject& planned) {
  return planned.drift.live != nullptr &&
         data::integer_or(*planned.drift.live, {"status", "replicas"}, 0) >=
             replicas_of(planned.drift.lkg);
}

// Whose pods are rehearsed: what differs, and workloads that lack pods. A restore starts no others,
// and each trial is a request of its own.
std::vector<const PlannedObject*> to_rehearse(const Plan& plan) {
  auto workloads = with_templates(plan);
  std::erase_if(workloads, [](const PlannedObject* planned) {
    const bool runs_pods = kube::is_workload(kube::kind_of(planned->drift.key));
    return planned->action == Action::same && (!runs_pods || has_its_pods(*planned));
  });
  return workloads;
}

// Kinds of refusals, each with what lifts it.
struct Refusal {
  std::string name = std::string(k_name);
  std::string cause;   // the same for every pod that is refused for it
  bool lifts = false;  // the restore itself lifts it, or is in no need of it
  std::string cure = "mend what the API server names";
};

std::string before(const std::string& text, std::string_view words) {
  return text.substr(0, text.find(words));
}

std::string after(const std::string& text, std::string_view words) {
  const auto found = text.find(words);
  return found == std::string::npos ? text : text.substr(found + words.size());
}

// Without what kubectl says of a trial, which the user never sees.
std::string words_of(const std::string& text) {
  std::string words = after(text, "error when creating \"STDIN\": ");
  for (const char* verdict : {"\" is forbidden: ", "\" is invalid: "})
    words = after(words, verdict);
  return words;
}

Refusal read(const Scene& scene, const PlannedObject& planned, const std::string& text) {
  const std::string& ns = scene.lkg.ns;
  const auto says = [&](std::string_view words) { return text.find(words) != std::string::npos; };
  if (const auto quota = quota_of(text); !quota.empty()) {
    return {"quota", quota,
            is_mended_first(scene, "ResourceQuota", quota) || makes_room(scene) ||
                (says("exceeded quota") && has_its_pods(planned)),
            fmt::format("raise the quota (`kubectl edit quota {} -n {}`) or free some of it", quota,
                        ns)};
  }
  if (says("violates PodSecurity")) {
    return {"pod-security", before(text, "\": "), changes_level(scene),
            fmt::format("let the namespace take such pods (`kubectl label namespace {} --overwrite "
                        "pod-security.kubernetes.io/enforce=privileged`)",
                        ns)};
  }
  if (says("per Container") || says("per Pod")) {
    return {"limits", before(text, ", but"), is_mended_first(scene, "LimitRange"),
            fmt::format("change or remove that limit (`kubectl get limitrange -n {}`)", ns)};
  }
  Refusal other;
  other.cause = text;
  return other;
}

// It says nothing of the pod itself.
bool is_no_answer(const kube::ApiError& error) {
  using enum kube::ApiReason;
  if (error.text.find("cannot create resource") != std::string::npos) return true;
  switch (error.reason) {
    case forbidden:
    case invalid:
      return false;
    case internal:
      return error.text.find("webhook") == std::string::npos;
    default:
      return error.text.find("denied the request") == std::string::npos;
  }
}

// Why nothing is known of the pod; empty when the API server judged it.
std::string unknown_because(const kube::ApiError& error) {
  if (error.text.find(k_no_account) != std::string::npos)
    return "the namespace has no ServiceAccount yet to try it with";
  if (error.reason == kube::ApiReason::not_found) return "the namespace does not exist yet";
  return is_no_answer(error) ? error.text : "";
}

void add_refused(const Scene& scene, const PlannedObject& planned, const std::string& text,
                 ByCause& found) {
  const std::string words = words_of(text);
  const Refusal refusal = read(scene, planned, words);
  const bool stops = starts_pods(planned) && !refusal.lifts;
  found.add(refusal.cause,
            {refusal.name, stops ? Verdict::stop : Verdict::warn, planned.drift.key.display(),
             "pods of {} are refused: " + words, refusal.cure});
}

}  // namespace

std::vector<Json> pods_to_rehearse(const Scene& scene) {
  std::vector<Json> pods;
  for (const auto* planned : to_rehearse(scene.plan))
    pods.push_back(pod_of(*planned, scene, pods.size()));
  return pods;
}

std::vector<Check> check_admission(const Scene& scene, const Rehearsal& rehearsal) {
  std::set<std::string> admitted;
  for (const auto& answer : rehearsal.answers)
    admitted.insert(data::string_or(answer, {"metadata", "name"}, ""));
  ByCause refused;
  std::map<std::string, std::vector<std::string>> unknown;  // by cause
  const auto workloads = to_rehearse(scene.plan);
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    const std::string name = trial_name(i);
    if (admitted.contains(name)) continue;
    const auto error = rehearsal.errors.find(name);
    // Without an error of its own, the failure of the call says nothing of the pod.
    const bool is_judged = error != rehearsal.errors.end();
    const kube::ApiError& answer = is_judged ? error->second : rehearsal.failure;
    std::string cause = unknown_because(answer);
    if (!is_judged && cause.empty()) cause = answer.text;
    if (is_judged && cause.empty()) {
      add_refused(scene, *workloads[i], error->second.text, refused);
    } else {
      unknown[cause.empty() ? "the API server did not say" : cause].push_back(
          workloads[i]->drift.key.display());
    }
  }
  std::vector<Check> found = refused.rows();
  for (const auto& [cause, names] : unknown) {
    found.push_back(
        not_known(k_name, "whether pods of " + first_of(names) + " are admitted", cause));
  }
  return or_ok(std::move(found), k_name,
               workloads.empty()
                   ? "no pods are to be started"
                   : fmt::format("a pod of each of {} workloads is admitted", workloads.size()));
}

}  // namespace dr::lkg
