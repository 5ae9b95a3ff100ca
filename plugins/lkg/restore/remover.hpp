#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/kube/writer.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {

// One object in the life that was planned for; the next one under its name is another.
struct Incarnation {
  kube::ObjectKey key;
  std::string uid;
};

// Deletes exactly those, in the version that is read here and may be deleted (why_never_deleted),
// and waits until they are gone, at most a minute. Returns why one is still there, by its key.
// Throws what require_halted throws, and Error(incomplete) when one cannot be read.
std::map<kube::ObjectKey, std::string> remove_and_wait(RestoreRun& run, const kube::Writer& writer,
                                                       std::vector<Incarnation> doomed);

}  // namespace dr::lkg
