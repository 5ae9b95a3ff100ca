#include "plugins/lkg/journal.hpp"

#include <fmt/format.h>

#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/command_line.hpp"

namespace dr::lkg {
namespace {

constexpr int k_runs_in_a_second = 100;

}  // namespace

Journal::Journal(const os::Clock& clock, std::function<void(const std::string&)> warn)
    : m_clock(clock), m_warn(std::move(warn)) {}

void Journal::open(const std::filesystem::path& directory) {
  m_began = m_clock.steady();
  const std::string name = "restore-" + timestamp_id(m_clock.now());
  try {
    // Two namespaces may be restored at the same second.
    for (int run = 1; run <= k_runs_in_a_second && !m_log; ++run) {
      m_path = directory / (run == 1 ? name + ".jsonl" : fmt::format("{}-{}.jsonl", name, run));
      m_log = os::LineLog::create(m_path);
    }
  } catch (const Error& error) {
    m_path.clear();
    end(error.what());
  }
}

void Journal::add(std::string_view event, Json members) {
  if (!m_log) return;
  const auto since = std::chrono::duration_cast<Millis>(m_clock.steady() - m_began);
  members["event"] = event;
  members["time"] = rfc3339(m_clock.now());
  members["ms"] = since.count();
  try {
    m_log->add(data::write_json(members, -1));
  } catch (const Error& error) {
    end(error.what());
  }
}

void Journal::end(const std::string& why) {
  m_log.reset();
  m_warn("there is no journal of this run from here on: " + why);
}

void JournaledRunner::note(const os::Command& command, bool is_background) {
  Json members = {{"call", ++m_calls}, {"command", printable(kube::command_line(command))}};
  if (is_background) members["background"] = true;
  m_journal.add("call", std::move(members));
}

std::vector<os::ProcessResult> JournaledRunner::run_all(std::span<const os::Command> commands,
                                                        std::size_t parallel) {
  std::size_t call = m_calls;
  for (const auto& command : commands) note(command, false);
  auto results = m_runner.run_all(commands, parallel);
  for (const auto& result : results) {
    Json members = {{"call", ++call},
                    {"took", result.elapsed.count()},
                    {"exitCode", result.exit_code},
                    {"bytes", result.out.size()}};
    if (result.signal != 0) members["signal"] = result.signal;
    if (result.timed_out) members["timedOut"] = true;
    m_journal.add("result", std::move(members));
  }
  return results;
}

std::unique_ptr<os::Background> JournaledRunner::start(os::Command command,
                                                       os::LineHandler on_line) {
  note(command, true);
  return m_runner.start(std::move(command), std::move(on_line));
}

}  // namespace dr::lkg
