#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/cli/command.hpp"
#include "common/cli/command_line.hpp"
#include "plugins/arsnap/commands.hpp"
#include "plugins/drbackup/commands.hpp"
#include "plugins/lkg/commands.hpp"

namespace dr::test {

inline std::vector<cli::Program> all_programs() {
  return {lkg::program(), backup::program(), arsnap::program()};
}

inline std::unique_ptr<cli::CommandLine> command_line(const cli::Program& program) {
  return std::make_unique<cli::CommandLine>(program, "kubectl " + program.name);
}

// The pages of all plugins.
inline std::vector<cli::Page> all_pages() {
  std::vector<cli::Page> all;
  for (const auto& program : all_programs()) {
    for (auto& page : command_line(program)->pages()) all.push_back(std::move(page));
  }
  return all;
}

}  // namespace dr::test
