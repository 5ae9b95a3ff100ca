#include "plugins/drbackup/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/derived.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"

namespace dr::backup {
namespace {

const kube::Kind* row_of(const kube::Resource& resource) {
  const kube::Kind* kind = kube::find_kind(resource.kind);
  const bool same = kind != nullptr && kind->plural == resource.plural &&
                    kind->group() == kube::group_of(resource.api_version);
  return same ? kind : nullptr;
}

Coverage coverage_of(const kube::Resource& resource) {
  Coverage coverage;
  coverage.resource = resource.name();
  coverage.kind = resource.kind;
  coverage.aliases = resource.short_names;
  coverage.api_version = resource.api_version;
  if (const kube::Kind* row = row_of(resource)) {
    coverage.api_version = row->api_version;
    coverage.short_name = row->short_name;
  } else if (!kube::is_builtin_group(kube::group_of(resource.api_version))) {
    coverage.short_name = coverage.resource;
  } else {
    coverage.short_name =
        resource.short_names.empty() ? resource.plural : resource.short_names.front();
  }
  return coverage;
}

Coverage absent(const kube::Kind& kind) {
  kube::Resource resource;
  resource.api_version = kind.api_version;
  resource.kind = kind.kind;
  resource.plural = kind.plural;
  Coverage coverage = coverage_of(resource);
  coverage.outcome = Outcome::absent;
  return coverage;
}

std::string kind_part(const std::string& rule) {
  return rule.substr(0, rule.find('/'));
}

bool names_any(const std::vector<std::string>& words, const Coverage& coverage) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return is_named(coverage, word); });
}

// Kinds as a whole; rules with a name are matched object by object.
bool is_wanted(const Selection& selection, const Coverage& coverage) {
  const bool asked = selection.kinds.empty() || names_any(selection.kinds, coverage);
  return asked && std::none_of(selection.exclude.begin(), selection.exclude.end(),
                               [&](const std::string& rule) {
                                 return rule.find('/') == std::string::npos &&
                                        is_named(coverage, rule);
                               });
}

void check_word(std::string_view flag, const std::string& word, const std::vector<Coverage>& known,
                const std::vector<kube::Resource>& resources) {
  if (std::any_of(known.begin(), known.end(),
                  [&](const Coverage& coverage) { return is_named(coverage, word); })) {
    return;
  }
  for (const auto& resource : resources) {
    const auto reason = kube::derived_reason(resource);
    if (reason.empty() || !is_named(coverage_of(resource), word)) continue;
    throw Error(ExitCode::usage,
                fmt::format("{}: {} is never part of a backup: {}", flag, resource.name(), reason));
  }
  throw Error(ExitCode::usage,
              fmt::format("{}: the server has no namespaced kind \"{}\"", flag, printable(word)),
              "`kubectl api-resources --namespaced` lists what there is");
}

// Two resources whose files would look alike get their full names.
void make_short_names_unique(std::vector<Coverage>& coverage) {
  std::set<std::string> seen;
  for (auto& one : coverage) {
    if (!seen.insert(one.short_name).second) one.short_name = one.resource;
  }
}

// A Service without a selector has Endpoints that somebody wrote; all others are made from it.
bool is_made_endpoints(const Json& object, const std::set<std::string>& selecting_services) {
  return data::string_at(object, {"kind"}) == "Endpoints" &&
         data::string_at(object, {"apiVersion"}) == "v1" &&
         selecting_services.contains(kube::name_of(object));
}

}  // namespace

std::vector<Coverage> planned_coverage(const std::vector<kube::Resource>& resources,
                                       const Selection& selection) {
  std::vector<Coverage> known;
  for (const auto& resource : resources) {
    if (resource.namespaced && resource.listable && kube::derived_reason(resource).empty())
      known.push_back(coverage_of(resource));
  }
  for (const auto& kind : kube::kinds()) {
    if (!kind.namespaced || kind.capture != kube::Capture::always) continue;
    const Coverage missing = absent(kind);
    if (std::none_of(known.begin(), known.end(),
                     [&](const Coverage& one) { return one.resource == missing.resource; })) {
      known.push_back(missing);
    }
  }
  std::sort(known.begin(), known.end(),
            [](const Coverage& a, const Coverage& b) { return a.resource < b.resource; });
  make_short_names_unique(known);
  for (const auto& word : selection.kinds) check_word("--kinds", word, known, resources);
  for (const auto& rule : selection.exclude)
    check_word("--exclude", kind_part(rule), known, resources);
  std::erase_if(known, [&](const Coverage& one) { return !is_wanted(selection, one); });
  return known;
}

bool is_excluded(const Selection& selection, const Coverage& coverage, std::string_view name) {
  return std::any_of(
      selection.exclude.begin(), selection.exclude.end(), [&](const std::string& rule) {
        const auto slash = rule.find('/');
        return slash != std::string::npos && is_named(coverage, rule.substr(0, slash)) &&
               glob_matches(std::string_view(rule).substr(slash + 1), name);
      });
}

std::vector<Json> without_derived(std::vector<Json> objects) {
  std::set<std::string> uids;
  std::set<std::string> selecting_services;
  for (const auto& object : objects) {
    uids.insert(kube::uid_of(object));
    const bool is_service = data::string_at(object, {"kind"}) == "Service" &&
                            data::string_at(object, {"apiVersion"}) == "v1";
    if (is_service && !data::object_or_empty(object, {"spec", "selector"}).empty())
      selecting_services.insert(kube::name_of(object));
  }
  std::erase_if(objects, [&](const Json& object) {
    if (is_made_endpoints(object, selecting_services)) return true;
    const Json* controller = kube::controller_of(object);
    return controller != nullptr &&
           (uids.contains(data::string_or(*controller, {"uid"}, "")) ||
            kube::is_derived_kind(data::string_or(*controller, {"kind"}, "")));
  });
  return objects;
}

}  // namespace dr::backup
