#include "common/kube/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

// kubectl before 1.26 prints "[get list]" for "get,list".
constexpr std::string_view k_old_verbs = " [";

std::vector<std::string> columns_of(const std::string& line) {
  std::vector<std::string> columns;
  for (auto& part : split(line, ' ')) {
    if (!part.empty()) columns.push_back(std::move(part));
  }
  return columns;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void set_verbs(Resource& resource, const std::vector<std::string>& verbs) {
  resource.listable = contains(verbs, "list");
  resource.writable = contains(verbs, "create") && contains(verbs, "update");
}

// NAME [SHORTNAMES] APIVERSION NAMESPACED KIND [VERBS] [CATEGORIES]: an empty column leaves no
// trace, but only NAMESPACED is "true" or "false".
Resource parse_row(const std::string& line, std::size_t number) {
  const auto columns = columns_of(line);
  const auto flag = std::find_if(columns.begin(), columns.end(), [](const std::string& column) {
    return column == "true" || column == "false";
  });
  const auto before = flag - columns.begin();
  if ((before != 2 && before != 3) || columns.end() - flag < 2) {
    throw Error(ExitCode::failed,
                fmt::format("failed to read kubectl api-resources: line {} is not a resource: {}",
                            number, printable(line)));
  }
  Resource resource;
  resource.plural = columns[0];
  if (before == 3) resource.short_names = split(columns[1], ',');
  resource.api_version = *(flag - 1);
  resource.namespaced = *flag == "true";
  resource.kind = *(flag + 1);
  if (columns.end() - flag > 2) set_verbs(resource, split(*(flag + 2), ','));
  return resource;
}

// The resources of one group version, from its own APIResourceList.
std::vector<Resource> resources_of(const Json& list, const std::string& group_version) {
  std::vector<Resource> resources;
  for (const auto& entry : data::array_or_empty(list, {"resources"})) {
    Resource resource;
    resource.plural = data::string_at(entry, {"name"});
    if (resource.plural.find('/') != std::string::npos) continue;  // a subresource
    resource.api_version = group_version;
    resource.kind = data::string_at(entry, {"kind"});
    resource.namespaced = data::boolean_or(entry, {"namespaced"}, false);
    std::vector<std::string> verbs;
    for (const auto& verb : data::array_or_empty(entry, {"verbs"})) {
      if (verb.is_string()) verbs.push_back(verb.get<std::string>());
    }
    set_verbs(resource, verbs);
    resources.push_back(std::move(resource));
  }
  return resources;
}

[[noreturn]] void throw_undiscovered(const std::string& cause) {
  throw Error(ExitCode::failed, "failed to ask the API server what it serves: " + cause,
              "check the connection to the cluster, then run it again");
}

std::vector<std::string> silent_groups(const Json& group_list,
                                       const std::vector<Resource>& resources) {
  std::set<std::string_view> heard;
  for (const auto& resource : resources) heard.insert(group_of(resource.api_version));
  std::vector<std::string> silent;
  for (const auto& group : data::array_or_empty(group_list, {"groups"})) {
    if (!heard.contains(data::string_at(group, {"name"})))
      silent.push_back(data::string_at(group, {"preferredVersion", "groupVersion"}));
  }
  return silent;
}

}  // namespace

std::string Resource::name() const {
  const auto group = group_of(api_version);
  return group.empty() ? plural : fmt::format("{}.{}", plural, group);
}

std::vector<Resource> parse_api_resources(std::string_view text) {
  std::vector<Resource> resources;
  std::size_t number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    if (!trimmed(line).empty()) resources.push_back(parse_row(line, number));
  }
  return resources;
}

Discovery discover(const Kubectl& kubectl) {
  const auto answer = kubectl.read({"api-resources", "-o", "wide", "--no-headers"});
  // kubectl before aggregated discovery exits with 1 when a group is dead, and prints the others.
  const bool answered = answer.ok() || (answer.exit_code == 1 && !answer.out.empty());
  if (!answered) throw_undiscovered(api_error_of(answer).text);
  const std::string groups_path = "/apis";
  const Reply groups = std::move(kubectl.get_all({&groups_path, 1}).front());
  if (groups.error) throw_undiscovered(groups.error->text);
  Discovery discovery;
  discovery.resources = parse_api_resources(answer.out);
  if (answer.out.find(k_old_verbs) != std::string::npos) {
    throw Error(
        ExitCode::usage,
        "this kubectl is too old: its api-resources does not list verbs as 1.26 and newer do",
        "name a newer kubectl with --kubectl or $KUBECTL");
  }
  if (std::none_of(discovery.resources.begin(), discovery.resources.end(),
                   [](const Resource& resource) { return resource.listable; })) {
    throw_undiscovered("kubectl api-resources names nothing that can be listed");
  }
  const auto silent = silent_groups(groups.value, discovery.resources);
  std::vector<std::string> paths;
  for (const auto& group_version : silent) paths.push_back("/apis/" + group_version);
  auto replies = kubectl.get_all(paths);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (replies[i].error) {
      // It has gone since, as a group does with its last CustomResourceDefinition.
      if (replies[i].error->reason == ApiReason::not_found) continue;
      discovery.dead.push_back({silent[i], *replies[i].error});
      continue;
    }
    for (auto& resource : resources_of(replies[i].value, silent[i]))
      discovery.resources.push_back(std::move(resource));
  }
  return discovery;
}

}  // namespace dr::kube
