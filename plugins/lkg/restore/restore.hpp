#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/backup/backup.hpp"
#include "common/base/error.hpp"
#include "common/kube/cluster_facts.hpp"
#include "common/kube/halt_proof.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kubectl.hpp"
#include "common/kube/restore_lock.hpp"
#include "common/kube/rollout.hpp"
#include "common/kube/switch_watch.hpp"
#include "common/kube/writer.hpp"
#include "common/lkg/lkg.hpp"
#include "common/os/clock.hpp"
#include "plugins/lkg/image_check.hpp"
#include "plugins/lkg/live.hpp"
#include "plugins/lkg/preflight/check.hpp"
#include "plugins/lkg/restore/plan.hpp"

namespace dr::lkg {

// Keeps what a restore found, and returns where. Throws Error(failed).
using KeepEvidence = std::function<std::string(backup::Backup evidence)>;

// Writes what a namespace needs besides the LKG, once it is halted. May throw dr::Error.
using Furnish = std::function<void(const kube::Writer& writer)>;

// Takes what a restore does, as it does it: an event and its members (docs/formats.md).
using Record = std::function<void(std::string_view event, Json members)>;

struct RestoreOptions : Consent {
  Millis timeout{std::chrono::minutes(5)};  // one deadline for all rollouts
  Millis soak{std::chrono::seconds(30)};    // how long the workloads must stay healthy after it
  std::string expect_plan;                  // refuse when the plan's hash is another
  ImageCheck check_images;                  // asked after the halt
  kube::LockHolder holder;                  // this run, as another operator is told of it
  KeepEvidence keep_evidence;               // empty: nothing is kept
  bool require_evidence = false;            // a restore that cannot keep it writes nothing
  Furnish furnish;  // called before the preflight; empty: nothing is missing
  Record record;    // empty: nothing is recorded
};

// How far a workload came.
struct WorkloadOutcome {
  std::string workload;
  kube::RolloutState state;
  std::string failure;  // why it was given up; empty when it is settled
};

// What a restore did, for its result and for the health report; filled in as far as it came.
struct RestoreResult {
  std::string lkg_id;
  std::string cluster_uid;  // empty when it may not be read
  std::string restore_id;
  std::string phase;  // the last one entered
  UtcTime started{};
  std::string halted_at;              // RFC 3339; empty when the halt was never read back
  std::optional<bool> halted_at_end;  // nullopt: it could not be read
  std::vector<std::pair<std::string, Millis>> phases;  // those entered, with how long they took
  std::string plan_hash;
  std::map<std::string, std::size_t> actions;  // "change" to the number of objects
  std::vector<std::string> changed;            // "Deployment/web changed", in the order of writing
  std::vector<std::string> warnings;
  std::vector<Check> checks;  // of the preflight; a warn of them is in `warnings` too
  std::vector<WorkloadOutcome> workloads;
  std::vector<kube::HaltProof> proofs;
  std::vector<Extra> extras;  // those that are left
  std::vector<ObjectDrift>
      differences;  // what still differed when it was verified; keys and differences only
  std::vector<std::string>
      suspended_cron_jobs;  // held at suspend: true until everything is verified
  std::string evidence;     // where the state before it is kept; empty: nothing had to be, or could
  std::string journal;      // the file; empty: there is none
  ExitCode code = ExitCode::failed;
  std::string error;
  std::string next_step;
};

using Progress = std::function<void(std::string_view line)>;
// Begins a line of which the "workload" events tell more.
inline constexpr std::string_view k_waiting_line = "  waiting for ";

// The state that the phases of one restore hand on.
struct RestoreRun {
  const Lkg& lkg;
  const RestoreOptions& options;
  const kube::Kubectl& kubectl;
  const os::Clock& clock;
  const Progress& progress;
  kube::KillSwitch kill_switch;
  RestoreResult result;

  kube::ClusterFacts cluster{};          // since identify; its version since preflight
  bool namespace_exists = false;         // since identify
  std::optional<kube::Halted> halted{};  // since halt
  bool switch_in_doubt = false;  // a write of ours may have made a version that `halted` is not of
  std::optional<kube::SwitchWatch> watch{};            // since halt
  std::optional<kube::RestoreLock> lock{};             // since lock
  Live live{};                                         // since preflight
  std::chrono::steady_clock::time_point live_since{};  // when its read began
  bool live_holds = false;  // since rollout: it was all right, so nothing was written or awaited
  std::optional<Live> live_after{};  // since prove, where `live` does not hold; empty: to be read
  std::optional<kube::HaltProver>
      prover{};  // since preflight: what is proven rests on the first halt of the run
  Plan plan{};   // since preflight
  std::vector<std::string>
      left_to_prune{};  // containers, not proven halted, of pods that the prune is to end
};

// The phases in order. Each throws dr::Error with the exit code of what went wrong.
void identify(RestoreRun& run);   // which cluster, is the namespace there; no write
void halt(RestoreRun& run);       // EXECUTION_HALTED="1", read back; nothing else is written before
void lock(RestoreRun& run);       // one restore of a namespace at a time
void preflight(RestoreRun& run);  // reads the namespace; refuses what is in the way of the plan
void plan(RestoreRun& run);       // refuses a plan that is not the expected one, or not possible
void keep_evidence(RestoreRun& run);   // what is about to be changed, before it is
void write_waves(RestoreRun& run);     // wave by wave, the switch read back between
void await_rollouts(RestoreRun& run);  // all in parallel under one deadline, then the soak
void prove_halt(RestoreRun& run);      // every pod that takes the switch and outlives the restore
void verify(RestoreRun& run);  // every object deep-equal to the LKG, every pod on its images
void prune(RestoreRun& run);   // deletes the extras of the plan, when that was agreed to
void release_schedules(RestoreRun& run);  // CronJobs get the LKG's own suspend
void unlock(RestoreRun& run);

// Decides each object: the plan, from what is live and what is proven halted.
void decide(RestoreRun& run);

// What a restore is judged by: a state that was read after the last write of the run.
const Live& final_state(RestoreRun& run);
// What it was read with may have changed meanwhile: the next one is read anew.
void forget_final_state(RestoreRun& run);

void warn(RestoreRun& run, std::string warning);                         // now, and in the result
void note(const RestoreRun& run, std::string_view event, Json members);  // for the record

// From the beginning to the end of phase verify; nullopt when it did not come so far.
std::optional<Millis> time_to_verified(const RestoreResult& result);

// After a prune every pod counts; those that it ends have a minute to go.
void prove_pruned(RestoreRun& run);
Error unproven_containers(const std::vector<std::string>& containers);

// Before each step and at each look: the switch is as it was proven, its watch lives, the lock is
// ours.
void require_halted(RestoreRun& run);

// Runs the phases. Whatever happens, an error or a signal included, the switch is written and read
// back once more before it returns, unless no halt was due yet (wrong cluster). Never throws
// dr::Error or dr::Interrupted: they are in the result.
RestoreResult restore(const Lkg& lkg, const RestoreOptions& options, const kube::Kubectl& kubectl,
                      const os::Clock& clock, const Progress& progress);

// Refuses (ExitCode::refused) when this is another cluster than the LKG's and workloads are there.
void check_cluster(const Lkg& lkg, const kube::ClusterFacts& facts, bool allow_different,
                   const kube::Kubectl& kubectl);

}  // namespace dr::lkg
