#pragma once

#include <string_view>
#include <vector>

#include "common/backup/backup.hpp"
#include "common/kube/discovery.hpp"

namespace dr::backup {

// What a backup reads, by resource: every namespaced resource that can be listed and is not left
// out, as far as the selection asks for it, and those kinds of an LKG that the server does not
// serve, as absent. Throws Error(usage) when the selection names a kind that nobody knows, or one
// that is left out.
std::vector<Coverage> planned_coverage(const std::vector<kube::Resource>& resources,
                                       const Selection& selection);

// The selection's --exclude names the object (not only its kind).
bool is_excluded(const Selection& selection, const Coverage& coverage, std::string_view name);

// Those of `objects` that stand for themselves: without what a controller makes from another object
// of the backup, or from a kind that is left out, and without Endpoints that follow a Service's
// selector.
std::vector<Json> without_derived(std::vector<Json> objects);

}  // namespace dr::backup
