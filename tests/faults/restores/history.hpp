#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/data/json.hpp"
#include "common/os/process_runner.hpp"

namespace dr::test {

inline const std::string k_adversary = "adversary";  // the writer of all that is done on purpose

// One kubectl call of a restore, as the cluster saw it.
struct CallRecord {
  std::vector<std::string> args;  // from the verb on
  std::string input;
  std::vector<Json> bodies{};                 // of the input and of -p
  std::string fault;                          // what was done to it; empty: nothing
  std::uint64_t began = 0;                    // the store's revision that it met
  std::uint64_t ended = 0;                    // and after it, and after what an adversary did then
  std::optional<os::ProcessResult> answer{};  // what the caller was told; nullopt: nothing any more
};

// How a run ended, in its own words.
struct Ending {
  bool was_killed = false;    // by SIGKILL: it says nothing
  bool lost_kubectl = false;  // from some call on nothing that it tries is seen
  int code = 0;
  // Its report says that the switch reads "1" at the end; nullopt: there is no report to read.
  std::optional<bool> claims_halted{};
  std::string error{};
};

struct Breach {
  int invariant;  // 2 is T2
  std::string what;
};

}  // namespace dr::test
