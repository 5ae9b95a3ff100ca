#pragma once

#include <string>

#include "common/cli/command.hpp"
#include "common/kube/kubectl.hpp"
#include "plugins/lkg/preview.hpp"

namespace CLI {
class App;
}

// What `plan` and `restore --dry-run=server` do.
namespace dr::lkg {

// The flags of both verbs that change what a restore does.
void add_consent(CLI::App& app, Consent& consent);
void add_dry_run(CLI::App& app, std::string& mode);
// Whether it says "server"; Error(usage) when it says another thing than that or "none".
bool is_dry_run(const std::string& mode);

struct PlanRequest {
  Consent consent;
  ImageCheck check_images;
  std::string expect_plan;  // refuse another hash; "" is any
  bool try_writes = false;  // asks admission about every write
};

// Prints the plan, and what admission answers. Throws Error(refused) when a restore would refuse
// the plan, and Error(incomplete) when a write that was tried is not accepted.
ExitCode show_plan(const Lkg& lkg, const PlanRequest& request, const kube::Kubectl& kubectl,
                   cli::Runtime& runtime, const cli::GlobalOptions& globals);

}  // namespace dr::lkg
