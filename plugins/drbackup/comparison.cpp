#include "plugins/drbackup/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "common/base/error.hpp"
#include "common/kube/compare.hpp"
#include "common/kube/kinds.hpp"
#include "plugins/drbackup/selection.hpp"

namespace dr::backup {
namespace {

using ByName = std::map<std::string, const Json*>;

const Coverage* find_coverage(const Backup& backup, const std::string& resource) {
  const auto found =
      std::find_if(backup.coverage.begin(), backup.coverage.end(),
                   [&](const Coverage& coverage) { return coverage.resource == resource; });
  return found == backup.coverage.end() ? nullptr : &*found;
}

std::map<std::string, ByName> by_resource(const Backup& backup) {
  std::map<std::string, ByName> objects;
  for (const auto& object : backup.objects)
    objects[backup.coverage_of(object)->resource][kube::name_of(object)] = &object;
  return objects;
}

// The resource is "<plural>.<group>".
bool hides_objects(const DeadGroup& group, const std::string& resource) {
  const auto dot = resource.find('.');
  return dot != std::string::npos &&
         resource.substr(dot + 1) == kube::group_of(group.group_version);
}

// Why a backup says nothing of a resource; nullopt when it does.
std::optional<NotCompared> silence(const Backup& backup, const std::string& who,
                                   const std::string& resource) {
  if (const Coverage* coverage = find_coverage(backup, resource)) {
    if (coverage->readable()) return std::nullopt;
    return NotCompared{resource, fmt::format("{}: {}", who, text_of(*coverage)), true};
  }
  for (const auto& group : backup.dead_groups) {
    if (hides_objects(group, resource))
      return NotCompared{resource, fmt::format("{}: {}", who, group.message), true};
  }
  const bool asked_for_all = backup.selection.kinds.empty() && backup.selection.exclude.empty();
  if (asked_for_all) return std::nullopt;  // the server did not serve it: no object of it was there
  return NotCompared{resource, who + ": not asked for", false};
}

class Comparer {
 public:
  Comparer(const Backup& left, const Backup& right, const std::string& right_name)
      : m_left(left),
        m_right(right),
        m_sides{{{&left, "backup " + left.id.text()}, {&right, right_name}}},
        m_allocated(allocated_between(left, right)) {}

  Comparison run() {
    const auto left = by_resource(m_left);
    const auto right = by_resource(m_right);
    static const ByName none;
    for (const auto& resource : resources()) {
      if (is_silent(resource)) continue;
      const auto l = left.find(resource);
      const auto r = right.find(resource);
      compare_kind(l == left.end() ? none : l->second, r == right.end() ? none : r->second);
    }
    add_dead_groups();
    return std::move(m_result);
  }

 private:
  std::vector<std::string> resources() const {
    std::vector<std::string> names;
    for (const Backup* backup : {&m_left, &m_right}) {
      for (const auto& coverage : backup->coverage) names.push_back(coverage.resource);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  bool is_silent(const std::string& resource) {
    if (m_left.evidence || m_right.evidence) {
      if (is_of_one_side(resource)) return true;
    }
    for (const auto& [backup, name] : m_sides) {
      if (auto gap = silence(*backup, name, resource)) {
        m_result.not_compared.push_back(std::move(*gap));
        return true;
      }
    }
    return false;
  }

  // Evidence has other kinds than a backup, and only a few of a backup's: what the other side has
  // besides is no difference.
  bool is_of_one_side(const std::string& resource) {
    for (const std::size_t here : {0U, 1U}) {
      if (find_coverage(*m_sides[here].first, resource) != nullptr) continue;
      if (m_sides[1 - here].first->evidence)
        m_result.not_compared.push_back({resource, m_sides[here].second + ": has none", false});
      return true;
    }
    return false;
  }

  // A dead group's kinds are not known, so neither is what was not compared.
  void add_dead_groups() {
    for (const auto& [backup, name] : m_sides) {
      for (const auto& group : backup->dead_groups) {
        if (group.derived_only) continue;
        m_result.not_compared.push_back(
            {group.group_version, fmt::format("{}: {}", name, group.message), true});
      }
    }
  }

  bool excluded(const Json& object, const std::string& name) const {
    for (const Backup* backup : {&m_left, &m_right}) {
      const Coverage* coverage = backup->coverage_of(object);
      if (coverage == nullptr) continue;
      if (is_excluded(m_left.selection, *coverage, name) ||
          is_excluded(m_right.selection, *coverage, name)) {
        return true;
      }
    }
    return false;
  }

  void compare_kind(const ByName& left, const ByName& right) {
    ByName all = left;
    all.insert(right.begin(), right.end());
    for (const auto& [name, object] : all) {
      if (excluded(*object, name)) continue;
      if (m_left.evidence && !left.contains(name)) continue;
      if (m_right.evidence && !right.contains(name)) continue;
      ++m_result.objects;
      const auto l = left.find(name);
      const auto r = right.find(name);
      add_change(l == left.end() ? nullptr : l->second, r == right.end() ? nullptr : r->second);
    }
  }

  void add_change(const Json* left, const Json* right) {
    const Json& object = left != nullptr ? *left : *right;
    const Backup& home = left != nullptr ? m_left : m_right;
    ObjectChange change{file_name(*home.coverage_of(object), object),
                        kube::key_of(object),
                        Change::changed,
                        {},
                        left,
                        right};
    if (left == nullptr) {
      change.change = Change::added;
    } else if (right == nullptr) {
      change.change = Change::removed;
    } else {
      change.differences = kube::compare(*left, *right, m_allocated);
      if (change.differences.empty()) return;
    }
    m_result.changes.push_back(std::move(change));
  }

  const Backup& m_left;
  const Backup& m_right;
  std::array<std::pair<const Backup*, std::string>, 2> m_sides;
  kube::Allocated m_allocated;
  Comparison m_result;
};

}  // namespace

std::string_view name_of(Change change) {
  static constexpr std::array<std::string_view, 3> names = {"changed", "removed", "added"};
  return names.at(static_cast<std::size_t>(change));
}

kube::Allocated allocated_between(const Backup& left, const Backup& right) {
  return left.provenance.cluster_uid == right.provenance.cluster_uid ? kube::Allocated::keep
                                                                     : kube::Allocated::drop;
}

bool Comparison::unknown() const {
  return std::any_of(not_compared.begin(), not_compared.end(),
                     [](const NotCompared& one) { return one.unknown; });
}

Comparison compare(const Backup& left, const Backup& right, const std::string& right_name) {
  if (left.provenance.ns != right.provenance.ns) {
    throw Error(ExitCode::usage,
                fmt::format("failed to compare: one is of namespace {}, the other of {}",
                            left.provenance.ns, right.provenance.ns),
                "compare backups of one namespace; -n names that of the live side");
  }
  return Comparer(left, right, right_name).run();
}

}  // namespace dr::backup
