#include "common/kube/kind_list.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

#include "common/base/error.hpp"
#include "common/kube/brief.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

constexpr std::array<std::string_view, 1> k_writers = {"managedFields"};

bool is_derived(const Kind& kind) {
  return kind.capture == Capture::never;
}

bool is_brief(const Kind& kind, Detail detail) {
  return detail == Detail::brief || (is_derived(kind) && kind.kind != "Pod");
}

Get get_of(const Kind& kind, std::string_view ns, const std::string& version, Detail detail) {
  Get get{list_path(kind, ns)};
  if (!version.empty())
    get.path += fmt::format("?resourceVersion={}&resourceVersionMatch=Exact", version);
  get.in_pages = is_derived(kind);
  if (is_brief(kind, detail)) {
    get.without = not_in_brief(kind.kind);
  } else if (get.in_pages) {
    get.without = k_writers;
  }
  return get;
}

}  // namespace

KindList::KindList(const Kind& kind, std::string_view ns, const std::string& version, Detail detail)
    : m_kind(&kind), m_is_brief(is_brief(kind, detail)), m_get(get_of(kind, ns, version, detail)) {}

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
    if (m_is_brief) make_brief(item);
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

std::vector<Json> list_objects(const Kubectl& kubectl, const Kind& kind) {
  KindList list(kind, kubectl.target().ns, {}, Detail::whole);
  read_lists(kubectl, {&list, 1});
  if (list.error())
    throw Error(ExitCode::failed, "failed to list " + kind.name() + ": " + list.error()->text);
  return list.take_items();
}

}  // namespace dr::kube
