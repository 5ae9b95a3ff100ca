#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/cli/command.hpp"
#include "common/cli/live_progress.hpp"
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

struct RestoreResult;

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

// Shows a step of a restore, as it is recorded; lines of progress go beside it. `timeout`: of its
// rollouts.
void show_step(std::string_view event, const Json& members, Millis timeout,
               cli::LiveProgress& live);
void show_line(std::string_view line, cli::LiveProgress& live);

// Adds a run to the ledger: k_ledger_restore or k_ledger_drill. One that cannot be written is no
// reason to call the run failed: it is a warning.
void add_to_ledger(std::string_view kind, const RestoreResult& result, const std::string& ns,
                   cli::Runtime& runtime, const cli::GlobalOptions& globals);

Json to_json(const std::vector<kube::HaltProof>& proofs);
Json to_json(const std::vector<data::Difference>& differences);

}  // namespace dr::lkg
