#include "tests/faults/restores/counts.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

#include "common/base/text.hpp"

namespace dr::test {
namespace {

const std::string k_done = "done";

// A child that prints its counts into a pipe.
std::FILE* start(std::uint64_t number, const std::function<Counts(std::uint64_t)>& count) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("failed to make a pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("failed to fork");
  if (child > 0) {
    close(ends[1]);
    return fdopen(ends[0], "r");
  }
  close(ends[0]);
  std::FILE* out = fdopen(ends[1], "w");
  try {
    for (const auto& [name, times] : count(number)) fmt::print(out, "{}\t{}\n", name, times);
    fmt::print(out, "{}\t1\n", k_done);
  } catch (const std::exception& error) {
    fmt::print(stderr, "restore-faults: {}\n", error.what());
  }
  std::fclose(out);
  std::fflush(stderr);
  _exit(0);
}

}  // namespace

Counts count_in_parallel(std::uint64_t jobs, const std::function<Counts(std::uint64_t)>& count) {
  std::vector<std::FILE*> children;
  for (std::uint64_t i = 0; i < jobs; ++i) children.push_back(start(i, count));
  Counts counts;
  for (std::FILE* child : children) {
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), child) != nullptr) {
      const auto parts = split(trimmed(line.data()), '\t');
      counts[parts.at(0)] += std::stoull(parts.at(1));
    }
    std::fclose(child);
  }
  while (wait(nullptr) > 0) {
  }
  if (counts[k_done] != jobs) throw std::runtime_error("a child process died");
  counts.erase(k_done);
  return counts;
}

void print(Counts counts) {
  const std::size_t restores = counts[k_restores];
  const std::size_t breaches = counts[k_breaches];
  counts.erase(k_restores);
  counts.erase(k_breaches);
  for (const auto& [name, count] : counts) fmt::print("{:6}  {}\n", count, name);
  fmt::print("{} restores, {} breaches of T1–T9\n", restores, breaches);
}

}  // namespace dr::test
