#include "common/os/git.hpp"

#include <array>

#include "common/base/text.hpp"

namespace dr::os {

GitFacts read_git_facts(const std::filesystem::path& root, const Environment& environment,
                        ProcessRunner& runner) {
  GitFacts facts{"UNKNOWN", "UNKNOWN"};
  const auto git = environment.find_program("git");
  if (!git) return facts;
  Command sha;
  sha.program = *git;
  sha.environment = environment.for_child({{"GIT_OPTIONAL_LOCKS", "0"}}, {});
  sha.timeout = Millis(10'000);
  Command branch = sha;
  sha.args = {"-C", root.string(), "rev-parse", "--verify", "HEAD"};
  branch.args = {"-C", root.string(), "rev-parse", "--abbrev-ref", "HEAD"};
  const auto results = runner.run_all(std::array{sha, branch}, 2);
  if (results[0].ok()) facts.sha = printable(trimmed(results[0].out));
  if (results[1].ok()) facts.branch = printable(trimmed(results[1].out));
  return facts;
}

}  // namespace dr::os
