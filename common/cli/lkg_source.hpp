#pragma once

#include <optional>
#include <string>

#include "common/cli/command.hpp"
#include "common/lkg/lkg.hpp"
#include "common/lkg/lkg_store.hpp"

namespace dr::cli {

// Which LKG: the current one, one of the history, or two files.
struct LkgSource {
  std::string from;
  std::string manifest;
  std::string metadata;
  std::optional<std::string> allowed_signers;  // the file; else ops/lkg's, when it is there
};
void add_lkg_source(CLI::App& app, LkgSource& source);
// Loads it and prints its warnings.
lkg::Lkg load_lkg(const LkgSource& source, Runtime& runtime, const GlobalOptions& globals);

// The LKGs of the root, which must be signed where there is a file that says by whom. Throws
// Error(usage) when `allowed_signers` names a file that is not there.
lkg::LkgStore open_lkgs(Runtime& runtime, const GlobalOptions& globals,
                        const std::optional<std::string>& allowed_signers = {});

}  // namespace dr::cli
