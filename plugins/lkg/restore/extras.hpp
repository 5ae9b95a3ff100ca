#pragma once

#include <string>

#include "common/base/time.hpp"
#include "common/kube/object.hpp"
#include "plugins/lkg/live.hpp"

namespace dr::lkg {

// An object of the LKG's kinds that is not in the LKG.
struct Extra {
  kube::ObjectKey key;
  std::string uid;
  std::string owner;       // "Rollout/web", else the field manager that made it; may be empty
  std::string created;     // RFC 3339
  bool runs_pods = false;  // a rogue workload, or a schedule
  std::string stays;       // why a prune leaves it; empty: it is deleted
};

Extra extra_of(const Json& object, const Live& live);
// "runs pods, of kubectl-create, 4m05s old".
std::string origin_text(const Extra& extra, UtcTime now);

// Why a restore never deletes that object, neither to create it anew nor to prune it; empty when it
// may. Secrets are not read, so what owns one is not seen.
std::string why_never_deleted(const Json& object, const Live& live);

}  // namespace dr::lkg
