#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/kube/kubectl.hpp"
#include "common/lkg/ledger.hpp"
#include "common/lkg/lkg_store.hpp"
#include "common/os/git.hpp"
#include "plugins/lkg/failing_pods.hpp"
#include "plugins/lkg/live.hpp"
#include "plugins/lkg/restore/restore.hpp"
#include "plugins/lkg/status/status.hpp"

namespace dr::lkg {

// What the health report is made of. A list that could not be read is empty and named in `gaps`:
// the report is complete even when half of the cluster cannot be read.
struct HealthFacts {
  UtcTime generated{};
  os::GitFacts git;
  kube::Target target;
  std::optional<std::string>
      kill_switch;  // the value of EXECUTION_HALTED; nullopt: UNKNOWN, why is in `gaps`
  std::vector<Json> deployments;
  std::vector<Json> stateful_sets;
  std::vector<Json> daemon_sets;
  std::vector<Json> replica_sets;
  std::vector<Json> controller_revisions;
  std::vector<Json> pods;
  std::vector<Json> autoscalers;
  std::vector<Json> claims;
  std::vector<Json> nodes;
  FailingPods failing;
  std::vector<Json> warning_events;  // newest first, at most as many as asked for
  std::vector<std::string> gaps;     // "pods: Forbidden ..."
  // Of a report that follows no restore:
  std::optional<Status> status;
  Json timeline;                       // of the newest restore (restore_timeline.hpp), or null
  std::optional<ExpectedTime> ledger;  // how long restores took
};

// One parallel read a kind. Never throws dr::Error for what cannot be read.
HealthFacts gather_health(const kube::Kubectl& kubectl, const os::GitFacts& git, UtcTime now,
                          std::size_t event_limit);

// Adds what `status` reads and judges, and what the repository at `root` tells of restores.
void gather_status(const kube::Kubectl& kubectl, const std::filesystem::path& root,
                   const LkgStore& lkgs, HealthFacts& facts);

// The report in Markdown: sections and order of the incumbent's, with StatefulSets and DaemonSets,
// and what a restore did when it follows one. Everything from outside is escaped, so that no name
// or message can add markup.
std::string health_markdown(const HealthFacts& facts, const RestoreResult* restore);

// The same facts as a document of kind HealthReport.
Json health_json(const HealthFacts& facts, const RestoreResult* restore);

// The gaps that make a report incomplete. Nodes and the fence are the cluster's: who runs one
// namespace need not be able to read them.
std::vector<std::string> gaps_of_namespace(const HealthFacts& facts);

// The same as one HTML file that needs nothing else: no script, no font, no picture.
std::string health_html(const HealthFacts& facts, const RestoreResult* restore);

}  // namespace dr::lkg
