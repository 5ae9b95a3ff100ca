#include "common/kube/cluster_facts.hpp"

#include <array>

#include "common/base/error.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {

ClusterFacts read_cluster_facts(const Kubectl& kubectl) {
  const std::array<std::string, 2> paths = {"/api/v1/namespaces/kube-system", "/version"};
  const auto replies = kubectl.get_all(paths);
  for (const auto& reply : replies) {
    if (reply.error && reply.error->reason != ApiReason::forbidden) {
      throw Error(ExitCode::failed, "failed to identify the cluster: " + reply.error->text);
    }
  }
  ClusterFacts facts;
  if (!replies[0].error) facts.uid = uid_of(replies[0].value);
  if (!replies[1].error)
    facts.server_version = data::string_or(replies[1].value, {"gitVersion"}, "");
  return facts;
}

}  // namespace dr::kube
