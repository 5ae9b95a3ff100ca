#pragma once

#include <map>
#include <string>

#include "plugins/lkg/drill/rehearsed_lkg.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {

struct DrillResult {
  RestoreResult restore;  // into the throw-away namespace; its code, error and next step tell of
                          // the removal, too
  std::map<std::string, Millis>
      ready_after;       // workload: from the beginning until it was rolled out
  bool removed = false;  // the namespace is gone, or was never made
};

// Restores the rehearsal into its namespace, which `kubectl` is pinned to, and takes that away
// again, whatever happens: an error, a signal. Throws Error(refused), before any write, when the
// namespace exists already, Error(unsafe) when that cannot be told.
DrillResult drill(const DrillCopy& rehearsal, RestoreOptions options, const kube::Kubectl& kubectl,
                  const os::Clock& clock, const Progress& progress);

}  // namespace dr::lkg
