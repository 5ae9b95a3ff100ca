#include "common/kube/bulk_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

using Group = std::vector<std::size_t>;  // indexes of resources

// The form that names one version of one group for kubectl: "deployments.v1.apps",
// "configmaps.v1.".
std::string kubectl_name(const ListedResource& resource) {
  const std::string_view version = resource.api_version;
  return fmt::format("{}.{}.{}", resource.plural, version.substr(version.rfind('/') + 1),
                     group_of(version));
}

std::vector<Group> groups_of(std::size_t resources) {
  std::vector<Group> groups(std::min(resources, Kubectl::k_parallel));
  for (std::size_t i = 0; i < resources; ++i) groups[i % groups.size()].push_back(i);
  return groups;
}

std::vector<std::string> command_of(const Group& group, std::span<const ListedResource> resources) {
  std::vector<std::string> names;
  for (const std::size_t i : group) names.push_back(kubectl_name(resources[i]));
  return {"get", join(names, ","), "-o", "json"};
}

// Whose list an item belongs to; npos when nobody asked for it.
std::size_t owner_of(const Json& item, const Group& group,
                     std::span<const ListedResource> resources) {
  const auto& kind = data::string_at(item, {"kind"});
  const auto& api_version = data::string_at(item, {"apiVersion"});
  const auto found = std::find_if(group.begin(), group.end(), [&](std::size_t i) {
    return resources[i].kind == kind && resources[i].api_version == api_version;
  });
  return found == group.end() ? std::string::npos : *found;
}

// The lists of a group, by index; nullopt when the process failed, or printed anything but them.
std::optional<std::map<std::size_t, Json>> lists_of(const os::ProcessResult& result,
                                                    const Group& group,
                                                    std::span<const ListedResource> resources) {
  if (!result.ok()) return std::nullopt;
  try {
    Json list = data::read_json(result.out, "answer of kubectl get");
    std::map<std::size_t, Json> lists;
    for (const std::size_t i : group) lists[i] = {{"items", Json::array()}};
    const auto items = list.find("items");
    if (items == list.end() || !items->is_array()) return std::nullopt;
    for (auto& item : *items) {
      const std::size_t owner = owner_of(item, group, resources);
      if (owner == std::string::npos) return std::nullopt;
      lists[owner]["items"].push_back(std::move(item));
    }
    return lists;
  } catch (const Error&) {
    return std::nullopt;  // the lists are read one by one then, which tells whose answer it is
  }
}

void type_items(Reply& reply, const ListedResource& resource) {
  if (reply.error || !reply.value.is_object()) return;
  const auto items = reply.value.find("items");
  if (items == reply.value.end() || !items->is_array()) return;
  for (auto& item : *items) {
    if (!item.is_object()) continue;
    set_type(item, resource.api_version, resource.kind);
  }
}

void read_one_by_one(const Kubectl& kubectl, const Group& group,
                     std::span<const ListedResource> resources, std::vector<Reply>& replies) {
  std::vector<std::string> paths;
  for (const std::size_t i : group) {
    paths.push_back(list_path(resources[i].api_version, resources[i].plural, kubectl.target().ns));
  }
  auto answers = kubectl.get_all(paths);
  for (std::size_t i = 0; i < group.size(); ++i) {
    type_items(answers[i], resources[group[i]]);
    replies[group[i]] = std::move(answers[i]);
  }
}

}  // namespace

std::vector<Reply> list_all(const Kubectl& kubectl, std::span<const ListedResource> resources) {
  std::vector<Reply> replies(resources.size());
  if (resources.empty()) return replies;
  const auto groups = groups_of(resources.size());
  std::vector<std::vector<std::string>> commands;
  for (const auto& group : groups) commands.push_back(command_of(group, resources));
  auto results = kubectl.read_all(commands);
  Group failed;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    auto lists = lists_of(results[i], groups[i], resources);
    results[i] = {};  // its text can be hundreds of megabytes
    if (!lists) {
      failed.insert(failed.end(), groups[i].begin(), groups[i].end());
      continue;
    }
    for (auto& [index, list] : *lists) replies[index].value = std::move(list);
  }
  if (!failed.empty()) read_one_by_one(kubectl, failed, resources, replies);
  return replies;
}

}  // namespace dr::kube
