#pragma once

#include "common/cli/lkg_source.hpp"

namespace dr::lkg {

// `diff --to`: compares two LKGs on disk.
ExitCode diff_kept(const cli::LkgSource& from, const std::string& to, cli::Runtime& runtime,
                   const cli::GlobalOptions& globals);

}  // namespace dr::lkg
