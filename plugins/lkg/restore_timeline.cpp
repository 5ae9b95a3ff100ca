#include "plugins/lkg/restore_timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/atomic_file.hpp"

namespace dr::lkg {
namespace {

constexpr std::size_t k_most_bytes = std::size_t{64} << 20;
// No restore lasts that long; what is drawn of it multiplies times by pixels.
constexpr std::int64_t k_longest = std::chrono::milliseconds(std::chrono::years(10)).count();

std::int64_t time_at(const Json& event, std::string_view member, std::int64_t fallback) {
  const std::int64_t ms = data::integer_or(event, {member}, fallback);
  if (ms > k_longest || ms < fallback)
    throw Error(ExitCode::failed, fmt::format("{} is no time of a restore", member));
  return ms;
}

// Builds the bars event by event. A phase ends where the next begins, and so does a wave, at the
// latest with the phase that it is of. A workload ends when it is settled, else with the rollouts.
class Timeline {
 public:
  void take(const Json& event) {
    const std::string& name = data::string_at(event, {"event"});
    const std::int64_t ms = time_at(event, "ms", -1);
    if (ms < m_now) throw Error(ExitCode::failed, "ms goes back, or is not there");
    m_now = ms;
    if (m_is_first != (name == "start")) {
      throw Error(ExitCode::failed, "a journal has one event start, its first");
    }
    m_is_first = false;
    if (m_ended) throw Error(ExitCode::failed, "an event after the end");
    if (name == "start") start(event);
    if (name == "phase") begin_phase(data::string_at(event, {"phase"}));
    if (name == "wave") begin_wave(data::string_at(event, {"wave"}));
    if (name == "rollouts") m_deadline = m_now + time_at(event, "deadline", 0);
    if (name == "workload") step(event);
    if (name == "end") end(event);
  }

  Json take_document(const std::string& source) {
    if (m_is_first) throw Error(ExitCode::failed, "it is empty");
    if (!m_ended) close_all(false);
    return {{"journal", source},        {"lkg", m_lkg},
            {"namespace", m_ns},        {"ms", m_now},
            {"exitCode", m_exit_code},  {"deadline", m_deadline},
            {"bars", std::move(m_bars)}};
  }

 private:
  static constexpr std::size_t k_none = SIZE_MAX;

  void start(const Json& event) {
    m_lkg = data::string_at(event, {"lkg"});
    m_ns = data::string_at(event, {"namespace"});
  }

  std::size_t open(std::string_view lane, const std::string& name) {
    m_bars.push_back(
        {{"lane", lane}, {"name", name}, {"from", m_now}, {"to", m_now}, {"good", false}});
    return m_bars.size() - 1;
  }

  void close(std::size_t& bar, bool good) {
    if (bar == k_none) return;
    m_bars[bar]["to"] = m_now;
    m_bars[bar]["good"] = good;
    bar = k_none;
  }

  void begin_phase(const std::string& name) {
    close(m_wave, true);
    close(m_phase, true);
    m_phase = open("phase", name);
  }

  void begin_wave(const std::string& name) {
    close(m_wave, true);
    m_wave = open("wave", name);
  }

  void step(const Json& event) {
    const std::string& name = data::string_at(event, {"workload"});
    const auto found = m_workloads.find(name);
    const std::size_t bar = found == m_workloads.end() ? open("workload", name) : found->second;
    m_workloads[name] = bar;
    m_bars[bar]["to"] = m_now;
    m_bars[bar]["good"] = data::boolean_or(event, {"settled"}, false);
  }

  void end(const Json& event) {
    const std::int64_t code = data::integer_or(event, {"exitCode"}, -1);
    if (code < 0) throw Error(ExitCode::failed, "an end without its exitCode");
    m_exit_code = code;
    m_ended = true;
    close_all(code == 0);
  }

  void close_all(bool good) {
    close(m_wave, good);
    close(m_phase, good);
    for (const auto& [name, bar] : m_workloads) {
      if (m_bars[bar].at("good") == false) m_bars[bar]["to"] = m_now;
    }
  }

  bool m_is_first = true;
  bool m_ended = false;
  std::int64_t m_now = 0;
  std::string m_lkg;
  std::string m_ns;
  Json m_exit_code;
  Json m_deadline;
  std::vector<Json> m_bars;
  std::size_t m_phase = k_none;
  std::size_t m_wave = k_none;
  std::map<std::string, std::size_t> m_workloads;
};

// Newest first: their names are times.
std::vector<std::filesystem::path> journals(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> paths;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(directory, failure), last;
       !failure && entry != last; entry.increment(failure)) {
    const auto& path = entry->path();
    if (glob_matches("restore-*.jsonl", path.filename().string())) paths.push_back(path);
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    throw Error(ExitCode::failed,
                fmt::format("failed to list {}: {}", directory.string(), failure.message()));
  }
  std::sort(paths.begin(), paths.end(),
            [](const auto& a, const auto& b) { return a.stem() > b.stem(); });
  return paths;
}

}  // namespace

Json timeline_of(std::string_view text, const std::string& source) {
  Timeline timeline;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::string place = fmt::format("{}, line {}", source, ++number);
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) throw Error(ExitCode::failed, place + ": it is cut off");
    try {
      timeline.take(data::read_json(text.substr(0, end), "event"));
    } catch (const Error& error) {
      throw Error(ExitCode::failed, fmt::format("{}: {}", place, error.what()));
    }
    text.remove_prefix(end + 1);
  }
  try {
    return timeline.take_document(source);
  } catch (const Error& error) {
    throw Error(ExitCode::failed, fmt::format("{}: {}", source, error.what()));
  }
}

Json read_timeline(const std::filesystem::path& root, const std::string& ns) {
  for (const auto& path : journals(root / "deploy_logs")) {
    Json timeline = timeline_of(os::read_file(path, k_most_bytes), path.filename().string());
    if (timeline.at("namespace") == ns) return timeline;
  }
  return nullptr;
}

}  // namespace dr::lkg
