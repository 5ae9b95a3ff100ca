#pragma once

#include <map>
#include <vector>

#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {

// These objects as they are now, one list for each of their kinds; what is not there is left out.
// Throws Error(incomplete) when a kind cannot be listed.
std::map<kube::ObjectKey, Json> read_again(const RestoreRun& run,
                                           const std::vector<kube::ObjectKey>& keys);

}  // namespace dr::lkg
