#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/lkg/lkg_store.hpp"

namespace dr::lkg {

// One LKG of the history, after every check of `kubectl lkg verify`.
struct KeptLkg {
  LkgId id;
  bool current = false;
  std::string damage;  // what is wrong with it; empty: it is intact
  std::string ns;      // the rest is empty for a damaged one
  std::size_t objects = 0;
  std::string cluster;
  std::string git_sha;
  std::string note;
};

struct History {
  std::vector<KeptLkg> kept;  // newest first, damaged ones too
  std::string
      current_damage;  // why the current LKG cannot be told; empty: it can, or there is none
};
History read_history(const LkgStore& store);

// Those that a history of the newest `keep` intact ones does not need: never the current one, never
// a damaged one, which somebody has to look at first and which must not push out an intact one.
std::vector<LkgId> superfluous(const History& history, std::size_t keep);

}  // namespace dr::lkg
