#include "plugins/lkg/preflight/webhooks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/base/text.hpp"
#include "common/kube/kinds.hpp"

namespace dr::lkg {
namespace {

constexpr std::string_view k_name = "webhooks";

using Service = std::pair<std::string, std::string>;  // namespace and name

// A webhook that is asked about a write of the restore and refuses what it does not answer.
struct Guard {
  std::string resource;  // "validatingwebhookconfiguration"
  std::string configuration;
  std::size_t index = 0;
  const Json* webhook = nullptr;
  std::string object;  // one that it is asked about

  std::string name() const { return data::string_at(*webhook, {"name"}); }
  // nullopt: its backend is an address outside of the cluster's Services.
  std::optional<Service> service() const {
    if (!data::has(*webhook, {"clientConfig", "service"})) return std::nullopt;
    return Service{data::string_at(*webhook, {"clientConfig", "service", "namespace"}),
                   data::string_at(*webhook, {"clientConfig", "service", "name"})};
  }
};

bool names(const Json& rule, std::string_view member, std::string_view value) {
  const auto& listed = data::array_or_empty(rule, {member});
  return std::any_of(listed.begin(), listed.end(), [&](const Json& candidate) {
    return candidate == "*" || candidate == value || (member == "resources" && candidate == "*/*");
  });
}

bool takes(const Json& rule, const WebhookRequest& request, bool any_version) {
  const std::string scope = data::string_or(rule, {"scope"}, "*");
  return names(rule, "apiGroups", request.group) &&
         (any_version || names(rule, "apiVersions", request.version)) &&
         names(rule, "resources", request.plural) && names(rule, "operations", request.operation) &&
         (scope == "*" || (scope == "Namespaced") == request.namespaced);
}

WebhookRequest request_of(const PlannedObject& planned, const kube::Kind& kind) {
  const auto slash = kind.api_version.find('/');
  WebhookRequest request{
      std::string(kind.group()),
      std::string(kind.api_version.substr(slash == std::string_view::npos ? 0 : slash + 1)),
      std::string(kind.plural),
      planned.action == Action::create ? "CREATE" : "UPDATE",
      kind.namespaced,
      {},
      planned.drift.key.display()};
  for (const Json* object : {planned.drift.lkg, planned.drift.live}) {
    if (object != nullptr)
      request.labels.emplace_back(data::object_or_empty(*object, {"metadata", "labels"}));
  }
  return request;
}

WebhookRequest pod_of(const PlannedObject& planned) {
  const Json& pod_template = *kube::pod_template_of(*planned.drift.lkg);
  return {"",
          "v1",
          "pods",
          "CREATE",
          true,
          {Json(data::object_or_empty(pod_template, {"metadata", "labels"}))},
          "the pods of " + planned.drift.key.display()};
}

void add_guards(const Json& configuration, std::string_view resource,
                const std::vector<WebhookRequest>& requests, const Json& labels,
                std::vector<Guard>& guards) {
  const auto& webhooks = data::array_or_empty(configuration, {"webhooks"});
  for (std::size_t i = 0; i < webhooks.size(); ++i) {
    if (data::string_or(webhooks[i], {"failurePolicy"}, "Fail") != "Fail") continue;
    const auto taken = std::find_if(requests.begin(), requests.end(), [&](const auto& request) {
      return takes(webhooks[i], request, labels);
    });
    if (taken == requests.end()) continue;
    guards.push_back(
        {std::string(resource), kube::name_of(configuration), i, &webhooks[i], taken->object});
  }
}

bool is_ready(const Json& endpoint) {
  return data::boolean_or(endpoint, {"conditions", "ready"}, true);
}

bool has_ready_endpoint(const Json& slices) {
  for (const auto& slice : data::array_or_empty(slices, {"items"})) {
    const auto& endpoints = data::array_or_empty(slice, {"endpoints"});
    if (std::any_of(endpoints.begin(), endpoints.end(), is_ready)) return true;
  }
  return false;
}

// What is wrong with the backends, or why it is not known.
struct Backend {
  std::string trouble;  // empty: none
  std::string unknown;
};

Backend backend_of(const kube::Reply& service, const kube::Reply& slices) {
  if (service.error) {
    if (service.error->reason == kube::ApiReason::not_found) return {"does not exist", ""};
    return {"", service.error->text};
  }
  if (data::string_or(service.value, {"spec", "type"}, "") == "ExternalName") return {};
  if (slices.error) return {"", slices.error->text};
  return has_ready_endpoint(slices.value) ? Backend{} : Backend{"has no ready endpoint", ""};
}

std::map<Service, Backend> read_backends(const std::set<Service>& services,
                                         const kube::Kubectl& kubectl) {
  std::vector<std::string> paths;
  for (const auto& [ns, name] : services) {
    paths.push_back(kube::object_path(*kube::find_kind("Service"), ns, name));
    paths.push_back(kube::list_path("discovery.k8s.io/v1", "endpointslices", ns) +
                    "?labelSelector=kubernetes.io%2Fservice-name%3D" + name);
  }
  const auto replies = kubectl.get_all(paths);
  std::map<Service, Backend> backends;
  std::size_t i = 0;
  for (const auto& service : services) {
    backends[service] = backend_of(replies[i], replies[i + 1]);
    i += 2;
  }
  return backends;
}

std::string cure_of(const Guard& guard) {
  return fmt::format(
      "bring its backend up, or let requests pass without it while you restore: `kubectl patch {} "
      "{} --type=json -p '[{{\"op\":\"replace\",\"path\":\"/webhooks/{}/failurePolicy\","
      "\"value\":\"Ignore\"}}]'`",
      guard.resource, guard.configuration, guard.index);
}

std::optional<Check> check(const Guard& guard, const std::map<Service, Backend>& backends,
                           const std::string& ns) {
  const auto service = guard.service();
  const std::string what =
      fmt::format("webhook {}, which must allow {},", guard.name(), guard.object);
  const std::string subject = guard.resource + "/" + guard.configuration;
  if (!service) {
    return Check{std::string(k_name), Verdict::warn, subject,
                 what + " is at an address that cannot be looked at", cure_of(guard)};
  }
  const std::string backend =
      fmt::format("Service {} in namespace {}", service->second, service->first);
  // A condition in CEL may spare the request, which only the API server can tell.
  const bool may_spare = !data::array_or_empty(*guard.webhook, {"matchConditions"}).empty();
  const Verdict verdict = may_spare ? Verdict::warn : Verdict::stop;
  if (service->first == ns) {
    return Check{std::string(k_name), verdict, subject,
                 fmt::format("{} is served by {} itself, which is being restored", what, backend),
                 cure_of(guard)};
  }
  const auto& [trouble, unknown] = backends.at(*service);
  if (!unknown.empty())
    return not_known(k_name, "whether " + backend + " answers for webhook " + guard.name(),
                     unknown);
  if (trouble.empty()) return std::nullopt;
  return Check{std::string(k_name), verdict, subject,
               fmt::format("{} has no backend: {} {}", what, backend, trouble), cure_of(guard)};
}

}  // namespace

std::vector<WebhookRequest> webhook_requests(const Scene& scene) {
  std::vector<WebhookRequest> requests;
  for (const auto& planned : scene.plan.objects) {
    if (!is_written(planned)) continue;
    requests.push_back(request_of(planned, kube::kind_of(planned.drift.key)));
    if (starts_pods(planned)) requests.push_back(pod_of(planned));
  }
  return requests;
}

bool takes(const Json& webhook, const WebhookRequest& request, const Json& labels_of_namespace) {
  // Equivalent, the default: a rule of one version takes the object in any other.
  const bool any_version = data::string_or(webhook, {"matchPolicy"}, "Equivalent") == "Equivalent";
  const auto& rules = data::array_or_empty(webhook, {"rules"});
  if (std::none_of(rules.begin(), rules.end(),
                   [&](const Json& rule) { return takes(rule, request, any_version); }))
    return false;
  // The namespace selector lets all cluster-scoped objects but Namespaces in.
  if ((request.namespaced || request.plural == "namespaces") &&
      !selects(data::find(webhook, {"namespaceSelector"}), labels_of_namespace))
    return false;
  const Json* selector = data::find(webhook, {"objectSelector"});
  return std::any_of(request.labels.begin(), request.labels.end(),
                     [&](const Json& labels) { return selects(selector, labels); });
}

std::vector<Check> check_webhooks(const Scene& scene, const kube::Reply& validating,
                                  const kube::Reply& mutating, const kube::Kubectl& kubectl) {
  const auto requests = webhook_requests(scene);
  const Json labels = namespace_labels(scene);
  std::vector<Check> found;
  std::vector<Guard> guards;
  const std::pair<const kube::Reply&, std::string_view> lists[] = {
      {validating, "validatingwebhookconfiguration"}, {mutating, "mutatingwebhookconfiguration"}};
  for (const auto& [reply, resource] : lists) {
    if (reply.error) {
      found.push_back(
          not_known(k_name, fmt::format("which {}s there are", resource), reply.error->text));
      continue;
    }
    for (const auto& configuration : data::array_or_empty(reply.value, {"items"}))
      add_guards(configuration, resource, requests, labels, guards);
  }
  std::set<Service> services;
  for (const auto& guard : guards) {
    if (const auto service = guard.service(); service && service->first != scene.lkg.ns)
      services.insert(*service);
  }
  const auto backends = read_backends(services, kubectl);
  for (const auto& guard : guards) {
    if (auto row = check(guard, backends, scene.lkg.ns)) found.push_back(std::move(*row));
  }
  return or_ok(std::move(found), k_name,
               fmt::format("{} take what is written, and have backends", guards.size()));
}

}  // namespace dr::lkg
