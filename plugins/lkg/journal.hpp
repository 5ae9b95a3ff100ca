#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"
#include "common/os/clock.hpp"
#include "common/os/line_log.hpp"
#include "common/os/process_runner.hpp"

namespace dr::lkg {

// What one run did, as it did it: a JSON object a line (docs/formats.md). It is no reason to stop a
// run: what cannot be written ends the journal, with one warning.
class Journal {
 public:
  Journal(const os::Clock& clock, std::function<void(const std::string& line)> warn);

  // Begins <directory>/restore-<time>.jsonl. What is added before is dropped.
  void open(const std::filesystem::path& directory);
  void add(std::string_view event, Json members);

  const std::filesystem::path& path() const { return m_path; }  // empty when none was begun

 private:
  void end(const std::string& why);

  const os::Clock& m_clock;
  std::function<void(const std::string&)> m_warn;
  std::chrono::steady_clock::time_point m_began;
  std::filesystem::path m_path;
  std::optional<os::LineLog> m_log;
};

// Runs what another runner runs, and writes each call and how it ended into a journal. Never what a
// call was given to read, nor what it printed.
class JournaledRunner final : public os::ProcessRunner {
 public:
  JournaledRunner(os::ProcessRunner& runner, Journal& journal)
      : m_runner(runner), m_journal(journal) {}

  void run_each(std::span<const os::Command> commands, std::size_t parallel,
                const os::ResultHandler& on_result) override;
  void fetch_each(std::span<const os::Fetch> fetches, std::size_t parallel,
                  const os::FollowUp& follow_up, const os::ResultHandler& on_result) override;
  void sleep(Millis duration) override { m_runner.sleep(duration); }
  std::unique_ptr<os::Background> start(os::Command command, os::LineHandler on_line) override;

 private:
  void note(const os::Command& command, bool is_background);
  // Notes how the calls from `first` on end, and hands their results on.
  os::ResultHandler noting(std::size_t first, const os::ResultHandler& on_result);
  void note_end(std::size_t call, const os::ProcessResult& result);

  os::ProcessRunner& m_runner;
  Journal& m_journal;
  std::size_t m_calls = 0;
};

}  // namespace dr::lkg
