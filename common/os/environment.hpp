#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dr::os {

// The environment variables of this process, read once.
class Environment {
 public:
  static Environment of_process();
  explicit Environment(std::map<std::string, std::string> variables);

  // An empty value counts as unset, as for most programs that scripts set up.
  std::optional<std::string> get(std::string_view name) const;
  bool is_set(std::string_view name) const;  // also when empty (NO_COLOR)

  // The executable file that a shell would run for `name`: as is when it holds a slash, else the
  // first hit of PATH.
  std::optional<std::filesystem::path> find_program(std::string_view name) const;

  // "NAME=value" lines for a child: this environment, with `set` put over it and `unset` removed.
  std::vector<std::string> for_child(const std::map<std::string, std::string>& set,
                                     const std::vector<std::string>& unset) const;

 private:
  std::map<std::string, std::string> m_variables;
};

}  // namespace dr::os
