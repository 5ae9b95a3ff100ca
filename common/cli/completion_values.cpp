#include "common/cli/completion_values.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/text.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/kube/name_lists.hpp"
#include "common/kube/object.hpp"
#include "common/lkg/lkg_store.hpp"

namespace dr::cli {
namespace {

kube::NameSource names(const Completion& completion) {
  return {completion.runtime.runner, completion.runtime.environment, completion.globals.kubectl,
          completion.globals.connection};
}

Candidates namespaces(const Completion& completion) {
  return one_of(kube::namespace_names(names(completion)));
}
Candidates contexts(const Completion& completion) {
  return one_of(kube::kubeconfig_names(names(completion), "contexts"));
}
Candidates clusters(const Completion& completion) {
  return one_of(kube::kubeconfig_names(names(completion), "clusters"));
}
Candidates users(const Completion& completion) {
  return one_of(kube::kubeconfig_names(names(completion), "users"));
}

Candidates lkg_objects(const Completion& completion) {
  Candidates candidates;
  for (const Json& object : open_lkgs(completion.runtime, completion.globals).load().objects) {
    candidates.values.push_back({kube::display(object)});
  }
  return candidates;
}

Candidates files(const Completion& /*completion*/) {
  return {{}, Directive::files};
}

using NamedCompleter = std::pair<std::string_view, Candidates (*)(const Completion&)>;
constexpr std::array k_types{
    NamedCompleter{"FILE", files},       NamedCompleter{"DIR", directories},
    NamedCompleter{"CONTEXT", contexts}, NamedCompleter{"NAMESPACE", namespaces},
    NamedCompleter{"CLUSTER", clusters}, NamedCompleter{"USER", users},
    NamedCompleter{"LKG", lkg_ids},      NamedCompleter{"KIND/NAME", lkg_objects},
};

}  // namespace

Candidates values_of_type(std::string_view type, const Completion& completion) {
  const auto* const named = std::ranges::find(k_types, type, &NamedCompleter::first);
  if (named != k_types.end()) return named->second(completion);
  if (type.ends_with('}')) {
    const std::size_t brace = type.rfind('{');
    return one_of(split(type.substr(brace + 1, type.size() - brace - 2), ','));
  }
  if (type.find('|') != std::string_view::npos) return one_of(split(type, '|'));
  return {};
}

Candidates one_of(const std::vector<std::string>& values) {
  Candidates candidates;
  for (const std::string& value : values) candidates.values.push_back({value});
  return candidates;
}

Candidates lkg_ids(const Completion& completion) {
  Candidates candidates;
  const UtcTime now = completion.runtime.clock.now();
  for (const auto& id : lkg::LkgStore(completion.globals.root).history()) {
    candidates.values.push_back({id.text(), age_text(id.time(), now)});
  }
  std::ranges::reverse(candidates.values);
  return candidates;
}

Candidates directories(const Completion& /*completion*/) {
  return {{}, Directive::directories};
}

std::string age_text(UtcTime time, UtcTime now) {
  if (time > now) return "from the future";
  return format_duration(now - time) + " old";
}

}  // namespace dr::cli
