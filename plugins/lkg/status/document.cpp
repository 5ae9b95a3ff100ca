#include "plugins/lkg/status/document.hpp"

#include <string_view>

namespace dr::lkg {
namespace {

Json time_or_null(const std::optional<UtcTime>& time) {
  return time ? Json(rfc3339(*time)) : Json();
}

Json proofs_json(const std::vector<kube::HaltProof>& proofs) {
  Json rows = Json::array();
  for (const auto& proof : proofs) {
    rows.push_back({{"pod", proof.pod},
                    {"container", proof.container},
                    {"way", kube::name_of(proof.way)},
                    {"verdict", kube::name_of(proof.verdict)},
                    {"reason", proof.reason}});
  }
  return rows;
}

Json json_of(const SwitchStatus& part) {
  return {{"namespaceExists", part.namespace_exists},
          {"value", part.value ? Json(*part.value) : Json()},
          {"halted", part.is_halted()},
          {"objection", part.objection},
          {"manager", part.manager},
          {"written", part.written},
          {"proven", part.is_proven()},
          {"unproven", part.unproven},
          {"safety", part.safety},
          {"proofs", proofs_json(part.proofs)}};
}

Json json_of(const LkgStatus& part) {
  return {{"state", name_of(part.state)},
          {"damage", part.damage},
          {"intactInHistory", part.intact_in_history},
          {"id", part.id},
          {"captured", time_or_null(part.captured)},
          {"namespace", part.ns},
          {"clusterName", part.cluster_name},
          {"cluster", name_of(part.cluster)},
          {"objects", part.objects},
          {"warnings", part.warnings}};
}

Json json_of(const DriftStatus& part) {
  Json rows = Json::array();
  for (const auto& row : part.rows) {
    rows.push_back({{"object", row.object},
                    {"drift", name_of(row.kind)},
                    {"pointer", row.pointer},
                    {"differences", row.differences},
                    {"by", row.by}});
  }
  return {{"compared", part.compared},
          {"changed", part.count(DriftKind::changed)},
          {"missing", part.count(DriftKind::missing)},
          {"extra", part.count(DriftKind::extra)},
          {"objects", std::move(rows)}};
}

Json json_of(const std::vector<WorkloadStatus>& part) {
  Json rows = Json::array();
  for (const auto& row : part) {
    rows.push_back({{"workload", row.object},
                    {"wanted", row.wanted},
                    {"ready", row.ready},
                    {"settled", row.settled},
                    {"reason", row.reason},
                    {"digests", name_of(row.digests)}});
  }
  return rows;
}

Json json_of(const ImagesStatus& part) {
  return {{"inventory", name_of(part.inventory)},
          {"damage", part.damage},
          {"taken", time_or_null(part.taken)},
          {"present", part.present},
          {"unknown", part.unknown},
          {"notFound", part.not_found}};
}

Json json_of(const BackupsStatus& part) {
  return {{"newestComplete", part.newest_complete},
          {"taken", time_or_null(part.taken)},
          {"damaged", part.damaged},
          {"newer", part.newer}};
}

Json millis_or_null(const std::optional<Millis>& duration) {
  return duration ? Json(duration->count()) : Json();
}

Json json_of(const std::optional<RestoresStatus::Drill>& drill) {
  if (!drill) return nullptr;
  return {{"time", rfc3339(drill->time)},
          {"exitCode", drill->exit_code},
          {"verifiedAfterMs", millis_or_null(drill->verified_after)}};
}

Json json_of(const RestoresStatus& part) {
  const auto& expected = part.expected;
  return {{"ledger", name_of(part.ledger)},
          {"damage", part.damage},
          {"verified", expected ? expected->restores : 0},
          {"medianMs", expected ? Json(expected->median.count()) : Json()},
          {"worstMs", expected ? Json(expected->worst.count()) : Json()},
          {"lastDrill", json_of(part.last_drill)}};
}

Json json_of(const FenceStatus& part) {
  return {{"active", part.is_active()},
          {"held", part.held},
          {"installed", part.is_installed()},
          {"missing", part.missing}};
}

Json json_of(const std::vector<std::string>& part) {
  return part;
}

// An earlier look's value is not a fact of this one.
template <typename T>
Json known(const Part<T>& part) {
  return part.is_known() ? json_of(*part.value) : Json();
}

Json verdict_json(const StatusVerdict& verdict) {
  return {{"halt", name_of(verdict.halt)}, {"restorable", verdict.restorable},
          {"word", verdict.word},          {"sentence", verdict.sentence},
          {"nextStep", verdict.next_step}, {"exitCode", static_cast<int>(verdict.code)}};
}

}  // namespace

Json status_json(const Status& status, const std::vector<std::string>& problems) {
  Json gaps = Json::array();
  for (const auto& gap : gaps_of(status))
    gaps.push_back({{"part", gap.part}, {"reason", gap.reason}});
  return {{"time", rfc3339(status.time)},
          {"namespace", status.ns},
          {"context", status.context},
          {"server", status.server},
          {"verdict", verdict_json(judge(status))},
          {"switch", known(status.kill_switch)},
          {"lkg", known(status.lkg)},
          {"drift", known(status.drift)},
          {"workloads", known(status.workloads)},
          {"images", known(status.images)},
          {"backups", known(status.backups)},
          {"restores", known(status.restores)},
          {"fence", known(status.fence)},
          {"gitops", known(status.gitops)},
          {"gaps", std::move(gaps)},
          {"problems", problems}};
}

}  // namespace dr::lkg
