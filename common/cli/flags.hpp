#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/cli/command.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace dr::cli {

// The groups of the global flags, which help prints apart from a verb's own flags.
inline constexpr char k_global_group[] = "Global Options";
inline constexpr char k_kubectl_group[] = "Connection Options";

// What -o takes: json, yaml, table, and the verb's own.
std::vector<std::string> output_formats(const std::vector<std::string>& more_outputs);

// The flags that every verb takes, declared on the root, where CLI11 finds them after a verb too.
class GlobalFlags {
 public:
  explicit GlobalFlags(CLI::App& root);  // binds members: this object must stay where it is
  GlobalFlags(const GlobalFlags&) = delete;
  GlobalFlags& operator=(const GlobalFlags&) = delete;

  // --color and --quiet; before resolve(), so that its errors already look as the user wants.
  void apply(Terminal& terminal, const os::Environment& environment) const;
  // `more_outputs`: the verb's own values of -o. Throws Error(usage) on a value that cannot be
  // right.
  GlobalOptions resolve(const os::Environment& environment,
                        const std::filesystem::path& current_directory,
                        const std::vector<std::string>& more_outputs = {}) const;

 private:
  void declare_kubectl_flags(CLI::App& root);
  void declare_own_flags(CLI::App& root);
  kube::ConnectionFlags connection() const;
  std::filesystem::path root(const std::filesystem::path& current_directory) const;
  std::filesystem::path gcloud(const os::Environment& environment,
                               const std::filesystem::path& current_directory) const;

  const CLI::App& m_app;
  std::optional<std::string> m_namespace;
  std::optional<std::string> m_context;
  std::vector<const CLI::Option*> m_forwarded;
  std::optional<std::string> m_root;
  std::optional<std::string> m_kubectl;
  std::optional<std::string> m_gcloud;
  std::string m_output = "table";
  std::string m_color = "auto";
  bool m_quiet = false;
  bool m_verbose = false;
};

}  // namespace dr::cli
