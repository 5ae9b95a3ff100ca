#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "common/base/text.hpp"
#include "common/kube/snapshot.hpp"
#include "common/kube/writer.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr Millis k_poll{1'000};
// A preflight that asks a registry for many images can take longer, and its read grows old.
constexpr std::chrono::seconds k_fresh{5};
// A pod that was in trouble before the restore wrote anything may recover by it (a ConfigMap it
// crashed on): the kubelet gives it another try within its back-off, which is capped at five
// minutes.
constexpr std::chrono::seconds k_second_chance{150};
constexpr std::array<std::string_view, 6> k_kinds = {
    "Pod", "ReplicaSet", "ControllerRevision", "Deployment", "StatefulSet", "DaemonSet"};

Live read_rollouts(const kube::Kubectl& kubectl) {
  std::vector<const kube::Kind*> kinds;
  for (const auto kind : k_kinds) kinds.push_back(kube::find_kind(kind));
  Live live;
  live.snapshot = kube::read_snapshot(kubectl, kubectl.target().ns, kinds, {}, kube::Detail::brief);
  return live;
}

// Waits for every workload of the LKG at once.
class Waiter {
 public:
  explicit Waiter(RestoreRun& run) : m_run(run), m_writer(run.kubectl, *run.halted) {
    for (const auto& object : run.lkg.objects) {
      if (kube::is_workload(kube::kind_of(object))) m_keys.push_back(kube::key_of(object));
    }
  }

  void note_troubles_before() {
    const auto ownership = m_run.live.ownership();
    for (const auto& key : m_keys) {
      const Json* workload = m_run.live.find(key);
      if (workload != nullptr) note_troubles(kube::rollout_state(*workload, ownership));
    }
  }

  // Looks once: states of all workloads, and the cure of what would never move by itself.
  void look() {
    require_halted(m_run);
    look_at(read_rollouts(m_run.kubectl));
  }

  // Nothing was written since the preflight read, so that what it saw counts; the proof, which
  // comes next, asks the switch.
  void look_at_preflight() { look_at(m_run.live); }

  bool all_settled() const {
    const auto& outcomes = m_run.result.workloads;
    return std::all_of(outcomes.begin(), outcomes.end(),
                       [](const auto& one) { return one.state.settled; });
  }

  // Nothing is left to wait for: what is not settled is hopeless.
  bool is_over() const {
    const auto& outcomes = m_run.result.workloads;
    return std::all_of(outcomes.begin(), outcomes.end(),
                       [](const auto& one) { return one.state.settled || !one.failure.empty(); });
  }

  std::int64_t restarts(const std::string& workload) const {
    const auto found = m_restarts.find(workload);
    return found == m_restarts.end() ? 0 : found->second;
  }

  [[noreturn]] void give_up(const std::string& how) const {
    std::vector<std::string> reasons;
    for (const auto& one : m_run.result.workloads) {
      if (one.state.settled && one.failure.empty()) continue;
      reasons.push_back(one.workload + ": " +
                        (one.failure.empty() ? one.state.reason : one.failure));
    }
    throw Error(ExitCode::incomplete, fmt::format("{}: {}", how, join(reasons, "; ")),
                "look at the health report and at `kubectl describe` of the named workloads");
  }

 private:
  void look_at(const Live& live) {
    const auto ownership = live.ownership();
    auto& outcomes = m_run.result.workloads;
    outcomes.clear();
    m_restarts.clear();
    for (const auto& key : m_keys) {
      WorkloadOutcome outcome{key.display(), {}, {}};
      if (const Json* workload = live.find(key)) {
        outcome.state = kube::rollout_state(*workload, ownership);
        if (&live == &m_run.live) note_troubles(outcome.state);
        if (!outcome.state.settled) delete_stuck_pods(*workload, ownership);
        for (const Json* pod : ownership.pods_of(*workload))
          m_restarts[key.display()] += kube::restarts_of(*pod);
      } else {
        outcome.state.reason = "it does not exist";
        outcome.failure = "it was deleted while the restore waited for it";
      }
      judge(outcome);
      note_change(outcome);
      outcomes.push_back(std::move(outcome));
    }
    show_progress();
  }

  // A line for each step of a workload's way to ready.
  void note_change(const WorkloadOutcome& outcome) {
    Json step = {{"workload", outcome.workload},
                 {"wanted", outcome.state.wanted},
                 {"updated", outcome.state.updated},
                 {"ready", outcome.state.ready},
                 {"settled", outcome.state.settled},
                 {"reason", outcome.failure.empty() ? outcome.state.reason : outcome.failure},
                 {"trouble", trouble_of(outcome)}};
    Json& last = m_last_steps[outcome.workload];
    if (last == step) return;
    last = step;
    note(m_run, "workload", std::move(step));
  }

  // Says why a workload that is not settled will not settle, if that is so.
  void judge(WorkloadOutcome& outcome) {
    if (outcome.state.settled) return;
    const auto now = m_run.clock.steady();
    for (const auto& trouble : outcome.state.troubles) {
      const auto since = m_first_seen.emplace(identity(trouble), now).first->second;
      const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(now - since);
      if (m_before.contains(identity(trouble)) && lasted < k_second_chance) continue;
      if (!kube::is_hopeless(trouble, lasted.count())) continue;
      outcome.failure = description(trouble);
      return;
    }
  }

  // Empty while it is only on its way.
  static std::string trouble_of(const WorkloadOutcome& outcome) {
    if (outcome.state.settled || !outcome.failure.empty()) return outcome.failure;
    return outcome.state.troubles.empty() ? "" : description(outcome.state.troubles.front());
  }

  void note_troubles(const kube::RolloutState& before) {
    for (const auto& trouble : before.troubles) m_before.insert(identity(trouble));
  }

  static std::string identity(const kube::PodTrouble& trouble) {
    return trouble.pod + " " + trouble.container + " " + trouble.reason;
  }

  static std::string description(const kube::PodTrouble& trouble) {
    std::string text;
    if (!trouble.pod.empty()) text += "Pod/" + trouble.pod + " ";
    if (!trouble.container.empty()) text += "container " + trouble.container + " ";
    return text + trouble.reason + ": " + trouble.message;
  }

  // A broken pod of an older revision blocks an OrderedReady StatefulSet for ever, even once its
  // template is right (k/k#67250); and OnDelete sets replace no pod by themselves.
  void delete_stuck_pods(const Json& workload, const kube::Ownership& ownership) {
    const std::string kind = data::string_or(workload, {"kind"}, "");
    if (kind == "Deployment") return;
    if (data::integer_or(workload, {"status", "observedGeneration"}, 0) !=
        data::integer_or(workload, {"metadata", "generation"}, 0)) {
      return;
    }
    const bool on_delete =
        data::string_or(workload, {"spec", "updateStrategy", "type"}, "") == "OnDelete";
    for (const Json* pod : ownership.pods_of(workload)) {
      if (ownership.is_current(workload, *pod) ||
          data::has(*pod, {"metadata", "deletionTimestamp"}))
        continue;
      if (kube::is_ready(*pod) && !on_delete) continue;
      require_halted(m_run);  // a write, and the first one where the look was the preflight's
      if (m_writer.delete_pod(kube::name_of(*pod), kube::uid_of(*pod))) {
        m_run.progress(fmt::format("  Pod/{} deleted: it is of an older revision and blocks its {}",
                                   kube::name_of(*pod), kind));
      }
    }
  }

  void show_progress() {
    std::vector<std::string> waiting;
    for (const auto& one : m_run.result.workloads) {
      if (one.state.settled) continue;
      waiting.push_back(fmt::format("{} ({})", one.workload,
                                    one.failure.empty() ? one.state.reason : one.failure));
    }
    auto line = waiting.empty() ? std::string("  all workloads are rolled out")
                                : std::string(k_waiting_line) + join(waiting, ", ");
    if (line == m_last_line) return;
    m_run.progress(line);
    m_last_line = std::move(line);
  }

  RestoreRun& m_run;
  kube::Writer m_writer;
  std::vector<kube::ObjectKey> m_keys;
  std::set<std::string> m_before;  // troubles that were there before the restore wrote
  std::map<std::string, SteadyTime> m_first_seen;
  std::map<std::string, std::int64_t> m_restarts;
  std::map<std::string, Json> m_last_steps;
  std::string m_last_line;
};

// They must stay settled without a single restart. Nothing to see when nothing was written.
void soak(RestoreRun& run, Waiter& waiter) {
  if (run.result.changed.empty() || run.options.soak <= Millis(0)) return;
  run.progress(fmt::format("soak: {} without a restart", format_duration(run.options.soak)));
  std::map<std::string, std::int64_t> before;
  for (const auto& one : run.result.workloads) before[one.workload] = waiter.restarts(one.workload);
  const auto end = run.clock.steady() + run.options.soak;
  while (run.clock.steady() < end) {
    const auto left = std::chrono::duration_cast<Millis>(end - run.clock.steady());
    run.kubectl.wait(std::min(left, Millis(2'000)));
    waiter.look();
    for (auto& one : run.result.workloads) {
      if (waiter.restarts(one.workload) > before[one.workload])
        one.failure = "a container restarted during the soak";
      if (!one.state.settled && one.failure.empty())
        one.failure = "did not stay healthy: " + one.state.reason;
    }
    const auto& outcomes = run.result.workloads;
    if (std::any_of(outcomes.begin(), outcomes.end(),
                    [](const auto& one) { return !one.failure.empty(); })) {
      waiter.give_up("the workloads did not stay healthy");
    }
  }
}

}  // namespace

void await_rollouts(RestoreRun& run) {
  run.progress(fmt::format("rollouts: deadline {}", format_duration(run.options.timeout)));
  note(run, "rollouts",
       {{"deadline", run.options.timeout.count()}, {"soak", run.options.soak.count()}});
  const auto deadline = run.clock.steady() + run.options.timeout;
  Waiter waiter(run);
  if (run.result.changed.empty()) {
    waiter.look_at_preflight();
    run.live_holds = waiter.all_settled() && run.clock.steady() - run.live_since < k_fresh;
  } else {
    waiter.note_troubles_before();
    waiter.look();
  }
  while (!waiter.all_settled()) {
    if (waiter.is_over()) waiter.give_up("workloads cannot become healthy");
    if (run.clock.steady() >= deadline) waiter.give_up("the deadline passed");
    run.kubectl.wait(k_poll);
    waiter.look();
  }
  soak(run, waiter);
}

}  // namespace dr::lkg
