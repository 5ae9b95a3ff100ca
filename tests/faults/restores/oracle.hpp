#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/faults/restores/history.hpp"
#include "tests/unit/support/fake_store.hpp"

// Judges a restore by what the cluster saw of it. It reads none of the product's own decisions:
// what a call is, what is equal and who has read what is decided here once more.
//
//   T1  no body says anything but "1"
//   T2  nothing but the namespace and the switch is written before the first read-back of "1"
//   T3  between writes of two stages lies a read-back of "1"
//   T4  exit 0 only after a last halt and a read-back of "1" that follow all other writes
//   T5  a run that fails exits with another code than 0, and halts once more before that
//   T6  once halted, the switch leaves "1" by an adversary only, and then the exit code is 5
//   T7  after exit 0 every container that takes the switch knows it is halted
//   T8  a run after any other run holds T1-T7 and restores (run_seed.cpp)
//   T9  a halt that the report claims was read
namespace dr::test {

// One run: `calls` are its calls, `store` the cluster at its end, `reference` the cluster as the
// LKG has it.
std::vector<Breach> judge(const FakeStore& store, std::span<const CallRecord> calls,
                          const Ending& ending, const FakeStore& reference);

// What still differs from the reference; empty when nothing does.
std::string difference_from(const FakeStore& store, const FakeStore& reference);

// Containers whose application does not know that trading is halted, as "pod/container".
std::vector<std::string> trading_containers(const FakeStore& store);

CallRecord record_of(const os::Command& command);
bool is_switch_read(const CallRecord& call);
bool is_switch_write(const CallRecord& call);
bool is_mutation(const CallRecord& call);

}  // namespace dr::test
