#pragma once

#include "plugins/lkg/drift.hpp"

namespace dr::lkg {

// How each object of one LKG stands in another one: `missing` is only in `from`, `extra` only in
// `to`, and the left of a difference is `from`. The data of objects that `from` calls volatile is
// not compared. Contacts no cluster.
std::vector<ObjectDrift> compare_lkgs(const Lkg& from, const Lkg& to);

}  // namespace dr::lkg
