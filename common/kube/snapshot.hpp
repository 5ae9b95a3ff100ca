#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/kind_list.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::kube {

// Paths that are read together with the first list, which saves the wait for a call of their own;
// `take` gets the answers in order, before that list is looked at, and may throw. Without a kind
// there is no list, and nothing is read.
struct Beside {
  std::vector<std::string> paths;
  std::function<void(std::span<Reply> replies)> take;
};

// Every object of some kinds in one namespace, at one moment.
class Snapshot {
 public:
  // The objects of a kind by its type ("Deployment", "Widget.example.com"), in the order of their
  // names, with apiVersion and kind filled in; empty for a kind that was not read.
  const std::vector<Json>& of(std::string_view type) const;
  const Json* find(std::string_view type,
                   std::string_view name) const;  // nullptr when it is not there

  // Kinds of custom resources that the server does not serve: there can be no object of them.
  const std::vector<const Kind*>& unserved() const { return m_unserved; }

  // The resourceVersion at which every list was read; empty when the lists were collected twice
  // instead.
  const std::string& resource_version() const { return m_resource_version; }

 private:
  friend Snapshot read_snapshot(const Kubectl&, std::string_view, std::span<const Kind* const>,
                                const Beside&, Detail);
  std::map<std::string, std::vector<Json>, std::less<>> m_lists;
  std::vector<const Kind*> m_unserved;
  std::string m_resource_version;
};

// Reads the lists of `kinds` (namespaced ones in `ns`) as they were at one moment: the first list
// names a resourceVersion, all others are read at exactly that one (resourceVersionMatch=Exact).
// Where the server cannot (several stores behind it, a version expired meanwhile), everything is
// collected twice until two collections agree, five times at most. Throws Error(failed) naming a
// kind that could not be read, or all that may not be, with the rules that they need: a snapshot is
// whole or it is none. A kind of the table that is not served is Error(refused). The first list
// comes out of the API server's cache, the others may not, so the longest should be first.
Snapshot read_snapshot(const Kubectl& kubectl, std::string_view ns,
                       std::span<const Kind* const> kinds, const Beside& beside = {},
                       Detail detail = Detail::judged);

// The kinds that an LKG holds in a namespace; and those with what explains pods, Pod first.
std::vector<const Kind*> captured_kinds();
std::vector<const Kind*> captured_and_derived_kinds();

}  // namespace dr::kube
