#include <fmt/format.h>

#include <map>
#include <span>
#include <string>
#include <utility>

#include "common/backup/credentials.hpp"
#include "common/kube/field_rules.hpp"
#include "common/kube/kind_list.hpp"
#include "common/kube/kinds.hpp"
#include "plugins/lkg/restore/restore.hpp"
#include "plugins/lkg/warning_event.hpp"

namespace dr::lkg {
namespace {

using backup::Backup;
using backup::Coverage;
using backup::Outcome;

Coverage coverage_of(const kube::Kind& kind) {
  Coverage coverage;
  coverage.resource = kind.plural;
  if (!kind.group().empty()) coverage.resource.append(".").append(kind.group());
  coverage.api_version = kind.api_version;
  coverage.kind = kind.kind;
  coverage.short_name = kind.short_name;
  return coverage;
}

// Whole, with their status: they say what went on.
Json as_witness(Json object) {
  object["metadata"].erase("managedFields");
  return object;
}

// Collects objects under the names of their files, and what became of each kind.
class Collection {
 public:
  explicit Collection(Backup& backup) : m_backup(backup) {}

  Coverage& cover(const Coverage& coverage) {
    return m_coverage.try_emplace(coverage.resource, coverage).first->second;
  }

  void add(Coverage& coverage, Json object) {
    ++coverage.count;
    m_by_file.emplace(backup::file_name(coverage, object), std::move(object));
  }

  void finish() {
    for (auto& [resource, coverage] : m_coverage) m_backup.coverage.push_back(std::move(coverage));
    for (auto& [file, object] : m_by_file) m_backup.objects.push_back(std::move(object));
    for (auto& warning : backup::credential_warnings(m_backup.objects))
      m_backup.warnings.push_back(std::move(warning));
  }

 private:
  Backup& m_backup;
  std::map<std::string, Coverage> m_coverage;
  std::map<std::string, Json> m_by_file;
};

void add_drifted(const Plan& plan, const Live& live, Collection& collection) {
  const auto add = [&](const Json* object) {
    if (object == nullptr) return;
    collection.add(collection.cover(coverage_of(kube::kind_of(*object))), kube::captured(*object));
  };
  for (const auto& planned : plan.objects) {
    if (planned.action != Action::same) add(planned.drift.live);
  }
  for (const auto& extra : plan.extras) add(live.find(extra.key));
}

void note_unread(RestoreRun& run, Coverage& coverage, const kube::ApiError& error) {
  const bool forbidden = error.reason == kube::ApiReason::forbidden;
  coverage.outcome = forbidden ? Outcome::forbidden : Outcome::error;
  coverage.message = error.text;
  warn(run, fmt::format("the {} are not in the evidence: {}", coverage.resource, error.text));
}

// The restore itself reads no more of a pod than it judges.
void add_pods(RestoreRun& run, Collection& collection) {
  const auto& kind = *kube::find_kind("Pod");
  Coverage& coverage = collection.cover(coverage_of(kind));
  kube::KindList pods(kind, run.lkg.ns, {}, kube::Detail::whole);
  kube::read_lists(run.kubectl, {&pods, 1});
  if (pods.error()) return note_unread(run, coverage, *pods.error());
  for (Json& pod : pods.take_items()) collection.add(coverage, as_witness(std::move(pod)));
}

void add_events(RestoreRun& run, Backup& backup, Collection& collection) {
  Coverage& coverage = collection.cover({"events", "v1", "Event", "ev", {}, Outcome::ok, 0, {}});
  const std::string path = warning_events_path(run.lkg.ns);
  const auto reply = std::move(run.kubectl.get_all(std::span(&path, 1)).front());
  if (reply.error) return note_unread(run, coverage, *reply.error);
  for (Json event : data::array_or_empty(reply.value, {"items"})) {
    kube::set_type(event, coverage.api_version, coverage.kind);
    collection.add(coverage, as_witness(std::move(event)));
  }
  if (!data::string_or(reply.value, {"metadata", "continue"}, "").empty())
    backup.warnings.push_back(fmt::format("there are more than {} warning events", coverage.count));
}

Backup evidence_of(RestoreRun& run) {
  const auto& target = run.kubectl.target();
  Backup backup{backup::BackupId(run.clock.now()), {}, {}, {}, {}, {}, {}};
  backup.evidence = {run.lkg.id, run.result.restore_id};
  backup.provenance.ns = target.ns;
  backup.provenance.context = target.context;
  backup.provenance.cluster = target.cluster;
  backup.provenance.cluster_uid = run.cluster.uid;
  backup.provenance.server_version = run.cluster.server_version;
  Collection collection(backup);
  add_drifted(run.plan, run.live, collection);
  add_pods(run, collection);
  add_events(run, backup, collection);
  collection.finish();
  return backup;
}

}  // namespace

void keep_evidence(RestoreRun& run) {
  // In a namespace that was not there nothing is but what the halt made.
  if (!run.options.keep_evidence || !run.namespace_exists || run.plan.is_empty()) return;
  try {
    run.result.evidence = run.options.keep_evidence(evidence_of(run));
    run.progress("evidence: the state before is kept in " + run.result.evidence);
  } catch (const Error& error) {
    // The alarm of the watch comes out of whatever runs a child.
    if (error.code() == ExitCode::unsafe) throw;
    const std::string cause =
        std::string("what this restore is about to change could not be kept: ") + error.what();
    if (run.options.require_evidence) {
      throw Error(ExitCode::failed, cause,
                  "make room for it, or name another place with --root; without "
                  "--require-evidence the restore goes on");
    }
    warn(run, cause);
  }
}

}  // namespace dr::lkg
