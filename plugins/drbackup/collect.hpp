#pragma once

#include "common/backup/backup.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::backup {

// Reads the namespace of kubectl's target: discovery once, then the lists of all kinds in a few
// processes. A kind that cannot be read is an outcome. The backup's Provenance lacks git's SHA and
// the tool's version. Throws Error(failed) when the namespace does not exist or the API server
// cannot be asked, and Error(usage) as planned_coverage does.
Backup collect(const kube::Kubectl& kubectl, const Selection& selection, const BackupId& id);

}  // namespace dr::backup
