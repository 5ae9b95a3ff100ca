#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/data/json_diff.hpp"

namespace dr::kube {

// One entry of metadata.managedFields. The texts are the writer's own words: not fit to be printed
// as they are.
struct FieldManager {
  std::string manager;
  std::string operation;    // "Apply" or "Update"
  std::string subresource;  // "scale", "status"; empty for the object itself
  std::string time;         // of its last write of any of its fields; may be empty
};

// Who is behind a difference. A removed field, or one that only the server's defaults wrote, has no
// owner: nobody can be blamed for it, and who wrote the object last is a hint, no more.
struct Blame {
  std::vector<FieldManager> owners;  // newest first
  std::optional<FieldManager> last_writer;
  // A forced `kubectl apply --server-side` of the LKG would have left it there: the LKG does not
  // name what its owners own, and not all of that would become the apply's own to remove.
  bool apply_keeps = false;
};

// The managedFields of one live object.
class FieldOwners {
 public:
  // Throws Error(failed) naming the object on an entry that is no FieldsV1 as the API defines it.
  // Points into `live`, which must outlive this.
  explicit FieldOwners(const Json& live);

  // Of one of the differences between `lkg` (left) and the live object (right).
  Blame of(const Json& lkg, const data::Difference& difference) const;

  // Of an object that is not in the LKG: the owner is the oldest writer of it.
  Blame of_extra() const;

 private:
  struct Entry {
    FieldManager manager;
    const Json* fields;
    bool taken_over;  // by kubectl's apply, which then removes the fields that it does not name
  };

  std::optional<FieldManager> last_writer() const;

  const Json& m_live;
  std::vector<Entry> m_entries;  // newest first
};

}  // namespace dr::kube
