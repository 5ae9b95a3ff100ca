#pragma once

#include <set>
#include <string>
#include <vector>

#include "common/kube/halt_proof.hpp"
#include "common/kube/kinds.hpp"
#include "plugins/lkg/drift.hpp"
#include "plugins/lkg/restore/extras.hpp"

namespace dr::lkg {

enum class Action {
  same,      // equal already
  create,    // not there
  change,    // there and different
  restart,   // equal, but its pods are replaced: one of them is not proven halted
  hold,      // an equal CronJob, suspended until everything is verified
  recreate,  // different in a field that no update can change: deleted and created
  blocked,   // the same, but that is not agreed to, or never done to such an object
};
std::string_view name_of(Action action);

// What the operator agrees to beyond what a restore does by itself.
struct Consent {
  bool recreate = false;
  bool prune = false;                // deletes what is not in the LKG
  bool preserve_node_ports = false;  // asks another cluster for the LKG's
  bool allow_different_cluster = false;
  bool allow_gitops = false;  // restores what Argo CD or Flux may write back
};

struct PlannedObject {
  ObjectDrift drift;
  Action action = Action::same;
  kube::Wave wave = kube::Wave::none;
  bool stamped = false;  // its template gets the restore id, so that every pod is replaced
  std::string rolls;     // why its pods are replaced; empty when they are not
  std::vector<data::Difference> immutable;  // of `recreate` and `blocked`
  std::string objection;  // of `blocked`: why it is never recreated; empty: consent is all it takes
};

// What a restore would do, object by object.
struct Plan {
  std::vector<PlannedObject> objects;  // wave by wave, within one in manifest order
  std::vector<Extra> extras;
  Consent consent;
  kube::Allocated allocated = kube::Allocated::keep;
  std::set<std::string> doomed_pods;  // uids: they go with an extra that is pruned
  std::string hash;  // over the LKG, the consent, and each object as it is: see hash_of in plan.cpp

  std::size_t count(Action action) const;
  bool deletes(const Extra& extra) const { return consent.prune && extra.stays.empty(); }
  bool is_empty() const;  // a restore would neither write nor delete anything
  // "37 equal, 3 to create, ...": every object and extra once.
  std::string summary() const;
};

// Workloads, "Deployment/web", of which a pod is not proven halted.
std::set<std::string> unproven_workloads(const Live& live,
                                         const std::vector<kube::HaltProof>& proofs);

// Points into `lkg` and `live`, which must outlive it. `cluster_uid`: the cluster of `live`.
// `to_restart`: workloads whose pods must be replaced.
Plan make_plan(const Lkg& lkg, const Live& live, const std::string& cluster_uid,
               const std::set<std::string>& to_restart, const Consent& consent);

// Refuses (ExitCode::refused) a plan of another hash; "" is any.
void require_expected(const Plan& plan, const std::string& hash);
// Refuses (ExitCode::refused) a plan with blocked objects: each with the fields and both values.
void require_unblocked(const Plan& plan);

}  // namespace dr::lkg
