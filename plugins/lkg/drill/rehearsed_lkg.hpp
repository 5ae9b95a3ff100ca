#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/lkg/lkg.hpp"

namespace dr::lkg {

// On each namespace that a drill makes, with the drill's id: none without it is ever deleted.
inline constexpr std::string_view k_drill_label = "agenttrader.dev/drill";

// What a drill does without, or changes: a copy of the floor must reach nothing, be reached by
// nothing, take nothing from the floor and cost little.
struct DrillChange {
  std::string object;
  std::string pointer;  // empty: the object is left out
  std::string reason;
};

struct DrillCopy {
  Lkg lkg;                    // of the throw-away namespace; its first fence denies all traffic
  std::vector<Json> secrets;  // those that its workloads name: the keys, with empty values
  std::vector<DrillChange> changes;
};

// How many pods a drill starts: one of each workload, or none, which tries admission alone.
enum class DrillPods { one, none };

// The LKG as a drill restores it into `ns`; docs/drill.md has the rules. Throws nothing of its own.
DrillCopy rehearse(const Lkg& lkg, const std::string& ns, const std::string& id, DrillPods pods);

}  // namespace dr::lkg
