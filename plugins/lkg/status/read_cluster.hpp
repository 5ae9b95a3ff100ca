#pragma once

#include "common/kube/kubectl.hpp"
#include "plugins/lkg/status/read_disk.hpp"

namespace dr::lkg {

// One look at the cluster and at what was read from disk. Reads only. What cannot be read is an
// unknown part; throws Error(usage) alone, when kubectl cannot be started.
Status read_status(const kube::Kubectl& kubectl, DiskFacts disk, UtcTime now);

}  // namespace dr::lkg
