#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/backup/backup.hpp"
#include "common/data/json_diff.hpp"
#include "common/kube/field_rules.hpp"

namespace dr::backup {

enum class Change { changed, removed, added };  // removed: on the left side only
std::string_view name_of(Change change);

// One object that differs. The pointers are into the backups that were compared.
struct ObjectChange {
  std::string file;  // its name in a backup
  kube::ObjectKey key;
  Change change = Change::changed;
  std::vector<data::Difference> differences;  // of `changed`
  const Json* left = nullptr;                 // not of `added`
  const Json* right = nullptr;                // not of `removed`
};

// A kind that one side does not cover.
struct NotCompared {
  std::string resource;
  std::string reason;
  bool unknown = false;  // it could not be read, as against: nobody asked for it
};

struct Comparison {
  std::vector<ObjectChange> changes;  // by resource and name
  std::vector<NotCompared> not_compared;
  std::size_t objects = 0;  // compared on both sides, or on one
  bool unknown() const;
};

// Node ports say something only on one cluster.
kube::Allocated allocated_between(const Backup& left, const Backup& right);

// Compares two backups, or a backup with the live namespace, kind by kind as far as both sides
// cover it, with the comparator of common/kube/compare. Of evidence, only what it holds counts.
// `right_name` is what reasons call the right side. Throws Error(usage) when they are of different
// namespaces.
Comparison compare(const Backup& left, const Backup& right, const std::string& right_name);

}  // namespace dr::backup
