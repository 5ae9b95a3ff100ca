#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/exit_code.hpp"
#include "plugins/lkg/status/status.hpp"

namespace dr::lkg {

// Is trading halted? In the order of the danger.
enum class Halt {
  proven,        // the switch reads "1" and every container that takes it is proven halted
  no_namespace,  // nothing can run
  unproven,      // the switch reads "1", and that is all that is known
  released,      // the switch does not read "1", or there is none
  unknown,       // it cannot be read
};
std::string_view name_of(Halt halt);
Halt halt_of(const Status& status);

// The first line of a status.
struct StatusVerdict {
  Halt halt = Halt::unknown;
  bool restorable = false;  // the LKG is whole and of this namespace
  std::string word;         // "HALTED, restorable"
  std::string sentence;     // why, and what else is wrong
  std::string next_step;    // what to do now; empty when nothing is
  // ok: halted and proven, all read; failed: no LKG, or no namespace; incomplete: a part is
  // unknown; integrity: something on disk is damaged; unsafe: the halt is not proven. The higher
  // danger wins.
  ExitCode code = ExitCode::ok;
};
StatusVerdict judge(const Status& status);

// What may be how old; nullopt: any age, and none at all.
struct Bounds {
  std::optional<Millis> lkg;
  std::optional<Millis> backup;
  std::optional<Millis> inventory;
};

// Everything that --check fails for, one line each, the part's name first. Empty: all is well.
std::vector<std::string> problems_of(const Status& status, const Bounds& bounds);

// The parts that could not be read: name and reason.
struct Gap {
  std::string part;
  std::string reason;
};
std::vector<Gap> gaps_of(const Status& status);

}  // namespace dr::lkg
