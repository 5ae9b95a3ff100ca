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

void JournaledRunner::note_end(std::size_t call, const os::ProcessResult& result) {
  Json members = {{"call", call},
                  {"took", result.elapsed.count()},
                  {"exitCode", result.exit_code},
                  {"bytes", result.out.size() + result.handed_on}};
  if (result.signal != 0) members["signal"] = result.signal;
  if (result.timed_out) members["timedOut"] = true;
  m_journal.add("result", std::move(members));
}

void JournaledRunner::run_each(std::span<const os::Command> commands, std::size_t parallel,
                               const os::ResultHandler& on_result) {
  const std::size_t first = m_calls + 1;
  for (const auto& command : commands) note(command, false);
  m_runner.run_each(commands, parallel, noting(first, on_result));
}

void JournaledRunner::fetch_each(std::span<const os::Fetch> fetches, std::size_t parallel,
                                 const os::FollowUp& follow_up,
                                 const os::ResultHandler& on_result) {
  const std::size_t first = m_calls + 1;
  const auto note_fetch = [this](const os::Fetch& fetch) {
    m_journal.add("call", {{"call", ++m_calls}, {"get", printable(fetch.target)}});
  };
  for (const auto& fetch : fetches) note_fetch(fetch);
  const auto following = [&](std::size_t index, std::string_view head) {
    auto more = follow_up ? follow_up(index, head) : std::vector<os::Fetch>{};
    for (const auto& fetch : more) note_fetch(fetch);
    return more;
  };
  m_runner.fetch_each(fetches, parallel, following, noting(first, on_result));
}

os::ResultHandler JournaledRunner::noting(std::size_t first, const os::ResultHandler& on_result) {
  return [this, first, &on_result](std::size_t index, os::ProcessResult result) {
    note_end(first + index, result);
    on_result(index, std::move(result));
  };
}

std::unique_ptr<os::Background> JournaledRunner::start(os::Command command,
                                                       os::LineHandler on_line) {
  note(command, true);
  return m_runner.start(std::move(command), std::move(on_line));
}

}  // namespace dr::lkg
