#pragma once

#include <vector>

#include "common/data/json_diff.hpp"
#include "common/kube/blame.hpp"
#include "common/kube/field_rules.hpp"
#include "common/kube/object.hpp"
#include "common/lkg/lkg.hpp"
#include "common/lkg/volatile_objects.hpp"
#include "plugins/lkg/live.hpp"

namespace dr::lkg {

enum class DriftKind { same, changed, missing, extra };
std::string_view name_of(DriftKind kind);

// How one object stands to the LKG. The pointers are into the Lkg and the Live that were compared.
struct ObjectDrift {
  kube::ObjectKey key;
  DriftKind kind = DriftKind::same;
  std::vector<data::Difference> differences;  // LKG left, live right; of `changed`
  const Json* lkg = nullptr;                  // not of `extra`
  const Json* live = nullptr;                 // not of `missing`
  std::vector<data::Difference> defaulted;    // what the server filled in since, which is no drift
};

// How `live`, nullptr when it is missing, stands to one object of an LKG; the data of a volatile
// one is not compared.
ObjectDrift drift_between(const Json& lkg, const Json* live, kube::Allocated allocated,
                          const VolatileObjects& volatiles);

// Every object of the LKG, in manifest order, then the extras: the user's objects of captured kinds
// that it does not hold, except those that its capture left out on record. The data of volatile
// objects is not compared.
//
// A field that is live only and that nobody set (kube::is_set_by_somebody) was filled in by the
// server: where it is of another minor version than the LKG's, and in a custom resource, whose
// definition may have got a default since. No write can remove it.
std::vector<ObjectDrift> find_drift(const Lkg& lkg, const Live& live, kube::Allocated allocated);

// Who is behind an object's drift: one for each difference, or one for all of an object that is
// missing or extra. Throws Error(failed) on managedFields that are not as the API defines them.
std::vector<kube::Blame> blames_of(const ObjectDrift& drift);

// Node ports of an LKG hold on the cluster it was captured on.
kube::Allocated allocated_on(const Lkg& lkg, const std::string& cluster_uid);

}  // namespace dr::lkg
