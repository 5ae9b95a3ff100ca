#pragma once

#include <filesystem>
#include <string>

#include "common/os/environment.hpp"
#include "common/os/process_runner.hpp"

namespace dr::os {

// What the repository at a root is at; "UNKNOWN" where git or a repository is missing.
struct GitFacts {
  std::string sha;
  std::string branch;
};

GitFacts read_git_facts(const std::filesystem::path& root, const Environment& environment,
                        ProcessRunner& runner);

}  // namespace dr::os
