#include "common/kube/name_lists.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/json.hpp"
#include "common/data/yaml_codec.hpp"
#include "common/kube/kubectl.hpp"
#include "common/os/atomic_file.hpp"

namespace dr::kube {
namespace {

constexpr Millis k_deadline{1'500};
constexpr Millis k_grace{200};
constexpr std::size_t k_max_output = std::size_t{4} << 20;

// What kubectl prints; nothing when it fails.
std::string output_of(const NameSource& source, std::vector<std::string> args) {
  if (source.program.empty()) return {};
  os::Command command;
  command.program = source.program;
  command.args = source.flags.others;
  if (!source.flags.context.empty()) command.args.push_back("--context=" + source.flags.context);
  command.args.insert(command.args.end(), std::make_move_iterator(args.begin()),
                      std::make_move_iterator(args.end()));
  command.environment = child_environment(source.environment);
  command.timeout = k_deadline;
  command.grace = k_grace;
  command.max_output = k_max_output;
  os::ProcessResult result = source.runner.run(command);
  return result.ok() ? std::move(result.out) : std::string();
}

// As client-go finds them: --kubeconfig alone, else those of $KUBECONFIG, else the one in HOME.
std::vector<std::filesystem::path> kubeconfig_files(const NameSource& source) {
  constexpr std::string_view k_flag = "--kubeconfig=";
  const auto& flags = source.flags.others;
  const auto named = std::find_if(flags.rbegin(), flags.rend(), [&](const std::string& flag) {
    return flag.starts_with(k_flag);
  });
  if (named != flags.rend()) return {named->substr(k_flag.size())};
  if (const auto list = source.environment.get("KUBECONFIG")) {
    const auto files = split(*list, ':');
    return {files.begin(), files.end()};
  }
  const auto home = source.environment.get("HOME");
  if (!home) return {};
  return {std::filesystem::path(*home) / ".kube" / "config"};
}

void add_names(const std::filesystem::path& file, std::string_view list,
               std::set<std::string>& names) {
  try {
    for (const Json& config : data::read_yaml(os::read_file(file, k_max_output), file.string())) {
      for (const Json& entry : data::array_or_empty(config, {list})) {
        names.insert(data::string_at(entry, {"name"}));
      }
    }
  } catch (const Error&) {
    return;  // a file that is not there or cannot be read: the others may still help
  }
}

}  // namespace

std::vector<std::string> kubeconfig_names(const NameSource& source, std::string_view list) {
  std::set<std::string> names;
  for (const auto& file : kubeconfig_files(source)) add_names(file, list, names);
  return {names.begin(), names.end()};
}

std::vector<std::string> namespace_names(const NameSource& source) {
  // --raw asks once; without it kubectl asks a dead server several times what a namespace is.
  const std::string answer = output_of(source, {"get", "--raw", "/api/v1/namespaces?limit=500"});
  if (answer.empty()) return {};
  std::vector<std::string> names;
  const Json list = data::read_json(answer, "the namespaces");
  for (const Json& ns : data::array_or_empty(list, {"items"})) {
    names.push_back(data::string_at(ns, {"metadata", "name"}));
  }
  return names;
}

}  // namespace dr::kube
