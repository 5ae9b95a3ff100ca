#pragma once

#include <string>
#include <vector>

#include "common/kube/kubectl.hpp"
#include "plugins/lkg/preflight/check.hpp"
#include "plugins/lkg/preflight/scene.hpp"

namespace dr::lkg {

// A request that a restore makes, or a controller for it, as a webhook's rules see it.
struct WebhookRequest {
  std::string group;
  std::string version;
  std::string plural;
  std::string operation;  // "CREATE"
  bool namespaced = true;
  std::vector<Json> labels;  // of the object, before and after: one of them is enough
  std::string object;        // "Deployment/web"
};
std::vector<WebhookRequest> webhook_requests(const Scene& scene);

// Whether a webhook is asked about the request, as far as its rules and selectors tell.
bool takes(const Json& webhook, const WebhookRequest& request, const Json& namespace_labels);

// Webhooks that refuse what they cannot be asked about (failurePolicy Fail), take a request of this
// restore, and have nobody who answers: their Service is gone, has no ready endpoint, or lies in
// the namespace that is being restored. `validating` and `mutating` are the lists of their
// configurations; the Services of those that take a request are read here.
std::vector<Check> check_webhooks(const Scene& scene, const kube::Reply& validating,
                                  const kube::Reply& mutating, const kube::Kubectl& kubectl);

}  // namespace dr::lkg
