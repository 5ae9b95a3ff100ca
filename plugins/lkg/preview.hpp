#pragma once

#include <string>
#include <vector>

#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {

// What a restore of an LKG would do now, and what is in its way. Pointers of the plan are into
// `live` and the Lkg.
struct Preview {
  Live live;
  Plan plan;
  std::vector<Check> checks;
  std::vector<std::string> warnings;
};

// Reads only. Whether a workload must restart is known when the switch reads "1" now; a restore
// that has to write the switch first restarts every workload that takes it. Throws what the restore
// would throw for a foreign cluster; any other refusal of its preflight is among the checks.
Preview preview_restore(const Lkg& lkg, const kube::Kubectl& kubectl, const Consent& consent,
                        const ImageCheck& check_images);

}  // namespace dr::lkg
