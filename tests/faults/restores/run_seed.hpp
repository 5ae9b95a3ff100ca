#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/faults/restores/floors.hpp"
#include "tests/faults/restores/injector.hpp"

namespace dr::test {

struct RunRecord {
  std::vector<CallRecord> calls;
  Ending ending;
  std::vector<Breach> breaches;
};

// A floor, a restore of it that is struck, and a second one that nothing disturbs. Where that one
// finds the switch immutable it refuses; then a person deletes the switch, and there is a third.
struct SeedRecord {
  Start start;
  std::vector<Fault> faults;
  bool is_watched = false;  // else the watch of the switch is deaf, and nothing may rest on it
  bool has_proxy = false;   // reads go through one `kubectl proxy`
  bool deletes = false;     // a rigid floor, restored with --recreate and --prune
  std::map<std::string_view, std::size_t> strikes;  // by kind of fault
  RunRecord first, second;
  std::optional<RunRecord> third;
  std::vector<StoreEvent> events;  // all writes of the switch, for the log

  std::size_t breaches() const {
    return first.breaches.size() + second.breaches.size() + (third ? third->breaches.size() : 0);
  }
  bool is_good() const { return breaches() == 0; }
};

// The same for the same seed.
SeedRecord run_seed(std::uint64_t seed);

// What happened, for a reader.
std::string text_of(std::string_view name, const RunRecord& run);
std::string log_of(std::uint64_t seed, const SeedRecord& record);

}  // namespace dr::test
