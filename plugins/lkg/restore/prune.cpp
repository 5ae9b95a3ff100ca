#include <fmt/format.h>

#include <algorithm>

#include "common/base/text.hpp"
#include "common/kube/writer.hpp"
#include "plugins/lkg/restore/remover.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {

// By the uids of the plan: what appeared after it is nobody's to delete, it is listed.
void prune(RestoreRun& run) {
  std::vector<Incarnation> doomed;
  for (const auto& extra : run.plan.extras) {
    if (run.plan.deletes(extra)) doomed.push_back({extra.key, extra.uid});
  }
  if (doomed.empty()) return;
  run.progress(fmt::format("prune: {} objects that are not in the LKG", doomed.size()));
  const kube::Writer writer(run.kubectl, *run.halted);
  const auto kept = remove_and_wait(run, writer, doomed);
  std::vector<std::string> failures;
  for (const auto& one : doomed) {
    if (const auto failure = kept.find(one.key); failure != kept.end()) {
      failures.push_back(one.key.display() + ": " + failure->second);
      continue;
    }
    run.result.changed.push_back(one.key.display() + " deleted");
    run.progress(fmt::format("  {} deleted", one.key.display()));
    std::erase_if(run.result.extras, [&](const Extra& extra) { return extra.uid == one.uid; });
  }
  prove_pruned(run);
  if (!failures.empty()) {
    throw Error(ExitCode::incomplete, "failed to prune " + join(failures, "; "),
                "remove the cause that is named, then run the restore again");
  }
}

}  // namespace dr::lkg
