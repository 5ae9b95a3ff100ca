#include "common/kube/cluster_facts.hpp"

#include <array>
#include <string>

#include "common/base/error.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"

namespace dr::kube {

namespace {

const std::string k_identity_path = "/api/v1/namespaces/kube-system";
const std::string k_version_path = "/version";

// False when it may not be read.
bool is_readable(const Reply& reply) {
  if (reply.error && reply.error->reason != ApiReason::forbidden)
    throw Error(ExitCode::failed, "failed to identify the cluster: " + reply.error->text);
  return !reply.error;
}

std::string cluster_uid_of(const Reply& identity) {
  return is_readable(identity) ? uid_of(identity.value) : std::string();
}

}  // namespace

ClusterFacts read_cluster_facts(const Kubectl& kubectl) {
  const auto replies = kubectl.get_all(std::array{k_identity_path, k_version_path});
  ClusterFacts facts{cluster_uid_of(replies[0]), {}};
  if (is_readable(replies[1]))
    facts.server_version = data::string_or(replies[1].value, {"gitVersion"}, "");
  return facts;
}

Place read_place(const Kubectl& kubectl) {
  const ObjectKey key{"v1", "Namespace", {}, kubectl.target().ns};
  const auto replies = kubectl.get_all(
      std::array{k_identity_path, object_path(*find_kind("Namespace"), {}, key.name)});
  const auto& error = replies[1].error;
  if (error && error->reason != ApiReason::not_found)
    throw Error(ExitCode::failed, "failed to read " + key.display() + ": " + error->text);
  return {cluster_uid_of(replies[0]), !error};
}

}  // namespace dr::kube
