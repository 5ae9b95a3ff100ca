#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/os/process_runner.hpp"

namespace dr::test {

inline os::ProcessResult succeeded(std::string out = {}) {
  os::ProcessResult result;
  result.exit_code = 0;
  result.out = std::move(out);
  return result;
}

inline os::ProcessResult failed(int exit_code, std::string err) {
  os::ProcessResult result;
  result.exit_code = exit_code;
  result.err = std::move(err);
  return result;
}

// A ProcessRunner that starts nothing: commands are answered from the queue, then by the handler;
// one that neither answers is a mistake of the test and throws std::logic_error. A fetch is
// answered as `kubectl get --raw` is; a `kubectl proxy` is dead from the beginning, unless it
// `serves_proxies`.
class FakeProcessRunner final : public os::ProcessRunner {
 public:
  std::function<os::ProcessResult(const os::Command&)> handler;
  std::function<void(Millis)> on_sleep;  // to move a FakeClock, or to throw Interrupted
  bool serves_proxies = false;

  void push(os::ProcessResult result) { m_queue.push_back(std::move(result)); }

  void run_each(std::span<const os::Command> commands, std::size_t /*parallel*/,
                const os::ResultHandler& on_result) override {
    for (std::size_t index = 0; index < commands.size(); ++index) {
      m_commands.push_back(commands[index]);
      on_result(index, answer(commands[index]));
    }
  }

  void fetch_each(std::span<const os::Fetch> fetches, std::size_t /*parallel*/,
                  const os::FollowUp& follow_up, const os::ResultHandler& on_result) override {
    std::deque<os::Fetch> all(fetches.begin(), fetches.end());
    for (std::size_t index = 0; index < all.size(); ++index) {
      os::Command command;
      command.args = {"get", "--raw", all[index].target};
      os::ProcessResult result = answer(command);
      if (!result.ok()) result.exit_code = result.exit_code > 1 ? result.exit_code : -1;
      m_fetches.push_back(all[index]);
      if (result.ok() && follow_up)
        std::ranges::move(follow_up(index, result.out), std::back_inserter(all));
      if (result.ok() && all[index].on_body) {
        result.handed_on = result.out.size();
        const auto middle = result.out.size() / 2;
        all[index].on_body(std::string_view(result.out).substr(0, middle));
        all[index].on_body(std::string_view(result.out).substr(middle));
        result.out.clear();
      }
      on_result(index, std::move(result));
    }
  }

  void sleep(Millis duration) override {
    m_sleeps.push_back(duration);
    if (on_sleep) on_sleep(duration);
  }

  // Remembered, not run: emit() plays its output, end_backgrounds() its death.
  std::unique_ptr<os::Background> start(os::Command command, os::LineHandler on_line) override {
    auto state = std::make_shared<BackgroundState>();
    if (std::ranges::find(command.args, "proxy") != command.args.end()) {
      state->running = serves_proxies;
      if (serves_proxies) on_line("Starting to serve on /socket");
      return std::make_unique<FakeBackground>(std::move(state));
    }
    m_backgrounds.push_back(std::move(command));
    state->on_line = std::move(on_line);
    m_background = state;
    return std::make_unique<FakeBackground>(std::move(state));
  }
  // A line of the running background command; the alarm that it raises, as the next call would
  // throw it.
  std::optional<Error> emit(std::string_view line) {
    const auto state = m_background.lock();
    return state && state->running ? state->on_line(line) : std::nullopt;
  }
  void end_backgrounds() {
    if (const auto state = m_background.lock()) state->running = false;
  }
  bool has_background() const { return !m_background.expired(); }

  const std::vector<os::Command>& backgrounds() const { return m_backgrounds; }
  const std::vector<os::Command>& commands() const { return m_commands; }
  const std::vector<os::Fetch>& fetches() const { return m_fetches; }
  const std::vector<Millis>& sleeps() const { return m_sleeps; }
  bool all_used() const { return m_queue.empty(); }

 private:
  struct BackgroundState {
    os::LineHandler on_line;
    bool running = true;
  };
  class FakeBackground final : public os::Background {
   public:
    explicit FakeBackground(std::shared_ptr<BackgroundState> state) : m_state(std::move(state)) {}
    bool is_running() const override { return m_state->running; }

   private:
    std::shared_ptr<BackgroundState> m_state;
  };

  os::ProcessResult answer(const os::Command& command) {
    if (!m_queue.empty()) {
      os::ProcessResult result = std::move(m_queue.front());
      m_queue.pop_front();
      return result;
    }
    if (handler) return handler(command);
    std::string line = "no scripted result for: " + command.program.string();
    for (const std::string& arg : command.args) line += " " + arg;
    throw std::logic_error(line);
  }

  std::weak_ptr<BackgroundState> m_background;
  std::vector<os::Command> m_backgrounds;
  std::deque<os::ProcessResult> m_queue;
  std::vector<os::Command> m_commands;
  std::vector<os::Fetch> m_fetches;
  std::vector<Millis> m_sleeps;
};

}  // namespace dr::test
