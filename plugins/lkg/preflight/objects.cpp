#include "plugins/lkg/preflight/objects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/text.hpp"
#include "common/kube/kinds.hpp"
#include "plugins/lkg/preflight/gitops.hpp"

namespace dr::lkg {
namespace {

bool is_dying(const Json* object) {
  return object != nullptr && data::has(*object, {"metadata", "deletionTimestamp"});
}

Check dying_namespace(const std::string& ns) {
  return {"terminating", Verdict::stop, "Namespace/" + ns, "namespace " + ns + " is being deleted",
          fmt::format("wait until it is gone (`kubectl wait --for=delete namespace/{} "
                      "--timeout=5m`)",
                      ns)};
}

Check dying(const kube::ObjectKey& key, const Json& live, const std::string& ns) {
  const bool is_held = !data::array_or_empty(live, {"metadata", "finalizers"}).empty();
  return {"terminating", Verdict::stop, key.display(), key.display() + " is being deleted",
          is_held ? fmt::format("remove the finalizer that holds it (`kubectl patch {} {} -n {} "
                                "--type=merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'`)",
                                key.kind, key.name, ns)
                  : fmt::format("wait until it is gone (`kubectl wait --for=delete {}/{} -n {}`)",
                                key.kind, key.name, ns)};
}

// The node ports of a Service, the one of its health check included, each once.
std::set<std::int64_t> node_ports(const Json& service) {
  std::set<std::int64_t> ports;
  for (const auto& port : data::array_or_empty(service, {"spec", "ports"}))
    ports.insert(data::integer_or(port, {"nodePort"}, 0));
  ports.insert(data::integer_or(service, {"spec", "healthCheckNodePort"}, 0));
  ports.erase(0);
  return ports;
}

// What it is to have and does not hold.
std::set<std::int64_t> wanted_ports(const PlannedObject& planned) {
  if (planned.drift.key.kind != "Service" || !is_written(planned)) return {};
  auto ports = node_ports(*planned.drift.lkg);
  if (planned.drift.live != nullptr) {
    for (const auto held : node_ports(*planned.drift.live)) ports.erase(held);
  }
  return ports;
}

Check owned(const GitOpsOwner& owner, bool is_allowed) {
  const std::string name = owner.tool + (owner.name.empty() ? "" : " (" + owner.name + ")");
  if (!owner.reconciles()) {
    return {"gitops", Verdict::warn, name,
            fmt::format("{} installed {}", name, first_of(owner.objects)),
            "its next upgrade writes its own state back: put the LKG's into its chart"};
  }
  return {"gitops", is_allowed ? Verdict::warn : Verdict::stop, name,
          fmt::format("{} owns {} and may undo a restore", name, first_of(owner.objects)),
          fmt::format("{} (`{}`), then add --allow-gitops",
                      owner.name.empty() ? "find what owns them and suspend it" : "suspend it",
                      owner.suspend)};
}

}  // namespace

Check check_identity(const Scene& scene) {
  Check row{"cluster", Verdict::ok, "", "the one that the LKG was captured on", ""};
  if (scene.lkg.cluster_uid.empty()) {
    row = {"cluster", Verdict::warn, "", "the LKG does not say which cluster it was captured on",
           "see that the context is the right one; capture anew when the floor is good"};
  } else if (scene.cluster.uid.empty()) {
    row = not_known("cluster", "whether this is the cluster of the LKG",
                    "namespace kube-system may not be read");
  } else if (scene.lkg.cluster_uid != scene.cluster.uid) {
    row = {"cluster", Verdict::warn, "",
           "this is another cluster than the one the LKG was captured on",
           "addresses and node ports are given out anew; see that Secrets and data are there"};
  }
  return row;
}

Check check_integrity(const Lkg& lkg) {
  return {"lkg", Verdict::ok, lkg.id, "intact: " + (lkg.id.empty() ? "without an id" : lkg.id), ""};
}

std::map<std::string, std::string> version_paths(const Lkg& lkg) {
  std::map<std::string, std::string> paths;
  for (const auto& object : lkg.objects) {
    const auto key = kube::key_of(object);
    const kube::Kind* kind = kube::find_kind(key.kind);
    if (kind != nullptr && kind->api_version == key.api_version) continue;
    paths[key.api_version] =
        (kube::group_of(key.api_version).empty() ? "/api/" : "/apis/") + key.api_version;
  }
  return paths;
}

std::vector<Check> check_kinds(const Scene& scene,
                               const std::map<std::string, kube::Reply>& served) {
  std::map<std::string, std::set<const kube::Kind*>> kinds;  // by version
  for (const auto& object : scene.lkg.objects) {
    const auto key = kube::key_of(object);
    if (served.contains(key.api_version)) kinds[key.api_version].insert(&kube::kind_of(key));
  }
  std::vector<Check> found;
  for (const auto& [version, rows] : kinds) {
    const auto& reply = served.at(version);
    if (reply.error && reply.error->reason != kube::ApiReason::not_found) {
      found.push_back(not_known("kinds", "whether " + version + " is served", reply.error->text));
      continue;
    }
    std::set<std::string> there;
    for (const auto& resource : data::array_or_empty(reply.value, {"resources"}))
      there.insert(data::string_or(resource, {"kind"}, ""));
    for (const auto* kind : rows) {
      if (there.contains(kind->kind)) continue;
      found.push_back(
          {"kinds", Verdict::stop, kind->name(),
           fmt::format("this API server does not serve {} of {}", kind->name(), version),
           fmt::format("install what defines it (`kubectl api-resources "
                       "--api-group={}`), or restore an LKG without it",
                       kube::group_of(version))});
    }
  }
  return or_ok(std::move(found), "kinds", "every kind of the LKG is served in its version");
}

std::vector<Check> check_terminating(const Scene& scene) {
  std::vector<Check> found;
  // Its objects go with it.
  if (scene.live.ns && is_dying(&*scene.live.ns)) return {dying_namespace(scene.lkg.ns)};
  for (const auto& object : scene.lkg.objects) {
    const auto key = kube::key_of(object);
    const Json* live = scene.live.find(key);
    if (key.kind != "Namespace" && is_dying(live)) found.push_back(dying(key, *live, scene.lkg.ns));
  }
  return or_ok(std::move(found), "terminating", "nothing of the LKG is being deleted");
}

bool needs_node_ports(const Scene& scene) {
  return scene.plan.allocated == kube::Allocated::keep &&
         std::any_of(scene.plan.objects.begin(), scene.plan.objects.end(),
                     [](const auto& planned) { return !wanted_ports(planned).empty(); });
}

std::vector<Check> check_node_ports(const Scene& scene, const kube::Reply& services) {
  if (services.error) {
    return {not_known("node-ports", "whether another Service has a node port of the LKG",
                      services.error->text)};
  }
  std::map<std::int64_t, std::string> taken;  // by Services that are not the LKG's
  for (const auto& service : data::array_or_empty(services.value, {"items"})) {
    const std::string& ns = data::string_at(service, {"metadata", "namespace"});
    const std::string& name = kube::name_of(service);
    if (ns == scene.lkg.ns && scene.lkg.find("Service", name) != nullptr) continue;
    for (const auto port : node_ports(service))
      taken[port] = fmt::format("service {} -n {}", name, ns);
  }
  std::vector<Check> found;
  for (const auto& planned : scene.plan.objects) {
    for (const auto port : wanted_ports(planned)) {
      const auto holder = taken.find(port);
      if (holder == taken.end()) continue;
      const std::string what = planned.drift.key.display();
      found.push_back(
          {"node-ports", Verdict::stop, what,
           fmt::format("node port {} of {} is taken by {}", port, what, holder->second),
           fmt::format("give that one another port (`kubectl edit {}`)", holder->second)});
    }
  }
  return or_ok(std::move(found), "node-ports", "free, or held by the LKG's own Services");
}

std::vector<Check> check_owners(const Scene& scene) {
  std::vector<const Json*> objects;
  for (const auto& object : scene.lkg.objects) {
    const auto key = kube::key_of(object);
    if (const Json* live = scene.live.find(key)) objects.push_back(live);
  }
  std::vector<Check> found;
  for (const auto& owner : gitops_owners(objects))
    found.push_back(owned(owner, scene.plan.consent.allow_gitops));
  return or_ok(std::move(found), "gitops", "none of Argo CD, Flux and Helm owns an object");
}

}  // namespace dr::lkg
