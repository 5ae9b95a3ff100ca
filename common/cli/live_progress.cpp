#include "common/cli/live_progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/columns.hpp"
#include "common/base/text.hpp"
#include "common/cli/window.hpp"

namespace dr::cli {
namespace {

constexpr std::size_t k_most = 8;
constexpr std::size_t k_usual_columns = 80;
constexpr Millis k_second{1'000};

}  // namespace

std::vector<BlockLine> block_of(const ProgressState& state, std::size_t columns) {
  std::string head = state.phase + ": " + format_duration(state.elapsed);
  if (state.limit) head += " of " + format_duration(*state.limit);
  if (!state.detail.empty()) head += ", " + state.detail;
  std::vector<BlockLine> lines = {{Color::bold, head}};

  std::size_t widest = 0;
  for (const auto& [name, what] : state.waiting) widest = std::max(widest, width_of(name));
  const auto add = [&](bool in_trouble) {
    for (const auto& [name, what] : state.waiting) {
      if (what.second != in_trouble || lines.size() > k_most) continue;
      lines.push_back({in_trouble ? Color::red : Color::none,
                       fmt::format("  {:<{}}  {}", name, widest, what.first)});
    }
  };
  add(true);
  add(false);
  const std::size_t shown = lines.size() - 1;
  if (shown < state.waiting.size())
    lines.push_back({Color::none, fmt::format("  and {} more", state.waiting.size() - shown)});
  for (auto& line : lines) line.text = cut(printable(line.text), columns);
  return lines;
}

LiveProgress::LiveProgress(Runtime& runtime)
    : m_runtime(runtime),
      m_began(runtime.clock.steady()),
      m_phase_began(m_began),
      m_drawn(m_began) {}

LiveProgress::~LiveProgress() {
  m_runtime.terminal.show_block({});
}

void LiveProgress::line(std::string_view text) {
  const std::chrono::duration<double> elapsed = m_runtime.clock.steady() - m_began;
  m_runtime.terminal.info(fmt::format("[{:6.1f}s] {}", elapsed.count(), text));
}

void LiveProgress::phase(std::string_view name, std::optional<Millis> limit) {
  m_state = {std::string(name), {}, {}, limit, {}};
  m_phase_began = m_runtime.clock.steady();
  draw();
}

void LiveProgress::detail(std::string_view text) {
  m_state.detail = text;
  draw();
}

void LiveProgress::wait_only_for(Waiting waiting) {
  m_state.waiting = std::move(waiting);
  draw();
}

void LiveProgress::wait_for(const std::string& name, const std::string& state, bool in_trouble) {
  m_state.waiting[name] = {state, in_trouble};
  draw();
}

void LiveProgress::done(const std::string& name) {
  if (m_state.waiting.erase(name) > 0) draw();
}

void LiveProgress::tick() {
  if (m_runtime.clock.steady() - m_drawn >= k_second) draw();
}

void LiveProgress::draw() {
  if (!is_live() || m_state.phase.empty()) return;
  m_drawn = m_runtime.clock.steady();
  m_state.elapsed = std::chrono::duration_cast<Millis>(m_drawn - m_phase_began);
  // The last column stays free: a terminal may break the line there.
  const auto columns = terminal_columns(STDERR_FILENO).value_or(k_usual_columns);
  m_runtime.terminal.show_block(block_of(m_state, columns - 1));
}

void TickingRunner::run_each(std::span<const os::Command> commands, std::size_t parallel,
                             const os::ResultHandler& on_result) {
  m_progress.tick();
  m_runner.run_each(commands, parallel, ticking(on_result));
}

void TickingRunner::fetch_each(std::span<const os::Fetch> fetches, std::size_t parallel,
                               const os::FollowUp& follow_up, const os::ResultHandler& on_result) {
  m_progress.tick();
  m_runner.fetch_each(fetches, parallel, follow_up, ticking(on_result));
}

os::ResultHandler TickingRunner::ticking(const os::ResultHandler& on_result) {
  return [this, &on_result](std::size_t index, os::ProcessResult result) {
    m_progress.tick();
    on_result(index, std::move(result));
  };
}

void TickingRunner::sleep(Millis duration) {
  while (duration > k_second && m_progress.is_live()) {
    m_runner.sleep(k_second);
    duration -= k_second;
    m_progress.tick();
  }
  m_runner.sleep(duration);
  m_progress.tick();
}

}  // namespace dr::cli
