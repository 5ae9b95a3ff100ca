#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/registry/inventory.hpp"

namespace dr::arsnap {

enum class Change { came, went, tag_added, tag_removed, tag_moved };
std::string_view name_of(Change change);

struct InventoryChange {
  Change change{};
  std::string image;              // name@digest; of a moved tag: the new one
  std::string tag;                // of a change of a tag
  std::string old_image;          // of a moved tag
  std::vector<std::string> tags;  // of an image that came or went
};

struct InventoryDiff {
  std::vector<InventoryChange> changes;  // came, went, then tags; each sorted
  std::vector<std::string>
      not_compared;  // repositories that are not whole in both, with the reason
};

// Compares the repositories that both inventories hold whole.
InventoryDiff compare(const registry::Inventory& before, const registry::Inventory& after);

}  // namespace dr::arsnap
