#include "common/kube/kind_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/error.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

Get get_of(const Kind& kind, std::string_view ns, const std::string& version, Detail detail) {
  Get get{list_path(kind, ns)};
  if (!version.empty())
    get.path += fmt::format("?resourceVersion={}&resourceVersionMatch=Exact", version);
  get.is_long = kind.capture == Capture::never;
  get.limits.without = left_out(kind.kind, detail);
  get.limits.on_item = [&kind, detail](Json& item) {
    set_type(item, kind.api_version, kind.kind);
    reduce(item, detail);
  };
  return get;
}

}  // namespace

KindList::KindList(const Kind& kind, std::string_view ns, const std::string& version, Detail detail)
    : m_kind(&kind), m_get(get_of(kind, ns, version, detail)) {}

void KindList::take(Reply reply) {
  if (reply.error) {
    m_error = std::move(reply.error);
    return;
  }
  m_version = data::string_at(reply.value, {"metadata", "resourceVersion"});
  if (!data::string_or(reply.value, {"metadata", "continue"}, "").empty())
    throw_malformed("its end is missing");
  const auto found = reply.value.find("items");
  if (found == reply.value.end() || found->is_null()) return;
  if (!found->is_array()) throw_malformed("/items: expected an array");
  m_items = std::move(found->get_ref<Json::array_t&>());
  const auto other = std::ranges::find_if_not(m_items, &Json::is_object);
  if (other != m_items.end())
    throw_malformed(fmt::format("/items/{}: expected an object", other - m_items.begin()));
}

void KindList::throw_malformed(const std::string& cause) const {
  throw Error(ExitCode::failed, "failed to list " + m_kind->name() + ": " + cause);
}

void read_lists(const Kubectl& kubectl, std::span<KindList> lists) {
  std::vector<Get> gets;
  for (const auto& list : lists) gets.push_back(list.get());
  kubectl.get_each(gets, [&](std::size_t i, Reply reply) { lists[i].take(std::move(reply)); });
}

std::vector<Json> list_objects(const Kubectl& kubectl, const Kind& kind, Detail detail) {
  KindList list(kind, kubectl.target().ns, {}, detail);
  read_lists(kubectl, {&list, 1});
  if (list.error())
    throw Error(ExitCode::failed, "failed to list " + kind.name() + ": " + list.error()->text);
  return list.take_items();
}

}  // namespace dr::kube
