#include "common/kube/kind_list.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "common/base/error.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

Get get_of(const Kind& kind, std::string_view ns, const std::string& version, Detail detail) {
  Get get{list_path(kind, ns)};
  if (!version.empty())
    get.path += fmt::format("?resourceVersion={}&resourceVersionMatch=Exact", version);
  get.in_pages = kind.capture == Capture::never;
  get.without = left_out(kind.kind, detail);
  return get;
}

}  // namespace

KindList::KindList(const Kind& kind, std::string_view ns, const std::string& version, Detail detail)
    : m_kind(&kind), m_detail(detail), m_get(get_of(kind, ns, version, detail)) {}

void KindList::take(Reply reply) {
  m_goes_on = false;
  if (reply.error) {
    m_error = std::move(reply.error);
    m_items.clear();
    return;
  }
  const Json& page = reply.value;
  if (m_version.empty()) m_version = data::string_at(page, {"metadata", "resourceVersion"});
  m_goes_on = !data::string_or(page, {"metadata", "continue"}, "").empty();
  const auto found = reply.value.find("items");
  if (found == reply.value.end() || found->is_null()) return;
  if (!found->is_array()) {
    throw Error(ExitCode::failed,
                "failed to list " + m_kind->name() + ": /items: expected an array");
  }
  for (auto& item : *found) {
    set_type(item, m_kind->api_version, m_kind->kind);
    reduce(item, m_detail);
    m_items.push_back(std::move(item));
  }
}

void KindList::require_end() const {
  if (m_goes_on)
    throw Error(ExitCode::failed, "failed to list " + m_kind->name() + ": its end is missing");
}

void read_lists(const Kubectl& kubectl, std::span<KindList> lists) {
  std::vector<Get> gets;
  for (const auto& list : lists) gets.push_back(list.get());
  kubectl.get_each(gets, [&](std::size_t i, Reply reply) { lists[i].take(std::move(reply)); });
  for (const auto& list : lists) list.require_end();
}

std::vector<Json> list_objects(const Kubectl& kubectl, const Kind& kind, Detail detail) {
  KindList list(kind, kubectl.target().ns, {}, detail);
  read_lists(kubectl, {&list, 1});
  if (list.error())
    throw Error(ExitCode::failed, "failed to list " + kind.name() + ": " + list.error()->text);
  return list.take_items();
}

}  // namespace dr::kube
