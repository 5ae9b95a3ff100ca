#pragma once

#include <string>

#include "common/cli/command.hpp"
#include "common/lkg/lkg.hpp"

namespace dr::cli {

// Which LKG: the current one, one of the history, or two files.
struct LkgSource {
  std::string from;
  std::string manifest;
  std::string metadata;
};
void add_lkg_source(CLI::App& app, LkgSource& source);
// Loads it and prints its warnings.
lkg::Lkg load_lkg(const LkgSource& source, Runtime& runtime, const GlobalOptions& globals);

}  // namespace dr::cli
