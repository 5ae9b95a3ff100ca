#pragma once

#include <cstddef>
#include <deque>
#include <functional>
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
// one that neither answers is a mistake of the test and throws std::logic_error.
class FakeProcessRunner final : public os::ProcessRunner {
 public:
  std::function<os::ProcessResult(const os::Command&)> handler;
  std::function<void(Millis)> on_sleep;  // to move a FakeClock, or to throw Interrupted

  void push(os::ProcessResult result) { m_queue.push_back(std::move(result)); }

  std::vector<os::ProcessResult> run_all(std::span<const os::Command> commands,
                                         std::size_t /*parallel*/) override {
    std::vector<os::ProcessResult> results;
    for (const os::Command& command : commands) {
      m_commands.push_back(command);
      results.push_back(answer(command));
    }
    return results;
  }

  void sleep(Millis duration) override {
    m_sleeps.push_back(duration);
    if (on_sleep) on_sleep(duration);
  }

  const std::vector<os::Command>& commands() const { return m_commands; }
  const std::vector<Millis>& sleeps() const { return m_sleeps; }
  bool all_used() const { return m_queue.empty(); }

 private:
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

  std::deque<os::ProcessResult> m_queue;
  std::vector<os::Command> m_commands;
  std::vector<Millis> m_sleeps;
};

}  // namespace dr::test
