#include "plugins/lkg/drill/rehearsed_lkg.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"
#include "common/kube/references.hpp"

namespace dr::lkg {
namespace {

constexpr std::string_view k_hold_label = "agenttrader.dev/dr-hold";

// A kind that is left out. Custom resources are, too.
struct LeftOut {
  std::string_view kind;
  std::string_view reason;
};
constexpr std::array k_left_out = {
    LeftOut{"CronJob", "it would run by the clock"},
    LeftOut{"HorizontalPodAutoscaler", "no workload has more than one replica"},
    LeftOut{"Ingress", "it would lead the world in"},
    LeftOut{"NetworkPolicy", "all traffic is denied"},
    LeftOut{"PersistentVolumeClaim", "volumes are empty directories"},
    LeftOut{"PodDisruptionBudget", "it would keep the one replica on its node"},
    LeftOut{"PriorityClass", "it is the whole cluster's"},
};
constexpr std::string_view k_custom = "its controller may act outside of the namespace";

// A member that is dropped wherever it is found.
struct Dropped {
  std::string_view member;
  std::string_view reason;
};
constexpr std::string_view k_leaves_node = "it would get round the denied traffic";
constexpr std::array k_of_pods = {
    Dropped{"hostNetwork", k_leaves_node},
    Dropped{"hostPID", "it would reach the node's processes"},
    Dropped{"hostIPC", "it would reach the node's processes"},
    Dropped{"priorityClassName", "it must displace no pod of the floor"},
    Dropped{"priority", "it must displace no pod of the floor"},
};
constexpr std::string_view k_given_out = "the cluster gives it out anew";
constexpr std::string_view k_no_entrance = "nothing leads in from outside";
constexpr std::array k_of_services = {
    Dropped{"clusterIPs", k_given_out},
    Dropped{"healthCheckNodePort", k_given_out},
    Dropped{"externalIPs", k_no_entrance},
    Dropped{"externalTrafficPolicy", k_no_entrance},
    Dropped{"loadBalancerIP", k_no_entrance},
    Dropped{"loadBalancerClass", k_no_entrance},
    Dropped{"loadBalancerSourceRanges", k_no_entrance},
    Dropped{"allocateLoadBalancerNodePorts", k_no_entrance},
};
constexpr std::string_view k_lends_identity = "they may lend an identity in the cloud";
constexpr std::string_view k_cloud_acts = "controllers of the cloud act on them";

std::string_view why_left_out(const Json& object) {
  if (kube::is_custom(object)) return k_custom;
  const auto& kind = data::string_at(object, {"kind"});
  const auto row = std::find_if(k_left_out.begin(), k_left_out.end(),
                                [&](const LeftOut& one) { return one.kind == kind; });
  return row == k_left_out.end() ? std::string_view() : row->reason;
}

Json deny_all(const std::string& ns) {
  return {{"apiVersion", "networking.k8s.io/v1"},
          {"kind", "NetworkPolicy"},
          {"metadata", {{"name", "drill-denies-all"}, {"namespace", ns}}},
          {"spec", {{"podSelector", Json::object()}, {"policyTypes", {"Ingress", "Egress"}}}}};
}

std::string below(const std::string& pointer, std::string_view member) {
  return pointer + "/" + data::escape_pointer_token(member);
}

// One object on its way into the drill; it notes what it changes.
class Adaptation {
 public:
  Adaptation(Json& object, DrillPods pods, std::vector<DrillChange>& changes)
      : m_object(object), m_pods(pods), m_name(kube::display(object)), m_changes(changes) {}

  void adapt() {
    const auto& kind = data::string_at(m_object, {"kind"});
    if (kind == "ServiceAccount") drop_annotations(k_lends_identity);
    if (kind == "Service") close_service();
    if (Json* pod_template = kube::pod_template_of(m_object)) {
      resize(kind);
      adapt_pods((*pod_template)["spec"]);
    }
    if (kind == "StatefulSet") empty_claims();
  }

 private:
  void note(std::string pointer, std::string_view reason) {
    m_changes.push_back({m_name, std::move(pointer), std::string(reason)});
  }

  void drop(Json& parent, const std::string& pointer, const Dropped& dropped) {
    if (parent.erase(std::string(dropped.member)) > 0)
      note(below(pointer, dropped.member), dropped.reason);
  }

  void set(Json& parent, const std::string& pointer, std::string_view member, Json value,
           std::string_view reason) {
    Json& place = parent[std::string(member)];
    if (place == value) return;
    place = std::move(value);
    note(below(pointer, member), reason);
  }

  void drop_annotations(std::string_view reason) {
    drop(m_object["metadata"], "/metadata", {"annotations", reason});
  }

  void close_service() {
    drop_annotations(k_cloud_acts);
    const std::string type = data::string_or(m_object, {"spec", "type"}, "ClusterIP");
    if (type == "ExternalName") return;
    Json& spec = m_object["spec"];
    for (const auto& dropped : k_of_services) drop(spec, "/spec", dropped);
    if (data::string_or(spec, {"clusterIP"}, "None") != "None")
      drop(spec, "/spec", {"clusterIP", k_given_out});
    set(spec, "/spec", "type", "ClusterIP", k_no_entrance);
    if (!spec.contains("ports")) return;
    for (Json& port : spec["ports"]) drop(port, "/spec/ports", {"nodePort", k_no_entrance});
  }

  // A DaemonSet has a pod on each node that it selects.
  void resize(const std::string& kind) {
    Json& spec = m_object["spec"];
    const bool none = m_pods == DrillPods::none;
    constexpr std::string_view k_admission = "admission alone is tried";
    if (kind == "DaemonSet") {
      if (none)
        set(spec["template"]["spec"], "/spec/template/spec", "nodeSelector",
            {{std::string(k_drill_label), "no-node"}}, k_admission);
      return;
    }
    const auto wanted = data::integer_or(spec, {"replicas"}, 1);
    spec["replicas"] = wanted;  // of an autoscaled workload the LKG has none
    if (none) set(spec, "/spec", "replicas", 0, k_admission);
    if (!none && wanted > 1) set(spec, "/spec", "replicas", 1, "one pod tells as much");
  }

  void adapt_pods(Json& spec) {
    const std::string pointer = "/spec/template/spec";
    for (const auto& dropped : k_of_pods) drop(spec, pointer, dropped);
    for (const char* list : {"initContainers", "containers"}) {
      if (!spec.contains(list)) continue;
      for (Json& container : spec[list]) {
        if (!container.contains("ports")) continue;
        for (Json& port : container["ports"]) {
          drop(port, below(pointer, list) + "/ports",
               {"hostPort", "the node may have given it to the floor"});
        }
      }
    }
    if (!spec.contains("volumes")) return;
    for (Json& volume : spec["volumes"]) empty(volume, below(pointer, "volumes"));
  }

  // What lies outside of the pod becomes an empty directory.
  void empty(Json& volume, const std::string& pointer) {
    static constexpr std::array<std::string_view, 7> k_harmless = {
        "configMap", "secret", "projected", "downwardAPI", "emptyDir", "image", "name"};
    const auto& members = *volume.get_ptr<const Json::object_t*>();
    if (std::all_of(members.begin(), members.end(), [](const auto& member) {
          return std::find(k_harmless.begin(), k_harmless.end(), member.first) != k_harmless.end();
        }))
      return;
    const std::string& name = data::string_at(volume, {"name"});
    note(below(pointer, name), "data and nodes are out of reach: it is an empty directory");
    volume = {{"name", name}, {"emptyDir", Json::object()}};
  }

  void empty_claims() {
    Json& spec = m_object["spec"];
    const auto claims = spec.find("volumeClaimTemplates");
    if (claims == spec.end()) return;
    Json& volumes = spec["template"]["spec"]["volumes"];
    if (volumes.is_null()) volumes = Json::array();
    for (const Json& claim : *claims) {
      const std::string& name = kube::name_of(claim);
      std::erase_if(*volumes.get_ptr<Json::array_t*>(), [&](const Json& volume) {
        return data::string_or(volume, {"name"}, "") == name;
      });
      volumes.push_back({{"name", name}, {"emptyDir", Json::object()}});
    }
    drop(spec, "/spec", {"volumeClaimTemplates", "volumes are empty directories"});
  }

  Json& m_object;
  DrillPods m_pods;
  std::string m_name;
  std::vector<DrillChange>& m_changes;
};

Json namespace_of(const Json& object, const std::string& ns, const std::string& id) {
  Json copy = object;
  copy["metadata"]["name"] = ns;
  Json& labels = copy["metadata"]["labels"];
  if (labels.is_null()) labels = Json::object();
  labels.erase(std::string(k_hold_label));     // the fence would keep it from being deleted
  labels["kubernetes.io/metadata.name"] = ns;  // as the server has it: the drill compares, too
  labels[std::string(k_drill_label)] = id;
  return copy;
}

// Who has rights in the floor by its own ServiceAccounts has them here by the copies.
void follow_subjects(Json& binding, const std::string& floor, const std::string& ns) {
  if (!binding.contains("subjects")) return;
  for (Json& subject : binding["subjects"]) {
    if (data::string_or(subject, {"namespace"}, "") == floor) subject["namespace"] = ns;
  }
}

std::vector<Json> secrets_for(const std::vector<Json>& objects, const std::string& ns,
                              const std::string& id) {
  std::vector<Json> secrets;
  for (const auto& [name, keys] : kube::references_of(objects).secrets) {
    Json data = Json::object();
    for (const auto& key : keys) data[key] = "";
    secrets.push_back(
        {{"apiVersion", "v1"},
         {"kind", "Secret"},
         {"metadata",
          {{"name", name}, {"namespace", ns}, {"labels", {{std::string(k_drill_label), id}}}}},
         {"data", std::move(data)}});
  }
  return secrets;
}

}  // namespace

DrillCopy rehearse(const Lkg& lkg, const std::string& ns, const std::string& id, DrillPods pods) {
  DrillCopy rehearsal;
  rehearsal.lkg = lkg;
  rehearsal.lkg.ns = ns;
  rehearsal.lkg.custom_kinds.clear();
  auto& objects = rehearsal.lkg.objects;
  objects = {namespace_of({{"apiVersion", "v1"}, {"kind", "Namespace"}}, ns, id), deny_all(ns)};
  for (const Json& object : lkg.objects) {
    if (data::string_at(object, {"kind"}) == "Namespace") {
      objects.front() = namespace_of(object, ns, id);
      continue;
    }
    if (const auto reason = why_left_out(object); !reason.empty()) {
      rehearsal.changes.push_back({kube::display(object), "", std::string(reason)});
      continue;
    }
    Json copy = object;
    copy["metadata"]["namespace"] = ns;
    follow_subjects(copy, lkg.ns, ns);
    Adaptation(copy, pods, rehearsal.changes).adapt();
    objects.push_back(std::move(copy));
  }
  rehearsal.secrets = secrets_for(objects, ns, id);
  return rehearsal;
}

}  // namespace dr::lkg
