#include "common/kube/references.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

// References of a Deployment whose only container and pod spec are changed so.
References references_with(const Json& container, const Json& pod_spec = Json::object()) {
  Json object = make_deployment("web", 1);
  Json& spec = object["spec"]["template"]["spec"];
  spec["containers"][0].update(container);
  spec.update(pod_spec);
  return references_of({object});
}

const Json k_environment = Json::parse(R"({
  "env": [
    {"name": "PLAIN", "value": "x"},
    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "broker", "key": "id"}}},
    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "broker", "key": "secret"}}},
    {"name": "C", "valueFrom": {"secretKeyRef": {"name": "maybe", "key": "k", "optional": true}}},
    {"name": "D", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "k"}}},
    {"name": "E", "valueFrom": {"configMapKeyRef": {"name": "maybe", "key": "k",
                                                     "optional": true}}}],
  "envFrom": [{"secretRef": {"name": "all"}}, {"configMapRef": {"name": "more"}},
              {"secretRef": {"name": "maybe", "optional": true}},
              {"configMapRef": {"name": "maybe", "optional": true}}]})");

// A pod cannot start without these; what is optional must not stop a restore.
TEST(References, OfTheEnvironment) {
  const References found = references_with(k_environment);
  EXPECT_THAT(found.secrets, UnorderedElementsAre(Pair("broker", ElementsAre("id", "secret")),
                                                  Pair("all", IsEmpty())));
  EXPECT_THAT(found.config_maps, ElementsAre("more", "settings"));
}

// An init container fails as a main one does.
TEST(References, OfInitContainers) {
  Json init = make_container("init", "init:1");
  init.update(k_environment);
  const References found =
      references_with(Json::object(), {{"initContainers", Json::array({init})}});
  EXPECT_TRUE(found.secrets.contains("broker"));
}

TEST(References, OfVolumes) {
  const References found = references_with(Json::object(), Json::parse(R"({"volumes": [
    {"name": "a", "secret": {"secretName": "tls", "items": [{"key": "crt", "path": "p"}]}},
    {"name": "b", "secret": {"secretName": "maybe", "optional": true}},
    {"name": "c", "configMap": {"name": "settings"}},
    {"name": "d", "projected": {"sources": [{"secret": {"name": "projected"}},
                                             {"configMap": {"name": "projected-map"}},
                                             {"serviceAccountToken": {"path": "t"}}]}},
    {"name": "e", "persistentVolumeClaim": {"claimName": "data"}},
    {"name": "f", "csi": {"driver": "x", "nodePublishSecretRef": {"name": "csi"}}},
    {"name": "g", "emptyDir": {}}]})"));
  EXPECT_THAT(found.secrets,
              UnorderedElementsAre(Pair("tls", ElementsAre("crt")), Pair("projected", IsEmpty()),
                                   Pair("csi", IsEmpty())));
  EXPECT_THAT(found.config_maps, ElementsAre("projected-map", "settings"));
  EXPECT_THAT(found.claims, ElementsAre("data"));
}

// Each of these refuses or strands the pod when it is missing on a new cluster.
TEST(References, OfThePodSpec) {
  const References found =
      references_with(Json::object(), {{"serviceAccountName", "trader"},
                                       {"priorityClassName", "high"},
                                       {"runtimeClassName", "gvisor"},
                                       {"imagePullSecrets", Json::array({{{"name", "pull"}}})}});
  EXPECT_THAT(found.service_accounts, ElementsAre("trader"));
  EXPECT_THAT(found.priority_classes, ElementsAre("high"));
  EXPECT_THAT(found.runtime_classes, ElementsAre("gvisor"));
  EXPECT_THAT(found.secrets, ElementsAre(Pair("pull", IsEmpty())));
}

// A CronJob's template lies deeper; a claim template is no pod template.
TEST(References, OfEveryKindThatNamesSomething) {
  Json cron_job = make_cron_job("roll");
  cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["serviceAccountName"] = "roller";
  Json set = make_stateful_set("gamma", 1);
  set["spec"]["volumeClaimTemplates"] =
      Json::array({{{"metadata", {{"name", "d"}}}, {"spec", {{"storageClassName", "ssd"}}}}});
  Json claim = make_object("v1", "PersistentVolumeClaim", "data");
  claim["spec"]["storageClassName"] = "hdd";
  Json account = make_object("v1", "ServiceAccount", "trader");
  account["imagePullSecrets"] = Json::array({{{"name", "pull"}}});
  Json ingress = make_object("networking.k8s.io/v1", "Ingress", "web");
  ingress["spec"] = {{"ingressClassName", "gce"},
                     {"tls", Json::array({{{"secretName", "cert"}}, {{"hosts", {"a.example"}}}})}};

  const References found = references_of({cron_job, set, claim, account, ingress});
  EXPECT_THAT(found.service_accounts, ElementsAre("roller"));
  EXPECT_THAT(found.storage_classes, ElementsAre("hdd", "ssd"));
  EXPECT_THAT(found.ingress_classes, ElementsAre("gce"));
  EXPECT_THAT(found.secrets,
              UnorderedElementsAre(Pair("pull", IsEmpty()), Pair("cert", IsEmpty())));
}

// The record of an LKG holds names and keys, never a value.
TEST(References, AreRecordedByName) {
  Json container = k_environment;
  container["env"][0]["value"] = "hunter2";
  const Json record = to_json(references_with(container));
  EXPECT_EQ(record.at("secrets").at(1), (Json{{"name", "broker"}, {"keys", {"id", "secret"}}}));
  EXPECT_EQ(record.at("configmaps"), (Json{"more", "settings"}));
  EXPECT_EQ(record.at("persistentvolumeclaims"), Json::array());
  EXPECT_EQ(record.dump().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace dr::kube
