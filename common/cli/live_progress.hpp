#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/time.hpp"
#include "common/cli/command.hpp"
#include "common/cli/terminal.hpp"
#include "common/os/process_runner.hpp"

namespace dr::cli {

// What is waited for, by name: its state, and whether it is in trouble.
using Waiting = std::map<std::string, std::pair<std::string, bool>>;

// How far a run is.
struct ProgressState {
  std::string phase;            // "rollout"; empty: not begun
  std::string detail;           // what of it: "wave workloads"; may be empty
  Millis elapsed{0};            // since the phase began
  std::optional<Millis> limit;  // how long it may take
  Waiting waiting;
};

// A few lines for it: the phase with its time, then what is waited for, troubles first, at most
// eight. Each is at most `columns` wide.
std::vector<BlockLine> block_of(const ProgressState& state, std::size_t columns);

// Shows on stderr what a run does: lines, and on a terminal a block below them that is redrawn, at
// least once a second. Whatever ends its life takes the block away.
class LiveProgress {
 public:
  explicit LiveProgress(Runtime& runtime);
  ~LiveProgress();
  LiveProgress(const LiveProgress&) = delete;
  LiveProgress& operator=(const LiveProgress&) = delete;

  bool is_live() const { return m_runtime.terminal.is_live(); }
  void line(std::string_view text);  // with the seconds since the beginning

  void phase(std::string_view name, std::optional<Millis> limit = std::nullopt);
  void detail(std::string_view text);
  void wait_only_for(Waiting waiting);
  void wait_for(const std::string& name, const std::string& state, bool in_trouble);
  void done(const std::string& name);
  void tick();  // a second may have passed

 private:
  void draw();

  Runtime& m_runtime;
  std::chrono::steady_clock::time_point m_began, m_phase_began, m_drawn;
  ProgressState m_state;
};

// Runs what another runner runs; while it sleeps, and between calls, the progress is redrawn.
class TickingRunner final : public os::ProcessRunner {
 public:
  TickingRunner(os::ProcessRunner& runner, LiveProgress& progress)
      : m_runner(runner), m_progress(progress) {}

  void run_each(std::span<const os::Command> commands, std::size_t parallel,
                const os::ResultHandler& on_result) override;
  void fetch_each(std::span<const os::Fetch> fetches, std::size_t parallel,
                  const os::FollowUp& follow_up, const os::ResultHandler& on_result) override;
  void sleep(Millis duration) override;
  std::unique_ptr<os::Background> start(os::Command command, os::LineHandler on_line) override {
    return m_runner.start(std::move(command), std::move(on_line));
  }

 private:
  os::ResultHandler ticking(const os::ResultHandler& on_result);

  os::ProcessRunner& m_runner;
  LiveProgress& m_progress;
};

}  // namespace dr::cli
