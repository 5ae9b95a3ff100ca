#include "plugins/lkg/capture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/kube/field_rules.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/rollout.hpp"
#include "plugins/lkg/earlier_pins.hpp"

namespace dr::lkg {
namespace {

const std::string k_zero_step =
    "run it once, or take an inventory of its registry (kubectl arsnap snapshot), and capture "
    "again; or pin its image by digest, or leave it out with --skip-scaled-to-zero";

bool is_excluded(const CaptureOptions& options, const kube::ObjectKey& key) {
  return std::find(options.exclude.begin(), options.exclude.end(), key.display()) !=
         options.exclude.end();
}

// Scale targets of the namespace's autoscalers, "Deployment/web".
std::set<std::string> autoscaled_targets(const Live& live) {
  std::set<std::string> targets;
  for (const auto& hpa : live.snapshot.of("HorizontalPodAutoscaler")) {
    targets.insert(data::string_at(hpa, {"spec", "scaleTargetRef", "kind"}) + "/" +
                   data::string_at(hpa, {"spec", "scaleTargetRef", "name"}));
  }
  return targets;
}

std::vector<std::string> refusals_of(const std::vector<kube::PinnedImage>& images) {
  std::vector<std::string> reasons;
  for (const auto& image : images) {
    if (image.pinned.empty())
      reasons.push_back(fmt::format("container {}: {}", image.container, image.refusal));
  }
  return reasons;
}

const kube::PinnedImage& first_unpinned(const std::vector<kube::PinnedImage>& images) {
  return *std::find_if(images.begin(), images.end(),
                       [](const kube::PinnedImage& image) { return image.pinned.empty(); });
}

bool has_images_of(const Json& job, const Json& cron_job) {
  return kube::images_of(*kube::pod_template_of(job)) ==
         kube::images_of(*kube::pod_template_of(cron_job));
}

bool all_pinned(const std::vector<kube::PinnedImage>& images) {
  return refusals_of(images).empty();
}

// The container lists of a pod template whose keyed lists name a key twice: server-side apply
// refuses those (k/k#113482).
std::optional<std::string> duplicate_key(const Json& pod_template) {
  for (const Json* container : kube::containers_of(pod_template)) {
    std::set<std::string> names;
    for (const auto& variable : data::array_or_empty(*container, {"env"})) {
      const auto& name = data::string_at(variable, {"name"});
      if (!names.insert(name).second) {
        return fmt::format("container {} sets env {} twice", data::string_at(*container, {"name"}),
                           name);
      }
    }
  }
  return std::nullopt;
}

class Capture {
 public:
  Capture(const Live& live, const CaptureOptions& options, const EarlierLkgs& earlier,
          const RegistryDigest& registry)
      : m_live(live),
        m_options(options),
        m_earlier(earlier),
        m_registry(registry),
        m_ownership(live.ownership()),
        m_autoscaled(autoscaled_targets(live)) {}

  CaptureResult run() {
    m_result.custom_kinds = m_live.custom_kinds;
    m_result.resource_version = m_live.snapshot.resource_version();
    for (const Json* object : lkg_objects(m_live)) add(*object);
    note_operators();
    if (m_live.find("ConfigMap", kube::k_switch_name) == nullptr) {
      refuse({{}, "ConfigMap", {}, std::string(kube::k_switch_name)}, "it does not exist",
             "run `kubectl lkg halt`, which creates it halted");
    }
    return std::move(m_result);
  }

 private:
  void refuse(const kube::ObjectKey& key, std::string reason, std::string next_step) {
    m_result.refusals.push_back({key.display(), std::move(reason), std::move(next_step)});
  }

  void add(const Json& live) {
    const auto key = kube::key_of(live);
    if (is_excluded(m_options, key)) {
      m_result.excluded.push_back({key.display(), "excluded by --exclude", {}});
      return;
    }
    if (data::has(live, {"metadata", "deletionTimestamp"})) {
      refuse(key, "it is being deleted", "wait until it is gone, then capture again");
      return;
    }
    Json object = kube::captured(live);
    if (const auto* held = kube::held_value(key); held && kube::is_released(*held, object)) {
      object["data"][std::string(held->key)] = held->value;
    }
    if (Json* pod_template = kube::pod_template_of(object)) {
      if (!pin(live, key, *pod_template)) return;
      drop_autoscaled_replicas(key, live, object);
    }
    m_result.objects.push_back(std::move(object));
  }

  // Pins the template in place. False when the object does not go into the LKG; why is recorded.
  bool pin(const Json& live, const kube::ObjectKey& key, Json& pod_template) {
    if (const auto duplicate = duplicate_key(pod_template)) {
      refuse(key, *duplicate, "remove one of the two, then capture again");
      return false;
    }
    ComponentImages component{key, "pods", {}};
    if (const auto pods = proving_pods(live, key); !pods.empty()) {
      if (key.kind == "CronJob") component.source = "job";
      component.images = kube::pin_images(pod_template, pods);
      for (auto& reason : refusals_of(component.images)) {
        refuse(key, std::move(reason), "fix the workload, let it roll out, then capture again");
      }
    } else {
      pin_what_never_ran(key, pod_template, component);
    }
    if (!all_pinned(component.images)) return false;
    kube::apply_pins(pod_template, component.images);
    m_result.components.push_back(std::move(component));
    return true;
  }

  // The pods that run the template as it is now: those of the newest revision, or of the newest Job
  // that succeeded with these images.
  std::vector<const Json*> proving_pods(const Json& live, const kube::ObjectKey& key) const {
    std::vector<const Json*> pods;
    if (key.kind == "CronJob") {
      for (const Json* job : m_ownership.jobs_of(live)) {
        if (!kube::is_complete(*job) || !has_images_of(*job, live)) continue;
        for (const Json* pod : m_ownership.pods_of(*job)) {
          if (data::string_or(*pod, {"status", "phase"}, "") == "Succeeded") pods.push_back(pod);
        }
        if (!pods.empty()) break;
      }
      return pods;
    }
    for (const Json* pod : m_ownership.pods_of(live)) {
      if (m_ownership.is_current(live, *pod) && kube::is_ready(*pod)) pods.push_back(pod);
    }
    return pods;
  }

  // In this order: every image by digest already; as in an earlier LKG with the identical template;
  // as the registry has their tags; else left out.
  void pin_what_never_ran(const kube::ObjectKey& key, const Json& pod_template,
                          ComponentImages& component) {
    component.source = "digest";
    component.images = kube::pin_images(pod_template, {});
    if (all_pinned(component.images)) return;
    if (auto pins = pins_of_earlier_lkg(m_earlier, key, pod_template)) {
      component.source = "earlier-lkg";
      component.images = std::move(*pins);
      return;
    }
    component.source = "registry";
    pin_by_registry(component.images);
    if (all_pinned(component.images)) return;
    const std::string reason = "nothing of it has run, so no digest is known for " +
                               first_unpinned(component.images).original;
    if (m_options.skip_scaled_to_zero) {
      m_result.excluded.push_back({key.display(), reason, {}});
    } else {
      m_result.left_out.push_back({key.display(), reason, k_zero_step});
    }
  }

  // As far as the registry can tell.
  void pin_by_registry(std::vector<kube::PinnedImage>& images) const {
    for (auto& image : images) {
      if (!image.pinned.empty()) continue;
      const auto ref = kube::ImageRef::parse(image.original);
      const auto digest = m_registry(ref);
      if (!digest) continue;
      image.pinned = ref.pinned_to(*digest);
      image.refusal.clear();
    }
  }

  void drop_autoscaled_replicas(const kube::ObjectKey& key, const Json& live, Json& object) {
    if (!m_autoscaled.contains(key.display())) return;
    m_result.autoscaled[key.display()] = data::integer_or(live, {"spec", "replicas"}, 1);
    object["spec"].erase("replicas");
  }

  // A workload that an operator owns comes back through that operator, from the custom resource
  // that owns it; this LKG may lack that one.
  void note_operators() {
    for (const auto& kind : kube::kinds()) {
      if (!kube::is_workload(kind)) continue;
      for (const auto& workload : m_live.snapshot.of(kind.kind)) {
        const Json* owner = kube::controller_of(workload);
        if (owner == nullptr || is_excluded(m_options, kube::key_of(workload)) || holds(*owner))
          continue;
        m_result.left_out.push_back(
            {kube::display(workload),
             fmt::format("{}/{} owns it", data::string_or(*owner, {"kind"}, "?"),
                         data::string_or(*owner, {"name"}, "?")),
             "back up its owner, or leave it out with --exclude " + kube::display(workload)});
      }
    }
  }

  bool holds(const Json& owner) const {
    return std::any_of(m_result.objects.begin(), m_result.objects.end(), [&](const Json& object) {
      const auto key = kube::key_of(object);
      return key.name == data::string_or(owner, {"name"}, "") &&
             key.type() == kube::type_of(data::string_or(owner, {"apiVersion"}, ""),
                                         data::string_or(owner, {"kind"}, ""));
    });
  }

  const Live& m_live;
  const CaptureOptions& m_options;
  const EarlierLkgs& m_earlier;
  const RegistryDigest& m_registry;
  kube::Ownership m_ownership;
  std::set<std::string> m_autoscaled;
  CaptureResult m_result;
};

std::string what_is_not_good(const kube::RolloutState& state) {
  if (state.paused) return "it is paused: its template may never have run";
  if (state.partitioned) return "its partition keeps two templates live";
  if (state.settled) return {};
  std::string reason = "its rollout is not settled: " + state.reason;
  if (!state.troubles.empty()) {
    const auto& trouble = state.troubles.front();
    reason += fmt::format(" ({}{}: {})", trouble.pod.empty() ? "" : trouble.pod + " ",
                          trouble.reason, trouble.message);
  }
  return reason;
}

}  // namespace

std::vector<Finding> unsettled(const Live& live, const CaptureOptions& options) {
  std::vector<Finding> findings;
  const auto ownership = live.ownership();
  for (const auto& kind : kube::kinds()) {
    if (!kube::is_workload(kind)) continue;
    for (const auto& workload : live.snapshot.of(kind.kind)) {
      if (!belongs_to_lkg(workload) || is_excluded(options, kube::key_of(workload))) continue;
      auto reason = what_is_not_good(kube::rollout_state(workload, ownership));
      if (reason.empty()) continue;
      findings.push_back({kube::display(workload), std::move(reason),
                          "let it settle or fix it, then capture again"});
    }
  }
  return findings;
}

CaptureResult capture_objects(const Live& live, const CaptureOptions& options,
                              const EarlierLkgs& earlier, const RegistryDigest& registry) {
  return Capture(live, options, earlier, registry).run();
}

}  // namespace dr::lkg
