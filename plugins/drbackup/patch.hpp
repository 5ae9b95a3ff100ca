#pragma once

#include <string>

#include "common/os/environment.hpp"
#include "common/os/process_runner.hpp"
#include "plugins/drbackup/comparison.hpp"

namespace dr::backup {

// The changes as a unified patch between a/<file> and b/<file>, by one `diff -u` as kubectl diff
// does it. What the comparison does not count is in neither file. Throws Error(usage) when there is
// no diff program.
std::string unified_patch(const Comparison& comparison, kube::Allocated allocated,
                          const os::Environment& environment, os::ProcessRunner& runner);

}  // namespace dr::backup
