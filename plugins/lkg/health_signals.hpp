#pragma once

#include "plugins/lkg/health_report.hpp"

namespace dr::lkg {

// What an operator looks for first, by name: rows of `signal` ("OOMKILLED", "CRASHLOOP",
// "IMAGEPULL", "PENDING", "STALLED", "HPA-AT-MAX", "PVC-PENDING", "NODE-PRESSURE"), `object` and
// `message`, one sentence. In the order of these names, then by object. Throws Error(failed) on an
// object that is not as the API serves it.
Json signal_rows(const HealthFacts& facts);

}  // namespace dr::lkg
