#pragma once

#include <filesystem>
#include <string>

#include "common/data/json.hpp"

namespace dr::lkg {

// How the newest restore of the namespace went, by its journal (docs/formats.md): `journal`, `lkg`,
// `exitCode` (null: it did not come to its end), `ms`, the `deadline` of
// the rollouts (null: not come so far), and `bars`, each with its `lane` ("phase",
// "wave", "workload"), `name`, `from`, `to` (ms since the beginning) and `good`, in the order of
// the journal. null without a journal. Throws Error(failed) that names the line of a journal that
// is not as a restore writes it.
Json read_timeline(const std::filesystem::path& root, const std::string& ns);

// The same of one journal's text; `source` names it.
Json timeline_of(std::string_view text, const std::string& source);

}  // namespace dr::lkg
