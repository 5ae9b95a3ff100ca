#pragma once

#include <string>
#include <vector>

#include "common/cli/command.hpp"
#include "common/data/json.hpp"
#include "common/kube/halt_proof.hpp"
#include "common/kube/kubectl.hpp"
#include "plugins/lkg/lkg.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace CLI {
class App;
}

// What several verbs of kubectl lkg share.
namespace dr::lkg {

// kubectl pinned to the target of the global options; -v prints its calls.
kube::Kubectl connect(cli::Runtime& runtime, const cli::GlobalOptions& globals);

// Which LKG: the current one, one of the history, or two files.
struct LkgSource {
  std::string from;
  std::string manifest;
  std::string metadata;
};
void add_lkg_source(CLI::App& app, LkgSource& source);
// Loads it and prints its warnings.
Lkg load_lkg(const LkgSource& source, cli::Runtime& runtime, const cli::GlobalOptions& globals);

// The value of a duration flag. Throws Error(usage) naming the flag.
Millis duration_flag(std::string_view flag, const std::string& value);

// Prints a result: `text` as the table form, else `document` with its apiVersion, as JSON or YAML.
void print_result(cli::Runtime& runtime, const cli::GlobalOptions& globals, std::string_view kind,
                  Json document, const std::string& text);

// Lines on stderr, each with the seconds since it was made.
Progress progress_lines(cli::Runtime& runtime);

// A value of a difference, short enough for a table; "<absent>" when there is none.
std::string shown(const std::optional<Json>& value);

Json to_json(const std::vector<kube::HaltProof>& proofs);
Json to_json(const std::vector<data::Difference>& differences);

}  // namespace dr::lkg
