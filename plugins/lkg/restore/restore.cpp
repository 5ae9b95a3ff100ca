#include "plugins/lkg/restore/restore.hpp"

#include <fmt/format.h>

#include <array>
#include <exception>
#include <utility>

#include "common/os/sha256.hpp"

namespace dr::lkg {
namespace {

struct Phase {
  std::string_view name;
  void (*run)(RestoreRun&);
};

constexpr std::array k_phases = {
    Phase{"identify", identify}, Phase{"halt", halt},
    Phase{"lock", lock},         Phase{"preflight", preflight},
    Phase{"plan", plan},         Phase{"evidence", keep_evidence},
    Phase{"waves", write_waves}, Phase{"rollout", await_rollouts},
    Phase{"prove", prove_halt},  Phase{"verify", verify},
    Phase{"prune", prune},       Phase{"schedules", release_schedules},
    Phase{"unlock", unlock},
};

// Names one run in the stamps that it leaves: unique enough, and readable.
std::string restore_id(const RestoreRun& run) {
  const auto ticks = run.clock.steady().time_since_epoch().count();
  return timestamp_id(run.clock.now()) + "-" +
         os::sha256_hex(std::to_string(ticks) + run.lkg.id).substr(0, 8);
}

void record(RestoreRun& run, const Error& error) {
  const bool first = run.result.error.empty();
  // Once something was written, what failed is half done.
  const bool half_done = error.code() == ExitCode::failed && !run.result.changed.empty();
  const ExitCode code = half_done ? ExitCode::incomplete : error.code();
  run.result.code = first ? code : worse(run.result.code, code);
  if (!first) run.result.error += "; then ";
  run.result.error += error.what();
  if (run.result.next_step.empty()) run.result.next_step = error.next_step();
}

void record(RestoreRun& run, const Interrupted& interrupted) {
  record(run, Error(interrupted.code(), fmt::format("interrupted by signal {}", interrupted.signal),
                    "run the restore again: what is right already is not touched"));
}

// True once a halt is due: everything up to the identification of the cluster must end with no
// write at all.
bool halt_was_due(const RestoreRun& run) {
  return run.result.phase != k_phases.front().name;
}

void run_phase(RestoreRun& run, const Phase& phase) {
  run.result.phase = phase.name;
  note(run, "phase", {{"phase", phase.name}});
  const auto began = run.clock.steady();
  run.result.phases.emplace_back(phase.name, Millis(0));
  const auto stop_watch = [&] {
    run.result.phases.back().second =
        std::chrono::duration_cast<Millis>(run.clock.steady() - began);
  };
  try {
    phase.run(run);
  } catch (...) {
    stop_watch();
    throw;
  }
  stop_watch();
}

void run_phases(RestoreRun& run) {
  try {
    for (const auto& phase : k_phases) {
      run_phase(run, phase);
    }
    run.result.code = ExitCode::ok;
  } catch (const Error& error) {
    record(run, error);
  } catch (const Interrupted& interrupted) {
    record(run, interrupted);
  } catch (const std::exception& error) {
    // A mistake of ours must not keep the last halt from being written.
    record(run, Error(ExitCode::failed, fmt::format("internal error: {}", error.what())));
  }
}

// The run ended before the prune ended them.
void require_none_left_to_prune(RestoreRun& run) {
  if (!run.left_to_prune.empty()) record(run, unproven_containers(run.left_to_prune));
}

// Nobody else wrote the switch since the first halt, however the run went.
void require_untouched(const RestoreRun& run, const kube::Halted& last) {
  if (!run.halted || run.result.code == ExitCode::unsafe) return;
  if (run.switch_in_doubt) {
    run.kill_switch.require_held(*run.halted, last);
  } else {
    run.kill_switch.require_same(*run.halted, last);
  }
}

// HALT and READBACK on the way out, whatever the way. A second signal must not skip it, so it is
// tried once more.
void halt_at_end(RestoreRun& run) {
  run.watch.reset();  // from here on the last proof tells, and nothing may stop it
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      const auto last = run.kill_switch.halt();
      run.result.halted_at_end = true;
      run.progress(fmt::format("halted: {}=\"1\" read back", kube::k_switch_key));
      require_untouched(run, last);
      return;
    } catch (const Error& error) {
      record(run, error.as(ExitCode::unsafe));
      return;
    } catch (const Interrupted& interrupted) {
      record(run, interrupted);
      if (attempt == 0) continue;
      record(run, Error(ExitCode::unsafe,
                        fmt::format("interrupted by signal {} before the halt was read back",
                                    interrupted.signal)));
    }
  }
}

// Where the run did not come so far: a lock that stays is in the way of the next one.
void unlock_at_end(RestoreRun& run) {
  if (!run.lock) return;
  try {
    unlock(run);
  } catch (const Interrupted& interrupted) {
    record(run, interrupted);
  }
}

}  // namespace

void note(const RestoreRun& run, std::string_view event, Json members) {
  if (run.options.record) run.options.record(event, std::move(members));
}

std::optional<Millis> time_to_verified(const RestoreResult& result) {
  Millis total{0};
  for (std::size_t i = 0; i < result.phases.size(); ++i) {
    total += result.phases[i].second;
    if (result.phases[i].first != "verify") continue;
    // The phase after it was entered, so it held.
    return i + 1 < result.phases.size() ? std::optional(total) : std::nullopt;
  }
  return std::nullopt;
}

RestoreResult restore(const Lkg& lkg, const RestoreOptions& options, const kube::Kubectl& kubectl,
                      const os::Clock& clock, const Progress& progress) {
  RestoreRun run{lkg, options, kubectl, clock, progress, kube::KillSwitch(kubectl), {}};
  run.result.lkg_id = lkg.id;
  run.result.restore_id = restore_id(run);
  run.result.started = clock.now();
  run.result.warnings = lkg.warnings;
  run_phases(run);
  require_none_left_to_prune(run);
  if (halt_was_due(run)) halt_at_end(run);
  unlock_at_end(run);
  return std::move(run.result);
}

}  // namespace dr::lkg
