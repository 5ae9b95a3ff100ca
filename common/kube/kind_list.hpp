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
// objects, are read while they come, so that they are not in memory as text and whole.
class KindList {
 public:
  // In that namespace, as far as the kind is namespaced; at exactly `version`
  // (resourceVersionMatch=Exact) when it is not empty.
  KindList(const Kind& kind, std::string_view ns, const std::string& version, Detail detail);

  const Get& get() const { return m_get; }
  // The answer to it. Throws Error(failed) when it is no list, or not a whole one.
  void take(Reply reply);

  const Kind& kind() const { return *m_kind; }
  const std::optional<ApiError>& error() const { return m_error; }  // then there are no items
  const std::string& version() const { return m_version; }
  // With apiVersion and kind, which a raw list leaves out.
  std::vector<Json> take_items() { return std::move(m_items); }

 private:
  [[noreturn]] void throw_malformed(const std::string& cause) const;

  const Kind* m_kind;
  Get m_get;
  std::vector<Json> m_items;
  std::string m_version;
  std::optional<ApiError> m_error;
};

// Reads the lists side by side.
void read_lists(const Kubectl& kubectl, std::span<KindList> lists);

// The objects of one kind as they are now. Throws Error(failed).
std::vector<Json> list_objects(const Kubectl& kubectl, const Kind& kind,
                               Detail detail = Detail::judged);

}  // namespace dr::kube
