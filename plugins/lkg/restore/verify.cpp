#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/text.hpp"
#include "common/kube/compare.hpp"
#include "common/kube/pin.hpp"
#include "common/kube/writer.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {
namespace {

constexpr int k_passes = 3;
constexpr Millis k_pause{300};

bool is_held(const RestoreRun& run, const kube::ObjectKey& key) {
  const auto& held = run.result.suspended_cron_jobs;
  return key.type() == "CronJob" && std::find(held.begin(), held.end(), key.name) != held.end();
}

// CronJobs are still suspended by this run; everything else about them must be right already.
void forgive_suspension(const RestoreRun& run, ObjectDrift& drift) {
  if (!is_held(run, drift.key)) return;
  std::erase_if(drift.differences,
                [](const data::Difference& one) { return one.pointer == "/spec/suspend"; });
  if (drift.kind == DriftKind::changed && drift.differences.empty()) drift.kind = DriftKind::same;
}

// The halt set it; whoever sets it back meanwhile works against this restore.
void require_safety(const Live& live) {
  const Json* safety = live.find("ConfigMap", kube::k_safety_name);
  if (safety == nullptr || !kube::is_released(*kube::held_value(kube::key_of(*safety)), *safety))
    return;
  throw kube::unproven_halt(fmt::format("ConfigMap/{} no longer reads {}=\"{}\"",
                                        kube::k_safety_name, kube::k_safety_key,
                                        kube::k_safety_halted));
}

void require_equal(RestoreRun& run, const Live& live) {
  std::vector<std::string> reasons;
  std::size_t equal = 0;
  run.result.extras.clear();
  for (auto& drift : find_drift(run.lkg, live, run.plan.allocated)) {
    if (drift.kind == DriftKind::extra) run.result.extras.push_back(extra_of(*drift.live, live));
    drift.lkg = nullptr;
    drift.live = nullptr;
    forgive_suspension(run, drift);
    for (const auto& one : drift.defaulted)
      warn(run,
           fmt::format("{}: {} was filled in by the server", drift.key.display(), one.pointer));
    if (drift.kind == DriftKind::same) {
      ++equal;
    } else if (drift.kind != DriftKind::extra) {
      reasons.push_back(fmt::format(
          "{} {}", drift.key.display(),
          drift.kind == DriftKind::missing ? "is missing" : "at " + drift.differences[0].pointer));
      run.result.differences.push_back(std::move(drift));
    }
  }
  if (!reasons.empty()) {
    throw Error(ExitCode::incomplete,
                "not equal to the LKG after the restore: " + join(reasons, "; "),
                "something wrote to them meanwhile (a controller, a webhook, GitOps): `kubectl lkg "
                "diff` shows what");
  }
  run.progress(
      fmt::format("verify: {} of {} objects are equal to the LKG", equal, run.lkg.objects.size()));
}

// Equal templates do not say what runs: a webhook may rewrite the images of pods.
void require_pinned_images(const RestoreRun& run, const Live& live) {
  const auto ownership = live.ownership();
  std::vector<std::string> reasons;
  for (const auto& object : run.lkg.objects) {
    if (!kube::is_workload(kube::kind_of(object))) continue;
    const Json* workload = live.find(kube::key_of(object));
    std::vector<const Json*> pods;
    for (const Json* pod : ownership.pods_of(*workload)) {
      if (ownership.is_current(*workload, *pod) && kube::is_ready(*pod)) pods.push_back(pod);
    }
    for (const auto& image : kube::pin_images(*kube::pod_template_of(object), pods)) {
      if (!image.pinned.empty()) continue;
      reasons.push_back(fmt::format("{} container {}: {}", kube::display(object), image.container,
                                    image.refusal));
    }
  }
  if (reasons.empty()) return;
  throw Error(ExitCode::incomplete, "pods run other images than the LKG's: " + join(reasons, "; "),
              "look for a webhook or an in-place patch that changes the images of pods");
}

}  // namespace

void verify(RestoreRun& run) {
  const Live& live = final_state(run);
  require_safety(live);
  require_equal(run, live);
  require_pinned_images(run, live);
}

void release_schedules(RestoreRun& run) {
  if (run.result.suspended_cron_jobs.empty()) return;
  require_halted(run);
  const kube::Writer writer(run.kubectl, *run.halted);
  const auto& kind = *kube::find_kind("CronJob");
  for (int pass = 0; pass < k_passes; ++pass) {
    if (pass > 0) run.kubectl.wait(k_pause);
    const std::array<const kube::Kind*, 1> kinds = {&kind};
    const auto snapshot = kube::read_snapshot(run.kubectl, run.lkg.ns, kinds);
    std::vector<Json> bodies;
    for (const auto& name : run.result.suspended_cron_jobs) {
      const Json* wanted = run.lkg.find("CronJob", name);
      const Json* live = snapshot.find("CronJob", name);
      if (live == nullptr)
        throw Error(ExitCode::incomplete,
                    "CronJob/" + name + " was deleted while the restore worked");
      if (kube::compare(*wanted, *live, run.plan.allocated).empty()) continue;
      bodies.push_back(kube::replacement(*wanted, *live, run.plan.allocated));
    }
    if (bodies.empty()) {
      run.progress("schedules: released " + join(run.result.suspended_cron_jobs, ", "));
      run.result.suspended_cron_jobs.clear();
      return;
    }
    const auto outcome = writer.replace(bodies);
    for (const auto& [key, error] : outcome.errors) {
      if (error.reason != kube::ApiReason::conflict) {
        throw Error(ExitCode::incomplete, "failed to release " + key.display() + ": " + error.text);
      }
    }
  }
  throw Error(ExitCode::incomplete,
              "CronJobs kept changing while they were released; they may still be suspended",
              "run the restore again");
}

}  // namespace dr::lkg
