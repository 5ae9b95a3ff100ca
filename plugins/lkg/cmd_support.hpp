#pragma once

#include <string>
#include <vector>

#include "common/cli/command.hpp"
#include "common/data/json.hpp"
#include "common/data/json_diff.hpp"
#include "common/kube/halt_proof.hpp"
#include "common/lkg/lkg.hpp"
#include "plugins/lkg/image_check.hpp"
#include "plugins/lkg/preflight/check.hpp"

namespace CLI {
class App;
}

// What several verbs of kubectl lkg share.
namespace dr::lkg {

// --check-images of `plan` and `restore`.
void add_check_images(CLI::App& app, std::string& mode);
// What it asks for: "auto", the inventory file if there is one; "always", the registry itself;
// "never", nothing. Throws Error(usage) on another word, and when gcloud is needed and missing.
ImageCheck image_check(const std::string& mode, const Lkg& lkg, cli::Runtime& runtime,
                       const cli::GlobalOptions& globals);

// The checks of a preflight: each stop and then each warn, its cure below it, as both are
// sentences; a line names the others.
std::string table_of(const std::vector<Check>& checks);
Json to_json(const std::vector<Check>& checks);

Json to_json(const std::vector<kube::HaltProof>& proofs);
Json to_json(const std::vector<data::Difference>& differences);

}  // namespace dr::lkg
