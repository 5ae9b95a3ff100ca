#include "common/kube/kind_list.hpp"

#include <fmt/format.h>

#include <utility>

#include "common/base/error.hpp"
#include "common/kube/brief.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {
namespace {

// As many as kubectl itself asks for at a time.
constexpr std::string_view k_page = "limit=500";

bool is_paged(const Kind& kind) {
  return kind.capture == Capture::never;
}

// RFC 3986, 2.3.
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string query_value(std::string_view text) {
  std::string value;
  for (const char c : text) {
    if (is_unreserved(c)) {
      value += c;
    } else {
      value += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return value;
}

}  // namespace

KindList first_page(const Kind& kind, std::string_view ns, const std::string& version) {
  KindList list(kind);
  list.next = list_path(kind, ns);
  char separator = '?';
  const auto add = [&](std::string_view parameter) {
    list.next += std::exchange(separator, '&');
    list.next += parameter;
  };
  if (!version.empty()) {
    add("resourceVersion=" + version);
    add("resourceVersionMatch=Exact");
  }
  if (is_paged(kind)) add(k_page);
  return list;
}

Get KindList::get(Detail detail) const {
  return {next, detail == Detail::brief || is_paged(*kind) ? "managedFields" : ""};
}

void KindList::take(Reply reply, std::string_view ns, Detail detail) {
  next.clear();
  if (reply.error) {
    error = std::move(reply.error);
    items.clear();
    return;
  }
  const Json& page = reply.value;
  if (version.empty()) version = data::string_at(page, {"metadata", "resourceVersion"});
  const std::string token = data::string_or(page, {"metadata", "continue"}, "");
  if (!token.empty())
    next = fmt::format("{}?{}&continue={}", list_path(*kind, ns), k_page, query_value(token));
  const auto found = reply.value.find("items");
  if (found == reply.value.end() || found->is_null()) return;
  if (!found->is_array()) {
    throw Error(ExitCode::failed, "failed to list " + kind->name() + ": /items: expected an array");
  }
  items.reserve(items.size() + found->size());
  for (auto& item : *found) {
    set_type(item, kind->api_version, kind->kind);
    if (detail == Detail::brief) make_brief(item);
    items.push_back(std::move(item));
  }
}

void read_on(const Kubectl& kubectl, std::string_view ns, std::span<KindList> lists,
             Detail detail) {
  while (true) {
    std::vector<KindList*> open;
    std::vector<Get> gets;
    for (auto& list : lists) {
      if (list.next.empty()) continue;
      open.push_back(&list);
      gets.push_back(list.get(detail));
    }
    if (open.empty()) return;
    auto replies = kubectl.get_all(gets);
    for (std::size_t i = 0; i < open.size(); ++i) open[i]->take(std::move(replies[i]), ns, detail);
  }
}

}  // namespace dr::kube
