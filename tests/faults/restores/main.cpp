#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/faults/restores/counts.hpp"
#include "tests/faults/restores/program_runs.hpp"
#include "tests/faults/restores/run_seed.hpp"

// restore-faults --seeds A..B [--jobs N]: a restore for each seed, struck by faults, and a second
// one
//   after it, all judged. Prints how often what occurred, and each breach with its log on stderr.
// restore-faults --seed S [-v]: one of them; -v prints its log.
// restore-faults --program KUBECTL-LKG --kubectl STAND-IN --library FAULT --dir SCRATCH [--points
// N]
//   [--jobs N]: the same of the program itself, at N calls for each kind of fault (default: at
//   all).
namespace {

using namespace dr;
using namespace dr::test;

void count_ending(Counts& counts, const std::string& what, const Ending& ending) {
  ++counts[what + (ending.was_killed ? "killed" : "exit " + std::to_string(ending.code))];
}

void add(Counts& counts, const SeedRecord& record) {
  ++counts[k_restores];
  counts[k_breaches] += record.breaches();
  ++counts["floor " + record.start.floor];
  ++counts["switch " + record.start.switch_was];
  ++counts["others " + record.start.others];
  ++counts[record.is_watched ? "watch hears" : "watch deaf"];
  ++counts[record.has_proxy ? "through a proxy" : "without a proxy"];
  for (const auto& [kind, count] : record.strikes) ++counts["fault " + std::string(kind)];
  if (record.strikes.empty()) ++counts["fault none"];
  count_ending(counts, "first run ", record.first.ending);
  count_ending(counts, "second run ", record.second.ending);
  if (record.third) count_ending(counts, "third run ", record.third->ending);
}

// A harness that reaches nothing proves nothing.
bool reaches_everything(const Counts& counts) {
  const std::size_t restores = counts.at(k_restores);
  constexpr std::size_t k_enough = 500;
  if (restores < k_enough) return true;
  bool good = true;
  const auto require = [&](const std::string& name) {
    const auto found = counts.find(name);
    const std::size_t count = found == counts.end() ? 0 : found->second;
    if (count * 200 >= restores) return;
    fmt::print(stderr, "reached too seldom: {} ({} of {})\n", name, count, restores);
    good = false;
  };
  for (const auto kind : fault_kinds()) require("fault " + std::string(kind));
  for (const char* name : {"first run exit 0", "first run exit 3", "first run exit 4",
                           "first run exit 5", "first run killed", "fault none"})
    require(name);
  return good;
}

int run_range(const std::string& range, std::uint64_t jobs) {
  const auto dots = range.find("..");
  if (dots == std::string::npos) throw std::runtime_error("--seeds is A..B");
  const std::uint64_t first = std::stoull(range.substr(0, dots));
  const std::uint64_t last = std::stoull(range.substr(dots + 2));
  captured_lkg();  // once, for all of them
  const auto counts = count_in_parallel(jobs, [&](std::uint64_t worker) {
    Counts own;
    for (std::uint64_t seed = first + worker; seed <= last; seed += jobs) {
      const auto record = run_seed(seed);
      add(own, record);
      if (!record.is_good()) fmt::print(stderr, "{}", log_of(seed, record));
    }
    return own;
  });
  const bool reached = reaches_everything(counts);
  print(counts);
  return counts.at(k_breaches) == 0 && reached ? 0 : 1;
}

int run_one(std::uint64_t seed, bool verbose) {
  const auto record = run_seed(seed);
  if (verbose || !record.is_good()) fmt::print("{}", log_of(seed, record));
  return record.is_good() ? 0 : 1;
}

int run_program(const ProgramRuns& runs, std::uint64_t jobs) {
  const auto counts = strike_program(runs, jobs);
  print(counts);
  return counts.at(k_breaches) == 0 ? 0 : 1;
}

std::string take(std::map<std::string, std::string>& options, const std::string& name,
                 const std::string& fallback = "") {
  const auto found = options.find(name);
  if (found == options.end()) return fallback;
  std::string value = found->second;
  options.erase(found);
  return value;
}

}  // namespace

int main(int count, char** words) try {
  std::map<std::string, std::string> options;
  for (int i = 1; i < count; ++i) {
    const std::string name = words[i];
    if (name == "-v") {
      options[name] = "yes";
    } else if (i + 1 < count) {
      options[name] = words[++i];
    } else {
      throw std::runtime_error(name + " needs a value");
    }
  }
  const std::uint64_t jobs = std::stoull(take(options, "--jobs", "1"));
  const std::string seeds = take(options, "--seeds");
  const std::string seed = take(options, "--seed");
  const bool verbose = !take(options, "-v").empty();
  const ProgramRuns runs = {take(options, "--program"), take(options, "--kubectl"),
                            take(options, "--library"), take(options, "--dir"),
                            std::stoull(take(options, "--points", "0"))};
  if (!options.empty()) throw std::runtime_error("no such option: " + options.begin()->first);
  if (!seeds.empty()) return run_range(seeds, jobs);
  if (!seed.empty()) return run_one(std::stoull(seed), verbose);
  if (!runs.program.empty()) return run_program(runs, jobs);
  throw std::runtime_error("nothing to do: --seeds, --seed or --program");
} catch (const std::exception& error) {
  fmt::print(stderr, "restore-faults: {}\n", error.what());
  return 2;
}
