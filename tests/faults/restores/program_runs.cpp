#include "tests/faults/restores/program_runs.hpp"

#include <fmt/format.h>

#include <csignal>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/process_runner.hpp"
#include "tests/faults/restores/floors.hpp"
#include "tests/faults/restores/model_file.hpp"
#include "tests/faults/restores/oracle.hpp"
#include "tests/faults/restores/run_seed.hpp"

namespace dr::test {
namespace {

namespace fs = std::filesystem;

// Beside the faults of one call: those of the whole run, and of the disk ("disk N": its Nth call
// that writes; "count": none of them, but they are counted).
struct Case {
  std::string how;
  std::size_t call = 0;
};

constexpr std::size_t k_all = static_cast<std::size_t>(-1);

struct Way {
  std::string_view how;
  std::size_t share;  // of the points: all, every second, ...; k_all: one case
};
constexpr std::array<Way, 13> k_ways = {{{"KILL-before", 1},
                                         {"KILL-after", 1},
                                         {"TERM-before", 2},
                                         {"TERM-after", 2},
                                         {"INT-after", 3},
                                         {"HUP-after", 3},
                                         {"fail-before", 2},
                                         {"fail-after", 2},
                                         {"vanish", 2},
                                         {"hang-before", k_all},
                                         {"closed-output", k_all},
                                         {"full-output", k_all},
                                         {"disk", k_all}}};
constexpr std::size_t k_disk_points = 4;  // for each point of another way

// One namespace, its LKG and a program that restores it.
class Scene {
 public:
  Scene(const ProgramRuns& runs, fs::path directory)
      : m_runs(runs), m_directory(std::move(directory)) {
    fs::create_directories(m_directory);
    restore_kubectl();
  }

  fs::path model() const { return m_directory / "model"; }
  fs::path root() const { return m_directory / "root"; }

  os::ProcessResult run(std::vector<std::string> args, const Case& one, std::size_t since) const {
    std::vector<std::string> words = {m_runs.program.string()};
    words.insert(words.end(), args.begin(), args.end());
    words.insert(words.end(), {"--root", root().string(), "--kubectl", kubectl().string(), "-n",
                               k_floor, "-o", "json"});
    os::Command command;
    command.program = "/bin/sh";
    command.args = {"-c", "exec \"$0\" \"$@\"" + redirection(one)};
    command.args.insert(command.args.end(), words.begin(), words.end());
    command.environment = {"PATH=/usr/bin:/bin", "HOME=" + m_directory.string(),
                           "DR_MODEL=" + model().string(),
                           "DR_MODEL_SINCE=" + std::to_string(since)};
    if (one.how == "disk") {
      command.environment.insert(command.environment.end(),
                                 {"LD_PRELOAD=" + m_runs.library.string(), "DR_FAULT_HOW=ENOSPC",
                                  "DR_FAULT_CALL=" + std::to_string(one.call)});
    } else if (one.how == "count") {
      command.environment.insert(command.environment.end(),
                                 {"LD_PRELOAD=" + m_runs.library.string(),
                                  "DR_FAULT_COUNT=" + disk_calls_file().string()});
    } else if (redirection(one).empty() && !one.how.empty()) {
      command.environment.push_back(fmt::format("DR_MODEL_FAULT={} {}", one.call, one.how));
    }
    os::SystemProcessRunner runner;
    return runner.run(command);
  }

  RunRecord restore(const Case& one) const {
    std::size_t since = 0;
    {
      const ModelFile file(model());
      since = file.calls().size();
    }
    const auto result = run({"restore", "--soak", "0"}, one, since);
    const ModelFile file(model());
    RunRecord record;
    record.calls.assign(file.calls().begin() + static_cast<std::ptrdiff_t>(since),
                        file.calls().end());
    record.ending = ending_of(result);
    record.ending.lost_kubectl = one.how == "vanish";
    const os::SystemClock clock;
    record.breaches =
        judge(file.cluster(clock).store(), record.calls, record.ending, captured_floor().store());
    return record;
  }

  // Of a run that was counted.
  std::size_t disk_calls() const {
    return split(os::read_file(disk_calls_file()), '\n').size() - 1;
  }

  // What holds the namespace for a run that is dead has expired.
  void expire_lease() const {
    const os::SystemClock clock;
    ModelFile file(model());
    FakeCluster cluster = file.cluster(clock);
    for (const auto& lease : cluster.all("Lease")) cluster.remove("Lease", kube::name_of(lease));
    file.add(cluster);
  }

  void restore_kubectl() const {
    fs::remove(kubectl());
    fs::create_symlink(m_runs.kubectl, kubectl());
  }

 private:
  fs::path kubectl() const { return m_directory / "kubectl"; }
  fs::path disk_calls_file() const { return m_directory / "disk"; }

  static std::string redirection(const Case& one) {
    if (one.how == "closed-output") return " >&- 2>&-";
    if (one.how == "full-output") return " >/dev/full 2>/dev/full";
    return {};
  }

  static Ending ending_of(const os::ProcessResult& result) {
    Ending ending;
    ending.was_killed = result.signal == SIGKILL;
    ending.code = result.exit_code;
    ending.error = result.err;
    try {
      const Json report = data::read_json(result.out, "report");
      ending.claims_halted = data::boolean_or(report, {"haltedAtEnd"}, false);
    } catch (const Error&) {
      ending.claims_halted.reset();
    }
    return ending;
  }

  const ProgramRuns& m_runs;
  fs::path m_directory;
};

// A floor of which an LKG was captured by the program itself, and which is spoiled since.
void set_stage(const Scene& scene) {
  const os::SystemClock clock;
  fs::create_directory(scene.root());
  {
    ModelFile file(scene.model());
    file.add(FakeCluster(clock, captured_floor().store().events()));
  }
  const auto captured = scene.run({"capture"}, {}, 0);
  if (!captured.ok()) throw std::runtime_error("the capture failed: " + captured.err);
  std::vector<StoreEvent> events;
  {
    const ModelFile file(scene.model());
    events = file.events();
  }
  fs::remove(scene.model());
  ModelFile file(scene.model());
  FakeCluster cluster(clock, events);
  spoil(cluster);
  file.add(cluster);
}

std::vector<Case> cases_of(std::size_t calls, std::size_t disk_calls, std::size_t points) {
  std::vector<Case> cases;
  const std::size_t step = points == 0 ? 1 : std::max<std::size_t>(1, calls / points);
  for (const auto& way : k_ways) {
    if (way.how == "disk") {
      const std::size_t disk_step =
          points == 0 ? 1 : std::max<std::size_t>(1, disk_calls / (k_disk_points * points));
      for (std::size_t call = 1; call <= disk_calls; call += disk_step)
        cases.push_back({"disk", call});
    } else if (way.share == k_all) {
      cases.push_back({std::string(way.how), 3});  // of a hang: the first write of the switch
    } else {
      // Each kind begins elsewhere, so that together they strike more calls.
      for (std::size_t call = cases.size() % step; call < calls;
           call += points == 0 ? 1 : step * way.share)
        cases.push_back({std::string(way.how), call});
    }
  }
  return cases;
}

Counts strike(const ProgramRuns& runs, const Scene& stage, const Case& one, std::size_t number) {
  const fs::path directory = runs.directory / std::to_string(number);
  const Scene scene(runs, directory);
  fs::copy(stage.root(), scene.root(), fs::copy_options::recursive);
  fs::copy_file(stage.model(), scene.model());
  Counts counts;
  const auto record = scene.restore(one);
  scene.restore_kubectl();
  scene.expire_lease();
  auto second = scene.restore({});
  if (second.ending.code != 0) second.breaches.push_back({8, "the second run does not restore"});
  counts[k_restores] = 1;
  counts[k_breaches] = record.breaches.size() + second.breaches.size();
  ++counts["fault " + one.how];
  ++counts[record.ending.was_killed ? "first run killed"
                                    : fmt::format("first run exit {}", record.ending.code)];
  ++counts[fmt::format("second run exit {}", second.ending.code)];
  if (counts[k_breaches] > 0) {
    fmt::print(stderr, "{} at {}\n{}{}", one.how, one.call, text_of("first run", record),
               text_of("second run", second));
  }
  fs::remove_all(directory);
  return counts;
}

}  // namespace

Counts strike_program(const ProgramRuns& runs, std::uint64_t jobs) {
  const Scene stage(runs, runs.directory / "stage");
  set_stage(stage);
  const Scene whole(runs, runs.directory / "whole");
  fs::copy(stage.root(), whole.root(), fs::copy_options::recursive);
  fs::copy_file(stage.model(), whole.model());
  const auto undisturbed = whole.restore({"count"});
  if (undisturbed.ending.code != 0 || !undisturbed.breaches.empty())
    throw std::runtime_error("undisturbed:\n" + text_of("run", undisturbed));
  const auto cases = cases_of(undisturbed.calls.size(), whole.disk_calls(), runs.points);
  return count_in_parallel(jobs, [&](std::uint64_t worker) {
    Counts counts;
    for (std::size_t i = worker; i < cases.size(); i += jobs) {
      for (const auto& [name, count] : strike(runs, stage, cases[i], i)) counts[name] += count;
    }
    return counts;
  });
}

}  // namespace dr::test
