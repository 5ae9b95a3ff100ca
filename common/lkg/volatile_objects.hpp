#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"

namespace dr::lkg {

// Objects whose data programs rewrite all the time: captured, created when missing, but the data of
// an existing one is neither compared nor written. Rules are KIND/GLOB, a line each, in
// ops/lkg/volatile; '*' and '?' are the only wildcards, '#' begins a comment.
class VolatileObjects {
 public:
  // Throws Error(failed) naming the line when a rule is not KIND/GLOB.
  static VolatileObjects parse(std::string_view text);
  // The rules of `directory`/volatile; without that file: ConfigMap/agenttrader-heartbeat-*.
  static VolatileObjects load(const std::filesystem::path& directory);
  // The rules that an LKG was captured with, which its metadata records; the default for an LKG
  // without them. Throws Error(failed) as parse does.
  static VolatileObjects of_metadata(const Json& metadata);

  bool covers(const Json& object) const;
  const std::vector<std::string>& rules() const { return m_rules; }

 private:
  explicit VolatileObjects(std::vector<std::string> rules) : m_rules(std::move(rules)) {}
  std::vector<std::string> m_rules;
};

}  // namespace dr::lkg
