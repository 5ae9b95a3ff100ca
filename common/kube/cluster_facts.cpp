#include "common/kube/cluster_facts.hpp"

#include <array>
#include <span>
#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {

namespace {

const std::string k_identity_path = "/api/v1/namespaces/kube-system";
const std::string k_version_path = "/version";

// Of the answers to those two.
ClusterFacts facts_of(std::span<const Reply> replies) {
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

}  // namespace

ClusterFacts read_cluster_facts(const Kubectl& kubectl) {
  return facts_of(kubectl.get_all(std::array{k_identity_path, k_version_path}));
}

Place read_place(const Kubectl& kubectl) {
  const ObjectKey key{"v1", "Namespace", {}, kubectl.target().ns};
  const auto replies = kubectl.get_all(std::array{
      k_identity_path, k_version_path, object_path(*find_kind("Namespace"), {}, key.name)});
  const auto& error = replies.back().error;
  if (error && error->reason != ApiReason::not_found)
    throw Error(ExitCode::failed, "failed to read " + key.display() + ": " + error->text);
  return {facts_of(std::span(replies).first(2)), !error};
}

}  // namespace dr::kube
