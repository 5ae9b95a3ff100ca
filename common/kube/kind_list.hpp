#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::kube {

// How much of the objects of a list is kept.
enum class Detail {
  whole,  // all, but for the managedFields of derived kinds: nobody asks who wrote a pod
  brief,  // no managedFields, and derived objects as make_brief (brief.hpp) leaves them
};

// The objects of one kind, or why they could not be read. Lists of derived kinds, which have most
// objects, come in pages, so that never more than a page is in memory as text and whole.
struct KindList {
  explicit KindList(const Kind& of) : kind(&of) {}

  const Kind* kind;
  std::vector<Json> items;        // with apiVersion and kind, which a raw list leaves out
  std::string version;            // the list's resourceVersion; all pages are of that one
  std::optional<ApiError> error;  // then there are no items
  std::string next;               // path of the page to read; empty: it is whole

  // Takes that page. Throws Error(failed) when the answer is no list.
  void take(Reply reply, std::string_view ns, Detail detail);
  Get get(Detail detail) const;
};

// To be read at exactly `version` (resourceVersionMatch=Exact) when it is given.
KindList first_page(const Kind& kind, std::string_view ns, const std::string& version);

// Reads the lists to their ends, side by side.
void read_on(const Kubectl& kubectl, std::string_view ns, std::span<KindList> lists, Detail detail);

}  // namespace dr::kube
