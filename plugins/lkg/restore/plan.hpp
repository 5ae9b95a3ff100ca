#pragma once

#include <set>
#include <string>
#include <vector>

#include "common/kube/halt_proof.hpp"
#include "common/kube/kinds.hpp"
#include "plugins/lkg/drift.hpp"

namespace dr::lkg {

enum class Action {
  same,     // equal already
  create,   // not there
  change,   // there and different
  restart,  // equal, but its pods are replaced: one of them is not proven halted
  hold,     // an equal CronJob, suspended until everything is verified
  blocked,  // different in a field that no update can change
};
std::string_view name_of(Action action);

struct PlannedObject {
  ObjectDrift drift;
  Action action = Action::same;
  kube::Wave wave = kube::Wave::none;
  bool stamped = false;  // its template gets the restore id, so that every pod is replaced
  std::string rolls;     // why its pods are replaced; empty when they are not
  std::vector<data::Difference> immutable;  // of `blocked`
};

// What a restore would do, object by object.
struct Plan {
  std::vector<PlannedObject> objects;  // wave by wave, within one in manifest order
  std::vector<ObjectDrift> extras;
  kube::Allocated allocated = kube::Allocated::keep;
  std::string
      hash;  // over the LKG, what is live and what would be done: equal hashes mean an equal plan

  std::size_t count(Action action) const;
  // "37 equal, 3 to create, ...": every object and extra once.
  std::string summary() const;
};

// Workloads, "Deployment/web", of which a pod is not proven halted.
std::set<std::string> unproven_workloads(const Live& live,
                                         const std::vector<kube::HaltProof>& proofs);

// Points into `lkg` and `live`, which must outlive it. `to_restart`: workloads whose pods must be
// replaced.
Plan make_plan(const Lkg& lkg, const Live& live, kube::Allocated allocated,
               const std::set<std::string>& to_restart);

}  // namespace dr::lkg
