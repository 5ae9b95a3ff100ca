#include "common/lkg/volatile_objects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"
#include "common/os/atomic_file.hpp"

namespace dr::lkg {
namespace {

const std::vector<std::string> k_default_rules = {"ConfigMap/agenttrader-heartbeat-*"};

void check_rule(const std::string& rule, std::size_t line) {
  const auto slash = rule.find('/');
  const bool form = slash != std::string::npos && slash + 1 < rule.size();
  if (form && kube::is_type(rule.substr(0, slash))) return;
  throw Error(
      ExitCode::failed,
      fmt::format("ops/lkg/volatile line {}: \"{}\" is not KIND/GLOB", line, printable(rule)),
      "write it as in ConfigMap/agenttrader-heartbeat-*");
}

}  // namespace

VolatileObjects VolatileObjects::parse(std::string_view text) {
  std::vector<std::string> rules;
  std::size_t number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    const std::string rule(trimmed(std::string_view(line).substr(0, line.find('#'))));
    if (rule.empty()) continue;
    check_rule(rule, number);
    rules.push_back(rule);
  }
  return VolatileObjects(std::move(rules));
}

VolatileObjects VolatileObjects::load(const std::filesystem::path& directory) {
  const auto file = directory / "volatile";
  std::error_code ignored;
  // Only a file that is not there means the default; one that cannot be read is an error.
  if (std::filesystem::symlink_status(file, ignored).type() ==
      std::filesystem::file_type::not_found) {
    return VolatileObjects(k_default_rules);
  }
  return parse(os::read_file(file, 1 << 20));
}

VolatileObjects VolatileObjects::of_metadata(const Json& metadata) {
  if (!data::has(metadata, {"volatile"})) return VolatileObjects(k_default_rules);
  std::string text;
  for (const auto& rule : data::array_or_empty(metadata, {"volatile"})) {
    if (!rule.is_string()) throw Error(ExitCode::failed, "/volatile: expected strings");
    text += rule.get_ref<const std::string&>() + "\n";
  }
  return parse(text);
}

bool VolatileObjects::covers(const Json& object) const {
  const std::string key = kube::key_of(object).display();
  return std::any_of(m_rules.begin(), m_rules.end(),
                     [&](const std::string& rule) { return glob_matches(rule, key); });
}

}  // namespace dr::lkg
