#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/kube/writer.hpp"
#include "plugins/lkg/restore/plan.hpp"

namespace dr::lkg {

// What the API server says to one write of a plan.
struct Trial {
  kube::ObjectKey key;
  std::string_view write;   // "replace", "create", "delete"
  std::string_view answer;  // "accepted", "refused", "unknown"
  std::string text;         // why; empty when it is accepted
};

// Tries every write of the plan but those of the switch, which are the halt's. Nothing is kept.
// Unknown stays what a dry run cannot tell: the content of a namespace that is not there, and what
// is to be created where something else is still in its place.
std::vector<Trial> try_writes(const Lkg& lkg, const Live& live, const Plan& plan,
                              const kube::Writer::DryRun& writer);

}  // namespace dr::lkg
