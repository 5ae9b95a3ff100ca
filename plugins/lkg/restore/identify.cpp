#include <fmt/format.h>

#include <array>

#include "common/kube/kinds.hpp"
#include "plugins/lkg/restore/restore.hpp"

namespace dr::lkg {
namespace {

bool has_workloads(const kube::Kubectl& kubectl) {
  std::vector<std::string> paths;
  for (const auto& kind : kube::kinds()) {
    if (kube::is_workload(kind))
      paths.push_back(kube::list_path(kind, kubectl.target().ns) + "?limit=1");
  }
  for (const auto& reply : kubectl.get_all(paths)) {
    if (reply.error)
      throw Error(ExitCode::failed, "failed to look for workloads: " + reply.error->text);
    if (!data::array_or_empty(reply.value, {"items"}).empty()) return true;
  }
  return false;
}

}  // namespace

void check_cluster(const Lkg& lkg, const kube::ClusterFacts& facts, bool allow_different,
                   const kube::Kubectl& kubectl) {
  if (lkg.cluster_uid.empty() || lkg.cluster_uid == facts.uid || allow_different) return;
  const std::string step =
      "check --context; to restore onto this cluster all the same, add --allow-different-cluster";
  if (facts.uid.empty()) {
    throw Error(ExitCode::refused,
                "cannot tell which cluster this is: namespace kube-system may not be read", step);
  }
  if (has_workloads(kubectl)) {
    throw Error(ExitCode::refused,
                fmt::format("this is another cluster (context {}) than the one LKG {} was captured "
                            "on, and workloads run in "
                            "namespace {}",
                            kubectl.target().context, lkg.id, kubectl.target().ns),
                step);
  }
}

void identify(RestoreRun& run) {
  const auto& ns = run.kubectl.target().ns;
  run.lkg.require_namespace(ns);
  try {
    const auto place = kube::read_place(run.kubectl);
    run.cluster.uid = place.cluster_uid;
    run.result.cluster_uid = place.cluster_uid;
    run.namespace_exists = place.namespace_exists;
  } catch (const Error& error) {
    // Nothing can be halted on a cluster that does not answer, and that is the danger to report.
    throw error.as(ExitCode::unsafe);
  }
  check_cluster(run.lkg, run.cluster, run.options.allow_different_cluster, run.kubectl);
  const bool other = !run.lkg.cluster_uid.empty() && run.lkg.cluster_uid != run.cluster.uid;
  const auto& target = run.kubectl.target();
  run.progress(fmt::format("target: namespace {}, context {}, server {}{}", ns, target.context,
                           target.server, other ? " (another cluster than the LKG's)" : ""));
}

}  // namespace dr::lkg
