#include "plugins/lkg/custom_kinds.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "common/base/error.hpp"
#include "common/kube/derived.hpp"
#include "common/kube/discovery.hpp"

namespace dr::lkg {
namespace {

constexpr std::array<std::string_view, 11> k_run_once = {
    "workflows.argoproj.io", "analysisruns.argoproj.io", "experiments.argoproj.io",
    "taskruns.tekton.dev",   "pipelineruns.tekton.dev",  "customruns.tekton.dev",
    "jobs.batch.volcano.sh", "rayjobs.ray.io",           "sparkapplications.sparkoperator.k8s.io",
    "backups.velero.io",     "restores.velero.io"};

bool runs_once(const kube::Resource& resource) {
  return std::find(k_run_once.begin(), k_run_once.end(), resource.name()) != k_run_once.end();
}

bool is_captured(const kube::Resource& resource) {
  return resource.namespaced && resource.listable && resource.writable &&
         !kube::is_builtin_group(kube::group_of(resource.api_version)) &&
         kube::derived_reason(resource).empty() && !runs_once(resource);
}

void require_answers(const kube::Discovery& discovery) {
  for (const auto& dead : discovery.dead) {
    if (kube::is_derived_group(kube::group_of(dead.group_version))) continue;
    throw Error(
        ExitCode::failed,
        "failed to ask what the API group " + dead.group_version + " serves: " + dead.error.text,
        "mend its API server, or delete its APIService when nothing needs it any more; "
        "then capture again");
  }
}

}  // namespace

std::vector<const kube::Kind*> discover_custom_kinds(const kube::Kubectl& kubectl) {
  const auto discovery = kube::discover(kubectl);
  require_answers(discovery);
  std::vector<const kube::Kind*> kinds;
  for (const auto& resource : discovery.resources) {
    if (!is_captured(resource)) continue;
    kinds.push_back(&kube::learn_kind(resource.api_version, resource.kind, resource.plural));
  }
  return kinds;
}

}  // namespace dr::lkg
