#include "plugins/lkg/status/fence.hpp"

#include <algorithm>
#include <array>

#include "common/base/error.hpp"
#include "common/kube/object.hpp"

namespace dr::lkg {
namespace {

constexpr std::string_view k_group = "/apis/admissionregistration.k8s.io/v1/";
constexpr std::array<std::string_view, 2> k_names = {"agenttrader-dr-hold",
                                                     "agenttrader-dr-hold-namespace"};
constexpr std::string_view k_hold_label = "agenttrader.dev/dr-hold";

const Json* find_named(const Json& list, std::string_view name) {
  for (const auto& item : data::array_or_empty(list, {"items"})) {
    if (kube::name_of(item) == name) return &item;
  }
  return nullptr;
}

bool denies(const Json* binding, std::string_view policy) {
  if (binding == nullptr || data::string_or(*binding, {"spec", "policyName"}, "") != policy)
    return false;
  const auto& actions = data::array_or_empty(*binding, {"spec", "validationActions"});
  return std::find(actions.begin(), actions.end(), "Deny") != actions.end();
}

// A server that does not know the kind has none of them.
std::optional<std::string> trouble_of(const kube::Reply& reply) {
  if (!reply.error || reply.error->reason == kube::ApiReason::not_found) return std::nullopt;
  return reply.error->text;
}

}  // namespace

Part<FenceStatus> read_fence(const kube::Kubectl& kubectl, const kube::Reply& ns) try {
  const std::array<std::string, 2> paths = {
      std::string(k_group) + "validatingadmissionpolicies",
      std::string(k_group) + "validatingadmissionpolicybindings"};
  const auto replies = kubectl.get_all(paths);
  for (const auto* reply : {&replies[0], &replies[1], &ns}) {
    if (const auto trouble = trouble_of(*reply)) return {std::nullopt, *trouble, std::nullopt};
  }
  FenceStatus fence;
  fence.held =
      !ns.error && data::string_or(ns.value, {"metadata", "labels", k_hold_label}, "") == "true";
  const Json none = Json::object();
  const Json& policies = replies[0].error ? none : replies[0].value;
  const Json& bindings = replies[1].error ? none : replies[1].value;
  for (const auto name : k_names) {
    if (find_named(policies, name) == nullptr)
      fence.missing.push_back("ValidatingAdmissionPolicy/" + std::string(name));
    if (!denies(find_named(bindings, name), name))
      fence.missing.push_back("ValidatingAdmissionPolicyBinding/" + std::string(name));
  }
  return {std::move(fence), {}, std::nullopt};
} catch (const Error& error) {
  if (error.code() == ExitCode::usage) throw;
  return {std::nullopt, error.what(), std::nullopt};
}

}  // namespace dr::lkg
