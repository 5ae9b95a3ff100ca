#pragma once

#include <cstdint>
#include <filesystem>

#include "tests/faults/restores/counts.hpp"

namespace dr::test {

// The built kubectl-lkg on the stand-in for kubectl, struck from outside.
struct ProgramRuns {
  std::filesystem::path program;    // kubectl-lkg
  std::filesystem::path kubectl;    // the stand-in
  std::filesystem::path library;    // tests/faults/fault.c, built: a full disk
  std::filesystem::path directory;  // a scratch one
  std::size_t points = 0;           // calls that each kind of fault strikes; 0: all
};

// A restore that is struck at one call and a second one after it, for each kind of fault and call.
// Breaches go to stderr, with their logs.
Counts strike_program(const ProgramRuns& runs, std::uint64_t jobs);

}  // namespace dr::test
