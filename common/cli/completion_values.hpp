#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/cli/command.hpp"

namespace dr::cli {

// Completes a value by the type name of its option, as CLI11 tells it: "FILE", "DIR", "NAMESPACE",
// "CONTEXT", "CLUSTER", "USER", "LKG", "KIND/NAME" (of the current LKG), or the values themselves,
// "auto|always|never" and "TEXT:{none,started}" (a check by CLI::IsMember). Other types have no
// candidates.
Candidates values_of_type(std::string_view type, const Completion& completion);

Candidates one_of(const std::vector<std::string>& values);

// Ids of the kept LKGs, the newest first, with their age.
Candidates lkg_ids(const Completion& completion);

}  // namespace dr::cli
