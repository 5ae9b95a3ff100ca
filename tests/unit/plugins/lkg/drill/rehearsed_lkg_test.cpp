#include "plugins/lkg/drill/rehearsed_lkg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

const std::string k_ns = "lkg-drill-1";
const std::string k_id = "1";

Lkg floor_of(std::vector<Json> objects) {
  Lkg lkg;
  lkg.id = "20260101T000000Z-0a1b2c3d";
  lkg.ns = k_floor;
  lkg.objects = {make_namespace(), make_switch()};
  lkg.objects.insert(lkg.objects.end(), objects.begin(), objects.end());
  return lkg;
}

DrillCopy rehearsal_of(Json object, DrillPods pods = DrillPods::one) {
  return rehearse(floor_of({std::move(object)}), k_ns, k_id, pods);
}

// What became of the one object; null when it was left out.
Json adapted(const Json& object, DrillPods pods = DrillPods::one) {
  const auto rehearsal = rehearsal_of(object, pods);
  const Json* found = rehearsal.lkg.find(kube::key_of(object).type(),
                                         data::string_at(object, {"metadata", "name"}));
  return found == nullptr ? Json() : *found;
}

// "Deployment/web /spec/replicas", of all changes.
std::vector<std::string> changes_of(const Json& object, DrillPods pods = DrillPods::one) {
  std::vector<std::string> texts;
  for (const auto& change : rehearsal_of(object, pods).changes) {
    EXPECT_FALSE(change.reason.empty());
    texts.push_back(change.object + " " + change.pointer);
  }
  return texts;
}

Json with_spec(const std::string& api_version, const std::string& kind, Json spec) {
  Json object = make_object(api_version, kind, "web");
  object["spec"] = std::move(spec);
  return object;
}

Json pod_spec_of(const Json& workload) {
  return kube::pod_template_of(workload)->at("spec");
}

TEST(Rehearse, NothingStaysInTheNamespaceOfTheFloor) {
  // Protects the floor: not one write of a drill may go there.
  Json binding = make_object("rbac.authorization.k8s.io/v1", "RoleBinding", "reads");
  binding["subjects"] = {{{"kind", "ServiceAccount"}, {"name", "web"}, {"namespace", k_floor}},
                         {{"kind", "ServiceAccount"}, {"name", "x"}, {"namespace", "elsewhere"}}};
  const auto rehearsal = rehearse(floor_of({binding, make_deployment("web", 1, k_by_digest)}), k_ns,
                                  k_id, DrillPods::one);
  EXPECT_EQ(rehearsal.lkg.ns, k_ns);
  for (const auto& object : rehearsal.lkg.objects) {
    const bool is_namespace = object.at("kind") == "Namespace";
    EXPECT_EQ(data::string_at(object, {"metadata", is_namespace ? "name" : "namespace"}), k_ns);
  }
  const Json& subjects = rehearsal.lkg.find("RoleBinding", "reads")->at("subjects");
  EXPECT_EQ(subjects.at(0).at("namespace"), k_ns);
  EXPECT_EQ(subjects.at(1).at("namespace"), "elsewhere");
}

TEST(Rehearse, TheNamespaceIsMarkedAndCanBeDeleted) {
  // Protects the removal: it deletes nothing without the mark, and the fence keeps what is held.
  Lkg lkg = floor_of({});
  lkg.objects.front()["metadata"]["labels"] = {{"agenttrader.dev/dr-hold", "true"},
                                               {"pod-security.kubernetes.io/enforce", "baseline"}};
  const auto rehearsal = rehearse(lkg, k_ns, k_id, DrillPods::one);
  EXPECT_EQ(rehearsal.lkg.objects.front().at("metadata").at("labels"),
            Json({{"agenttrader.dev/drill", k_id},
                  {"kubernetes.io/metadata.name", k_ns},
                  {"pod-security.kubernetes.io/enforce", "baseline"}}));
}

TEST(Rehearse, TheSwitchStaysHaltedAndAllTrafficIsDeniedFirst) {
  // Protects the world from the copy: what opens a way is left out, and a fence is written first.
  const auto rehearsal = rehearsal_of(
      with_spec("networking.k8s.io/v1", "NetworkPolicy", {{"podSelector", Json::object()}}));
  EXPECT_EQ(rehearsal.lkg.find("ConfigMap", k_switch)->at("data").at("EXECUTION_HALTED"), "1");
  EXPECT_EQ(rehearsal.lkg.find("NetworkPolicy", "web"), nullptr);
  EXPECT_EQ(rehearsal.lkg.objects.at(1).at("spec"),
            Json({{"podSelector", Json::object()}, {"policyTypes", {"Ingress", "Egress"}}}));
}

TEST(Rehearse, WhatRunsByItselfOrLeadsInIsLeftOutByName) {
  // Protects against jobs by the clock, entrances, claims on disks and controllers of others.
  for (const char* kind : {"CronJob", "Ingress", "PersistentVolumeClaim", "PodDisruptionBudget",
                           "HorizontalPodAutoscaler"}) {
    const Json object = make_object(kube::find_kind(kind)->api_version, kind, "web");
    EXPECT_EQ(adapted(object), nullptr) << kind;
    EXPECT_THAT(changes_of(object), ElementsAre(std::string(kind) + "/web ")) << kind;
  }
  const auto custom = rehearsal_of(make_object("shop.example.com/v1", "Widget", "web"));
  EXPECT_EQ(custom.lkg.objects.size(), 3U);  // the namespace, the switch and the fence
  EXPECT_EQ(custom.changes.size(), 1U);
}

TEST(Rehearse, OnePodOfEachOrNone) {
  // Protects the cluster's capacity, and the floor's: what is scaled to zero stays so.
  EXPECT_EQ(adapted(make_deployment("web", 5, k_by_digest)).at("spec").at("replicas"), 1);
  EXPECT_EQ(adapted(make_deployment("web", 0, k_by_digest)).at("spec").at("replicas"), 0);
  EXPECT_EQ(
      adapted(make_deployment("web", 5, k_by_digest), DrillPods::none).at("spec").at("replicas"),
      0);
  Json autoscaled = make_deployment("web", 5, k_by_digest);
  autoscaled["spec"].erase("replicas");
  EXPECT_EQ(adapted(autoscaled).at("spec").at("replicas"), 1);
  Json daemons = make_deployment("web", 1, k_by_digest);
  daemons["kind"] = "DaemonSet";
  daemons["spec"].erase("replicas");
  EXPECT_FALSE(pod_spec_of(adapted(daemons)).contains("nodeSelector"));
  EXPECT_EQ(pod_spec_of(adapted(daemons, DrillPods::none)).at("nodeSelector"),
            Json({{"agenttrader.dev/drill", "no-node"}}));
}

TEST(Rehearse, PodsReachNoNodeNoDiskAndNoPodOfTheFloor) {
  // Protects nodes, data and the floor's place: hostNetwork is not bound by a NetworkPolicy.
  Json workload = make_deployment("web", 1, k_by_digest);
  Json& spec = (*kube::pod_template_of(workload))["spec"];
  spec["hostNetwork"] = spec["hostPID"] = spec["hostIPC"] = true;
  spec["priorityClassName"] = "urgent";
  spec["containers"][0]["ports"] = {{{"containerPort", 80}, {"hostPort", 80}}};
  spec["volumes"] = {{{"name", "data"}, {"persistentVolumeClaim", {{"claimName", "data"}}}},
                     {{"name", "node"}, {"hostPath", {{"path", "/"}}}},
                     {{"name", "settings"}, {"configMap", {{"name", "settings"}}}}};
  const Json pods = pod_spec_of(adapted(workload));
  for (const char* member : {"hostNetwork", "hostPID", "hostIPC", "priorityClassName"})
    EXPECT_FALSE(pods.contains(member)) << member;
  EXPECT_EQ(pods.at("containers").at(0).at("ports").at(0), Json({{"containerPort", 80}}));
  EXPECT_EQ(pods.at("volumes").at(0), Json({{"name", "data"}, {"emptyDir", Json::object()}}));
  EXPECT_EQ(pods.at("volumes").at(1), Json({{"name", "node"}, {"emptyDir", Json::object()}}));
  EXPECT_EQ(pods.at("volumes").at(2), spec.at("volumes").at(2));
  EXPECT_THAT(changes_of(workload), Contains("Deployment/web /spec/template/spec/hostNetwork"));
  EXPECT_THAT(changes_of(workload), Contains("Deployment/web /spec/template/spec/volumes/node"));
  EXPECT_THAT(changes_of(workload),
              Not(Contains("Deployment/web /spec/template/spec/volumes/settings")));
}

TEST(Rehearse, AStatefulSetHasNoClaims) {
  // Protects the budget: a claim of a template is a disk.
  Json workload = make_deployment("web", 1, k_by_digest);
  workload["kind"] = "StatefulSet";
  workload["spec"]["volumeClaimTemplates"] = {{{"metadata", {{"name", "data"}}}}};
  const Json result = adapted(workload);
  EXPECT_FALSE(result.at("spec").contains("volumeClaimTemplates"));
  EXPECT_EQ(pod_spec_of(result).at("volumes"),
            Json({{{"name", "data"}, {"emptyDir", Json::object()}}}));
}

TEST(Rehearse, AServiceLeadsNowhereFromOutside) {
  // Protects against a load balancer, a taken node port, and an address that the floor has.
  Json service = with_spec("v1", "Service",
                           {{"type", "LoadBalancer"},
                            {"clusterIP", "10.0.0.7"},
                            {"clusterIPs", {"10.0.0.7"}},
                            {"externalTrafficPolicy", "Local"},
                            {"healthCheckNodePort", 30001},
                            {"ports", {{{"port", 80}, {"nodePort", 30000}}}}});
  service["metadata"]["annotations"] = {{"cloud.google.com/neg", "{}"}};
  const Json result = adapted(service);
  EXPECT_EQ(result.at("spec"), Json({{"type", "ClusterIP"}, {"ports", {{{"port", 80}}}}}));
  EXPECT_FALSE(result.at("metadata").contains("annotations"));
  const Json headless = with_spec("v1", "Service", {{"clusterIP", "None"}, {"type", "ClusterIP"}});
  EXPECT_EQ(adapted(headless).at("spec").at("clusterIP"), "None");
}

TEST(Rehearse, AServiceAccountLendsNoIdentity) {
  // Protects what the cloud would let the floor's identity do.
  Json account = make_object("v1", "ServiceAccount", "web");
  account["metadata"]["annotations"] = {{"iam.gke.io/gcp-service-account", "a@b.c"}};
  EXPECT_FALSE(adapted(account).at("metadata").contains("annotations"));
  EXPECT_THAT(changes_of(account), ElementsAre("ServiceAccount/web /metadata/annotations"));
}

TEST(Rehearse, SecretsHaveTheirKeysAndNoValue) {
  // Protects against pods that wait for a Secret, and against a value that should not be known.
  Json workload = make_deployment("web", 1, k_by_digest);
  (*kube::pod_template_of(workload))["spec"]["containers"][0]["env"] = {
      {{"name", "KEY"}, {"valueFrom", {{"secretKeyRef", {{"name", "broker"}, {"key", "token"}}}}}}};
  const auto rehearsal = rehearsal_of(workload);
  ASSERT_EQ(rehearsal.secrets.size(), 1U);
  EXPECT_EQ(rehearsal.secrets[0].at("data"), Json({{"token", ""}}));
  EXPECT_EQ(rehearsal.secrets[0].at("metadata").at("namespace"), k_ns);
  EXPECT_THAT(rehearsal.changes, IsEmpty());
}

}  // namespace
}  // namespace dr::lkg
