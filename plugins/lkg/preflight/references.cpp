#include "plugins/lkg/preflight/references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/text.hpp"
#include "common/kube/kinds.hpp"
#include "common/kube/references.hpp"

namespace dr::lkg {
namespace {

constexpr std::string_view k_name = "references";

using Names = std::set<std::string>;

std::vector<Json> written_objects(const Plan& plan) {
  std::vector<Json> objects;
  for (const auto& planned : plan.objects) {
    // A claim that is there has its volume, or waits for one whatever a restore does.
    const bool is_claimed =
        planned.drift.live != nullptr && planned.drift.key.kind == "PersistentVolumeClaim";
    if (is_written(planned) && !is_claimed) objects.push_back(*planned.drift.lkg);
  }
  return objects;
}

// One kind of what is named: all the names, those that written objects name, and what is there.
struct Named {
  std::string kind;
  const Names& all;
  const Names& written;
  bool stops = true;
  std::string consequence;
  std::string cure;  // "{}" is the name
};

// What every namespace and cluster gets by itself.
bool comes_by_itself(const std::string& kind, const std::string& name) {
  return (kind == "ConfigMap" && name == "kube-root-ca.crt") ||
         (kind == "ServiceAccount" && name == "default") ||
         (kind == "PriorityClass" && name.starts_with("system-"));
}

// In the namespace, or in the LKG.
bool is_known(const Scene& scene, const std::string& kind, const std::string& name) {
  return comes_by_itself(kind, name) || scene.live.find(kind, name) != nullptr ||
         scene.lkg.find(kind, name) != nullptr;
}

Check missing(const Named& named, const std::string& name) {
  const bool stops = named.stops && named.written.contains(name);
  const std::string what = named.kind + "/" + name;
  return {std::string(k_name), stops ? Verdict::stop : Verdict::warn, what,
          fmt::format("{} is missing, and the LKG does not hold it: {}", what, named.consequence),
          fmt::format(fmt::runtime(named.cure), name)};
}

template <typename IsThere>
void add_missing(const Named& named, const IsThere& is_there, std::vector<Check>& found) {
  for (const auto& name : named.all) {
    if (!is_there(name)) found.push_back(missing(named, name));
  }
}

Names names_in(const Json& list) {
  Names names;
  for (const auto& item : data::array_or_empty(list, {"items"})) names.insert(kube::name_of(item));
  return names;
}

void add_missing_class(const Named& named, const std::map<std::string, kube::Reply>& classes,
                       const Scene& scene, const Names& others, std::vector<Check>& found) {
  const auto reply = classes.find(named.kind);
  if (reply == classes.end()) return;
  if (reply->second.error) {
    found.push_back(
        not_known(k_name, fmt::format("whether each {} that the LKG names is there", named.kind),
                  reply->second.error->text));
    return;
  }
  const Names present = names_in(reply->second.value);
  add_missing(
      named,
      [&](const auto& name) {
        return present.contains(name) || others.contains(name) || is_known(scene, named.kind, name);
      },
      found);
}

// Volumes that an administrator made may name a class that nobody defined.
Names classes_of_volumes(const Names& wanted, const std::map<std::string, kube::Reply>& classes,
                         const kube::Kubectl& kubectl) {
  const auto reply = classes.find("StorageClass");
  if (reply == classes.end() || reply->second.error) return {};
  const Names present = names_in(reply->second.value);
  if (std::includes(present.begin(), present.end(), wanted.begin(), wanted.end())) return {};
  const std::vector<std::string> paths = {"/api/v1/persistentvolumes"};
  const auto volumes = kubectl.get_all(paths);
  Names names;
  for (const auto& volume : data::array_or_empty(volumes.front().value, {"items"}))
    names.insert(data::string_or(volume, {"spec", "storageClassName"}, ""));
  return names;
}

void add_missing_secrets(const kube::References& references, const kube::Kubectl& kubectl,
                         std::vector<Check>& found) {
  const auto& needed = references.secrets;
  if (needed.empty()) return;
  // A table: the server sends names, types and counts, but no data.
  const auto listed = kubectl.read({"get", "secrets", "--no-headers"});
  if (!listed.ok()) {
    found.push_back(
        not_known(k_name, "which Secrets are missing", kube::api_error_of(listed).text));
    return;
  }
  Names present;
  for (const auto& line : split(listed.out, '\n')) present.insert(line.substr(0, line.find(' ')));
  for (const auto& [name, keys] : needed) {
    if (present.contains(name)) continue;
    const std::vector<std::string> key_names(keys.begin(), keys.end());
    found.push_back({std::string(k_name), Verdict::warn, "Secret/" + name,
                     fmt::format("Secret/{} is missing{}", name,
                                 keys.empty() ? "" : " (keys: " + join(key_names, ", ") + ")"),
                     "create it, pods that need it will not start"});
  }
}

// Nobody knows the endpoints of a Service without a selector but who wrote them.
void add_missing_endpoints(const Scene& scene, std::vector<Check>& found) {
  Names served;
  for (const auto& object : scene.lkg.objects) served.insert(service_of_endpoints(object));
  for (const auto& planned : scene.plan.objects) {
    const auto& key = planned.drift.key;
    if (key.kind != "Service" || !is_written(planned) || served.contains(key.name) ||
        !lacks_selector(*planned.drift.lkg))
      continue;
    found.push_back({std::string(k_name), Verdict::warn, key.display(),
                     key.display() + " has no selector, and the LKG holds no endpoints of it",
                     fmt::format("see that what makes them does (`kubectl get endpointslices -n {} "
                                 "-l kubernetes.io/service-name={}`)",
                                 scene.lkg.ns, key.name)});
  }
}

void add_missing_objects(const Scene& scene, const kube::References& all,
                         const kube::References& written, std::vector<Check>& found) {
  const std::string in_namespace = " {} -n " + scene.lkg.ns;
  const Named kinds[] = {
      {"ServiceAccount", all.service_accounts, written.service_accounts, true,
       "no pod that names it is admitted",
       "create it (`kubectl create serviceaccount" + in_namespace + "`)"},
      {"ConfigMap", all.config_maps, written.config_maps, true, "no pod that names it starts",
       "create it (`kubectl create configmap" + in_namespace + " --from-file=...`)"},
      {"PersistentVolumeClaim", all.claims, written.claims, true,
       "no pod that names it is scheduled",
       "create it as {} (`kubectl get pvc -n " + scene.lkg.ns + "` shows those that are there)"}};
  for (const auto& named : kinds) {
    add_missing(
        named, [&](const std::string& name) { return is_known(scene, named.kind, name); }, found);
  }
}

}  // namespace

std::map<std::string, std::string> class_lists(const Scene& scene) {
  const auto named = kube::references_of(scene.lkg.objects);
  std::map<std::string, std::string> lists;
  if (!named.storage_classes.empty())
    lists["StorageClass"] = kube::list_path("storage.k8s.io/v1", "storageclasses", "");
  if (!named.runtime_classes.empty())
    lists["RuntimeClass"] = kube::list_path("node.k8s.io/v1", "runtimeclasses", "");
  if (!named.ingress_classes.empty())
    lists["IngressClass"] = kube::list_path("networking.k8s.io/v1", "ingressclasses", "");
  if (!std::all_of(named.priority_classes.begin(), named.priority_classes.end(),
                   [&](const auto& name) { return is_known(scene, "PriorityClass", name); }))
    lists["PriorityClass"] = kube::list_path(*kube::find_kind("PriorityClass"), "");
  return lists;
}

std::vector<Check> check_references(const Scene& scene,
                                    const std::map<std::string, kube::Reply>& classes,
                                    const kube::Kubectl& kubectl) {
  std::vector<Check> found;
  const auto all = kube::references_of(scene.lkg.objects);
  const auto written = kube::references_of(written_objects(scene.plan));
  add_missing_secrets(all, kubectl, found);
  add_missing_objects(scene, all, written, found);
  add_missing_endpoints(scene, found);
  add_missing_class(
      {"StorageClass", all.storage_classes, written.storage_classes, true,
       "no volume is made for a claim of it, nor is there one",
       "create it, or a PersistentVolume of class {} (`kubectl get storageclass,pv`)"},
      classes, scene, classes_of_volumes(all.storage_classes, classes, kubectl), found);
  add_missing_class(
      {"RuntimeClass", all.runtime_classes, written.runtime_classes, true,
       "no pod that names it is admitted", "create it as {} (`kubectl get runtimeclass`)"},
      classes, scene, {}, found);
  add_missing_class({"PriorityClass", all.priority_classes, written.priority_classes, true,
                     "no pod that names it is admitted",
                     "create it (`kubectl create priorityclass {} --value=...`)"},
                    classes, scene, {}, found);
  // Nothing waits for an Ingress that nobody serves, and GKE serves its own without a class.
  add_missing_class(
      {"IngressClass", written.ingress_classes, written.ingress_classes, false,
       "nobody serves its Ingresses", "install its controller as {} (`kubectl get ingressclass`)"},
      classes, scene, {}, found);
  return or_ok(std::move(found), k_name, "all that the LKG names is there");
}

}  // namespace dr::lkg
