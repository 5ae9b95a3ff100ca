#pragma once

#include <vector>

#include "common/data/json.hpp"
#include "common/data/json_diff.hpp"
#include "common/kube/halt_proof.hpp"

// What several verbs of kubectl lkg share.
namespace dr::lkg {

Json to_json(const std::vector<kube::HaltProof>& proofs);
Json to_json(const std::vector<data::Difference>& differences);

}  // namespace dr::lkg
