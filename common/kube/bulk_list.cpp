#include "common/kube/bulk_list.hpp"

#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

void type_items(Reply& reply, const ListedResource& resource) {
  if (reply.error || !reply.value.is_object()) return;
  const auto items = reply.value.find("items");
  if (items == reply.value.end() || !items->is_array()) return;
  for (auto& item : *items) {
    if (!item.is_object()) continue;
    set_type(item, resource.api_version, resource.kind);
  }
}

}  // namespace

std::vector<Reply> list_all(const Kubectl& kubectl, std::span<const ListedResource> resources) {
  std::vector<std::string> paths;
  for (const auto& resource : resources)
    paths.push_back(list_path(resource.api_version, resource.plural, kubectl.target().ns));
  auto replies = kubectl.get_all(paths);
  for (std::size_t i = 0; i < replies.size(); ++i) type_items(replies[i], resources[i]);
  return replies;
}

}  // namespace dr::kube
