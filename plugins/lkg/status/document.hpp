#pragma once

#include <string>
#include <vector>

#include "plugins/lkg/status/verdict.hpp"

namespace dr::lkg {

// The document of kind Status; a part that is unknown is null and named in `gaps`. `problems`: what
// --check fails for.
Json status_json(const Status& status, const std::vector<std::string>& problems);

// The text format of Prometheus, for the textfile collector of a node exporter. There is no metric
// of what is unknown, but kubectl_lkg_up for each part.
std::string status_metrics(const Status& status);

}  // namespace dr::lkg
