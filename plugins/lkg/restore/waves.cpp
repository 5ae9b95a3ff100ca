#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/text.hpp"
#include "common/kube/writer.hpp"
#include "plugins/lkg/restore/bodies.hpp"
#include "plugins/lkg/restore/read_again.hpp"
#include "plugins/lkg/restore/remover.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {
namespace {

// During rollouts controllers write status all the time, and each write refuses a fenced replace:
// measured on 100 workloads in mid-rollout, four passes were enough.
constexpr int k_passes = 8;
constexpr Millis k_pause{300};

std::string_view verb_of(Action action) {
  switch (action) {
    case Action::restart:
      return "restarted";
    case Action::hold:
      return "suspended until everything is verified";
    default:
      return "restored";
  }
}

// One wave: what is to be written of it, and what the writes said.
class WaveWriter {
 public:
  WaveWriter(RestoreRun& run, const kube::Writer& writer, const Bodies& bodies, kube::Wave wave)
      : m_run(run), m_writer(writer), m_bodies(bodies) {
    for (const auto& planned : run.plan.objects) {
      if (planned.wave != wave || planned.action == Action::same ||
          kube::is_switch(planned.drift.key))
        continue;
      if (planned.action == Action::create) {
        m_absent.push_back(&planned);
      } else if (planned.action == Action::recreate) {
        m_recreated.push_back(&planned);
      } else {
        m_differing.emplace_back(&planned, *planned.drift.live);
      }
    }
  }

  bool empty() const { return m_absent.empty() && m_differing.empty() && m_recreated.empty(); }

  void write() {
    make_way();
    for (int pass = 0; pass < k_passes && !m_differing.empty(); ++pass) {
      if (pass > 0) {
        m_run.kubectl.wait(k_pause);
        reread();
      }
      replace_pass();
    }
    for (const auto& [planned, live] : m_differing) {
      fail(*planned, {kube::ApiReason::conflict,
                      "it changed during every one of " + std::to_string(k_passes) + " tries"});
    }
    create_inapplicable();
    apply();
    if (!m_failures.empty()) {
      throw Error(ExitCode::incomplete, fmt::format("failed to restore {}", join(m_failures, "; ")),
                  "mend the cause that the API server names, then run the restore again");
    }
  }

 private:
  void fail(const PlannedObject& planned, const kube::ApiError& error) {
    m_failures.push_back(planned.drift.key.display() + ": " + error.text);
  }

  void written(const PlannedObject& planned, std::string_view verb) {
    if (planned.drift.key.type() == "CronJob")
      m_run.result.suspended_cron_jobs.push_back(planned.drift.key.name);
    // What is only held is released again; it is named where it stays suspended.
    if (planned.action != Action::hold)
      m_run.result.changed.push_back(fmt::format("{} {}", planned.drift.key.display(), verb));
    m_run.progress(fmt::format("  {} {}", planned.drift.key.display(), verb));
  }

  // What is to be created anew is deleted first. A run that ends here is mended by the next one,
  // which finds it missing.
  void make_way() {
    if (m_recreated.empty()) return;
    std::vector<Incarnation> doomed;
    for (const auto* planned : m_recreated)
      doomed.push_back({planned->drift.key, kube::uid_of(*planned->drift.live)});
    const auto kept = remove_and_wait(m_run, m_writer, std::move(doomed));
    require_halted(m_run);  // a refused delete waits for nothing, and so has not looked
    for (const auto* planned : m_recreated) {
      if (const auto failure = kept.find(planned->drift.key); failure != kept.end()) {
        fail(*planned, {kube::ApiReason::other, failure->second});
      } else {
        written(*planned, "deleted");
        m_absent.push_back(planned);
      }
    }
  }

  // Sends what still differs; conflicts stay for the next pass, vanished objects are created.
  void replace_pass() {
    std::vector<Json> bodies;
    for (const auto& [planned, live] : m_differing)
      bodies.push_back(m_bodies.replacement(*planned, live));
    const auto outcome = m_writer.replace(bodies);
    std::vector<std::pair<const PlannedObject*, Json>> conflicts;
    for (std::size_t i = 0; i < m_differing.size(); ++i) {
      auto& [planned, live] = m_differing[i];
      const auto error = outcome.errors.find(kube::key_of(bodies[i]));
      if (error == outcome.errors.end()) {
        written(*planned, verb_of(planned->action));
        if (m_bodies.is_applied_again(*planned))
          m_to_apply.push_back(Bodies::applied(bodies[i], *planned));
      } else if (error->second.reason == kube::ApiReason::conflict) {
        conflicts.emplace_back(planned, std::move(live));
      } else if (error->second.reason == kube::ApiReason::not_found) {
        m_absent.push_back(planned);
      } else {
        fail(*planned, error->second);
      }
    }
    m_differing = std::move(conflicts);
  }

  // The refused objects as they are now; what has vanished is refused once more, and then created.
  void reread() {
    std::vector<kube::ObjectKey> keys;
    for (const auto& [planned, live] : m_differing) keys.push_back(planned->drift.key);
    auto present = read_again(m_run, keys);
    for (auto& [planned, live] : m_differing) {
      const auto found = present.find(planned->drift.key);
      if (found != present.end()) live = std::move(found->second);
    }
  }

  void create_inapplicable() {
    std::vector<Json> bodies;
    std::vector<const PlannedObject*> planned_of;
    for (const auto* planned : m_absent) {
      if (m_bodies.is_applicable(*planned)) continue;
      bodies.push_back(m_bodies.creation(*planned));
      planned_of.push_back(planned);
    }
    report(m_writer.create(bodies), bodies, planned_of, "created");
  }

  // Creates what is absent, and says of custom resources what of them was set by this wave.
  void apply() {
    std::vector<Json> bodies = m_to_apply;
    std::vector<const PlannedObject*> planned_of(bodies.size(), nullptr);
    for (const auto* planned : m_absent) {
      if (!m_bodies.is_applicable(*planned)) continue;
      bodies.push_back(m_bodies.creation(*planned));
      planned_of.push_back(planned);
    }
    report(m_writer.apply(bodies), bodies, planned_of, "created");
  }

  // `planned_of[i]` is null for an object that was reported when it was replaced.
  void report(const kube::WriteResult& outcome, const std::vector<Json>& bodies,
              const std::vector<const PlannedObject*>& planned_of, std::string_view verb) {
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      const auto key = kube::key_of(bodies[i]);
      const auto error = outcome.errors.find(key);
      if (error != outcome.errors.end()) {
        m_failures.push_back(key.display() + ": " + error->second.text);
      } else if (planned_of[i] != nullptr) {
        written(*planned_of[i], verb);
      }
    }
  }

  RestoreRun& m_run;
  const kube::Writer& m_writer;
  const Bodies& m_bodies;
  std::vector<const PlannedObject*> m_recreated;
  std::vector<const PlannedObject*> m_absent;
  std::vector<std::pair<const PlannedObject*, Json>> m_differing;  // with the object as last read
  std::vector<Json> m_to_apply;
  std::vector<std::string> m_failures;
};

// CronJobs come early, suspended, so that nothing starts pods by the clock meanwhile; the last
// phase releases them.
constexpr std::array k_waves = {
    kube::Wave::ns,         kube::Wave::schedules,     kube::Wave::fences,
    kube::Wave::identities, kube::Wave::configuration, kube::Wave::services,
    kube::Wave::custom,     kube::Wave::workloads,     kube::Wave::execution,
    kube::Wave::policies};

// Other keys, labels and annotations of the switch are part of the LKG too; its value never
// changes.
void align_switch(RestoreRun& run) {
  for (const auto& planned : run.plan.objects) {
    if (!kube::is_switch(planned.drift.key) || planned.action != Action::change) continue;
    run.switch_in_doubt = true;
    run.halted = run.kill_switch.align(*planned.drift.lkg, *run.halted);
    run.switch_in_doubt = false;
    run.result.changed.push_back(planned.drift.key.display() + " restored");
    run.progress(fmt::format("  {} restored, still \"1\"", planned.drift.key.display()));
  }
}

}  // namespace

void write_waves(RestoreRun& run) {
  const kube::Writer writer(run.kubectl, *run.halted);
  const Bodies bodies(run.lkg, run.plan.allocated, run.result.restore_id);
  align_switch(run);
  for (const auto wave : k_waves) {
    WaveWriter wave_writer(run, writer, bodies, wave);
    if (wave_writer.empty()) continue;
    run.progress(fmt::format("wave {}", kube::name_of(wave)));
    note(run, "wave", {{"wave", kube::name_of(wave)}});
    require_halted(run);
    wave_writer.write();
  }
}

}  // namespace dr::lkg
