#pragma once

#include <set>
#include <string>

#include "common/base/time.hpp"
#include "common/cli/command.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/lkg/lkg.hpp"

// What several verbs of kubectl arsnap share.
namespace dr::arsnap {

// The LKG, which must be of the namespace that -n names, if it names one.
lkg::Lkg read_lkg(const cli::LkgSource& source, cli::Runtime& runtime,
                  const cli::GlobalOptions& globals);

std::string lines_of_steps(const std::set<std::string>& steps);  // "next: ..." each

}  // namespace dr::arsnap
