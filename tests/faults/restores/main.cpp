#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/text.hpp"
#include "tests/faults/restores/run_seed.hpp"

// restore-faults --seeds A..B [--jobs N]: a restore for each seed, struck by faults, and a second
// one after it; all judged. Prints how often what occurred, and each breach with its log on stderr.
// restore-faults --seed S [-v]: one of them; -v prints its log.
namespace {

using namespace dr;
using namespace dr::test;

// How often something was reached, by its name.
using Counts = std::map<std::string, std::size_t>;

constexpr const char* k_restores = "restores";
constexpr const char* k_breaches = "breaches";

void count_ending(Counts& counts, const std::string& what, const Ending& ending) {
  ++counts[what + (ending.was_killed ? "killed" : "exit " + std::to_string(ending.code))];
}

void add(Counts& counts, const SeedRecord& record) {
  ++counts[k_restores];
  counts[k_breaches] += record.first.breaches.size() + record.second.breaches.size();
  ++counts["floor " + record.start.floor];
  ++counts["switch " + record.start.switch_was];
  ++counts["others " + record.start.others];
  for (const auto& [kind, count] : record.strikes) ++counts["fault " + std::string(kind)];
  if (record.strikes.empty()) ++counts["fault none"];
  count_ending(counts, "first run ", record.first.ending);
  count_ending(counts, "second run ", record.second.ending);
}

Counts run_seeds(std::uint64_t first, std::uint64_t last, std::uint64_t step) {
  Counts counts;
  for (std::uint64_t seed = first; seed <= last; seed += step) {
    const auto record = run_seed(seed);
    add(counts, record);
    if (!record.is_good()) fmt::print(stderr, "{}", log_of(seed, record));
  }
  return counts;
}

// A child that prints its counts into a pipe.
std::FILE* start_worker(std::uint64_t first, std::uint64_t last, std::uint64_t step) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no child");
  if (child > 0) {
    close(ends[1]);
    return fdopen(ends[0], "r");
  }
  close(ends[0]);
  std::FILE* out = fdopen(ends[1], "w");
  for (const auto& [name, count] : run_seeds(first, last, step))
    fmt::print(out, "{}\t{}\n", name, count);
  fmt::print(out, "done\t1\n");
  std::fclose(out);
  _exit(0);
}

Counts run_workers(std::uint64_t first, std::uint64_t last, std::uint64_t jobs) {
  captured_lkg();  // once, for all of them
  std::vector<std::FILE*> workers;
  for (std::uint64_t i = 0; i < jobs; ++i) workers.push_back(start_worker(first + i, last, jobs));
  Counts counts;
  for (std::FILE* worker : workers) {
    char line[256];
    while (std::fgets(line, sizeof line, worker) != nullptr) {
      const auto parts = split(trimmed(line), '\t');
      counts[parts.at(0)] += std::stoull(parts.at(1));
    }
    std::fclose(worker);
  }
  while (wait(nullptr) > 0) {
  }
  if (counts["done"] != jobs) throw std::runtime_error("a worker died");
  counts.erase("done");
  return counts;
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
  auto counts =
      run_workers(std::stoull(range.substr(0, dots)), std::stoull(range.substr(dots + 2)), jobs);
  const std::size_t restores = counts.at(k_restores), breaches = counts.at(k_breaches);
  const bool reached = reaches_everything(counts);
  counts.erase(k_restores);
  counts.erase(k_breaches);
  for (const auto& [name, count] : counts) fmt::print("{:6}  {}\n", count, name);
  fmt::print("{} restores, {} breaches of T1–T9\n", restores, breaches);
  return breaches == 0 && reached ? 0 : 1;
}

int run_one(std::uint64_t seed, bool verbose) {
  const auto record = run_seed(seed);
  if (verbose || !record.is_good()) fmt::print("{}", log_of(seed, record));
  return record.is_good() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) try {
  std::string seeds;
  std::uint64_t jobs = 1, seed = 0;
  bool verbose = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const auto value = [&]() -> std::string {
      if (++i == count) throw std::runtime_error(std::string(word) + " needs a value");
      return words[i];
    };
    if (word == "--seeds") {
      seeds = value();
    } else if (word == "--jobs") {
      jobs = std::stoull(value());
    } else if (word == "--seed") {
      seed = std::stoull(value());
    } else if (word == "-v") {
      verbose = true;
    } else {
      throw std::runtime_error("no such option: " + std::string(word));
    }
  }
  if (!seeds.empty()) return run_range(seeds, jobs);
  return run_one(seed, verbose);
} catch (const std::exception& error) {
  fmt::print(stderr, "restore-faults: {}\n", error.what());
  return 2;
}
