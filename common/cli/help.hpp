#pragma once

#include <span>
#include <string>

#include "common/base/error.hpp"
#include "common/cli/command.hpp"

namespace dr::cli {

std::string full_name(const CLI::App& app);  // "kubectl lkg history list"

// The help page of the root, a verb or a nested verb, in kubectl's form. `commands` are the verbs
// of the root, built-in ones too.
std::string help_text(const CLI::App& app, std::span<const CommandSpec> commands);

// Error(usage) whose next step is the help page of `app`, after "did you mean" when there is a
// suggestion.
Error usage_error(const CLI::App& app, const std::string& cause,
                  const std::string& suggestion = {});

}  // namespace dr::cli
