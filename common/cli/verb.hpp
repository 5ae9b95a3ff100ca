#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "common/cli/command.hpp"
#include "common/data/json.hpp"
#include "common/kube/kubectl.hpp"

// What the verbs of all plugins share.
namespace dr::cli {

// kubectl pinned to the target of the global options; -v prints its calls.
kube::Kubectl connect(Runtime& runtime, const GlobalOptions& globals);

// The value of a duration flag. Throws Error(usage) naming the flag.
Millis duration_flag(std::string_view flag, const std::string& value);

// Prints a result: `text` as the table form, else `document` with its apiVersion, as JSON or YAML.
void print_result(Runtime& runtime, const GlobalOptions& globals, std::string_view kind,
                  Json document, const std::string& text);

// Lines on stderr, each with the seconds since it was made.
std::function<void(std::string_view)> progress_lines(Runtime& runtime);

// A value of a difference, short enough for a table; "<absent>" when there is none.
std::string shown(const std::optional<Json>& value);

}  // namespace dr::cli
