#pragma once

#include <string>
#include <string_view>

namespace dr::cli {

// completions/kubectl_complete-<plugin>, which kubectl runs.
std::string kubectl_completion(const std::string& plugin);

// What the shell "bash", "zsh" or "fish" sources to complete kubectl-<plugin> called directly. All
// names carry the plugin's, so that they meet no other script's.
std::string shell_completion(std::string_view shell, const std::string& plugin);

}  // namespace dr::cli
