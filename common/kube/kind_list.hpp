#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/detail.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::kube {

// The objects of one kind, or why they could not be read. Lists of derived kinds, which have most
// objects, come in pages, so that they are not in memory as text and whole.
class KindList {
 public:
  // In that namespace, as far as the kind is namespaced; at exactly `version`
  // (resourceVersionMatch=Exact) when it is not empty.
  KindList(const Kind& kind, std::string_view ns, const std::string& version, Detail detail);

  const Get& get() const { return m_get; }
  // The answer to it, or the next page of that. Throws Error(failed) when it is no list.
  void take(Reply reply);
  // Throws Error(failed) when the last page that was taken says that there is another one.
  void require_end() const;

  const Kind& kind() const { return *m_kind; }
  const std::optional<ApiError>& error() const { return m_error; }  // then there are no items
  const std::string& version() const { return m_version; }          // all pages are of that one
  // With apiVersion and kind, which a raw list leaves out.
  std::vector<Json> take_items() { return std::move(m_items); }

 private:
  const Kind* m_kind;
  Detail m_detail;
  Get m_get;
  std::vector<Json> m_items;
  std::string m_version;
  std::optional<ApiError> m_error;
  bool m_goes_on = false;
};

// Reads the lists side by side.
void read_lists(const Kubectl& kubectl, std::span<KindList> lists);

// The objects of one kind as they are now. Throws Error(failed).
std::vector<Json> list_objects(const Kubectl& kubectl, const Kind& kind,
                               Detail detail = Detail::judged);

}  // namespace dr::kube
