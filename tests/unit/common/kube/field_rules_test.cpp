#include "common/kube/field_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/text.hpp"
#include "common/kube/compare.hpp"
#include "common/kube/kinds.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::IsEmpty;
using testing::Not;

// --- The table: every row does what its verdict says, on every kind it is for

std::string template_of(std::string_view kind) {
  if (kind == "CronJob") return "/spec/jobTemplate/spec/template";
  if (kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet" || kind == "Job")
    return "/spec/template";
  return "";
}

// One row on one kind, at a real place of an object.
struct Case {
  const FieldRule* rule = nullptr;
  const Kind* kind = nullptr;
  Json::json_pointer place;

  Json with(const Json& value) const {
    Json object = base();
    object[place] = value;
    return object;
  }
  // The same object without the field, but with all that is above it.
  Json without() const {
    Json object = with("x");
    object.at(place.parent_pointer()).erase(place.back());
    return object;
  }
  std::string name() const { return std::string(kind->kind) + " " + std::string(rule->pointer); }

 private:
  Json base() const {
    Json object = make_object(std::string(kind->api_version), std::string(kind->kind), "x");
    if (const std::string at = template_of(kind->kind); !at.empty())
      object[Json::json_pointer(at)] = {{"metadata", Json::object()}};
    return object;
  }
};

// A pattern as the pointer of one place: "*" is the first element of an array, "prefix*" is
// "prefixx".
std::string place_of(std::string pattern, const std::string& pod_template) {
  if (const auto at = pattern.find("{template}"); at != std::string::npos)
    pattern.replace(at, 10, pod_template);
  for (auto at = pattern.find("/*/"); at != std::string::npos; at = pattern.find("/*/"))
    pattern.replace(at, 3, "/0/");
  if (pattern.ends_with('*')) pattern.back() = 'x';
  return pattern;
}

std::vector<Case> cases_of(Verdict verdict) {
  std::vector<Case> cases;
  for (const FieldRule& rule : field_rules()) {
    if (rule.verdict != verdict) continue;
    for (const Kind& kind : kinds()) {
      const bool kept = kind.capture != Capture::never || kind.kind == "Job";  // in a backup
      if (!kept || (rule.kind != "*" && rule.kind != kind.kind)) continue;
      const std::string pod_template = template_of(kind.kind);
      if (pod_template.empty() && rule.pointer.starts_with("{template}")) continue;
      cases.push_back(
          {&rule, &kind, Json::json_pointer(place_of(std::string(rule.pointer), pod_template))});
    }
  }
  return cases;
}

TEST(FieldRules, ACustomResourceOfABuiltInNameHasRulesOfItsOwn) {
  // Knative has a Service, Volcano a Job: what Kubernetes' own ones give away is theirs to keep.
  Json service = make_object("serving.knative.dev/v1", "Service", "x");
  service["spec"] = {{"clusterIPs", {"10.0.0.1"}}, {"default", nullptr}};
  EXPECT_EQ(captured(service).at("spec"), service.at("spec"));
  const Json job = make_object("batch.volcano.sh/v1alpha1", "Job", "x");
  EXPECT_NO_THROW(captured(job));
  EXPECT_EQ(captured(make_object("v1", "Service", "x")).contains("status"), false);
}

// A row that no kind can match is a typing mistake, and a row without a reason cannot be judged.
TEST(FieldRules, EveryRowAppliesSomewhereAndSaysWhy) {
  for (const FieldRule& rule : field_rules()) {
    EXPECT_THAT(rule.reason, Not(IsEmpty())) << rule.pointer;
    const auto cases = cases_of(rule.verdict);
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [&](const Case& one) {
      return one.rule == &rule;
    })) << rule.pointer;
  }
}

// What the server owns is in no LKG, is no drift and is never sent.
TEST(FieldRules, StrippedFieldsAreNowhere) {
  for (const Case& one : cases_of(Verdict::strip)) {
    SCOPED_TRACE(one.name());
    EXPECT_FALSE(captured(one.with("a")).contains(one.place));
    EXPECT_THAT(compare(one.without(), one.with("a"), Allocated::keep), IsEmpty());
    EXPECT_THAT(compare(one.with("a"), one.with("b"), Allocated::keep), IsEmpty());
    EXPECT_FALSE(creation(one.with("a"), Allocated::keep).contains(one.place));
    Json live = one.with("b");
    live["metadata"]["uid"] = "u";
    live["metadata"]["resourceVersion"] = "7";
    Json body = replacement(one.with("a"), live, Allocated::keep);
    EXPECT_EQ(body["metadata"]["uid"], "u");
    EXPECT_EQ(body["metadata"]["resourceVersion"], "7");
    body["metadata"].erase("uid");
    body["metadata"].erase("resourceVersion");
    EXPECT_FALSE(body.contains(one.place));
  }
}

// What another writer owns is in no LKG and is no drift; a replace must hand it back as it is.
TEST(FieldRules, CarriedFieldsComeFromTheLiveObject) {
  for (const Case& one : cases_of(Verdict::carry)) {
    SCOPED_TRACE(one.name());
    EXPECT_FALSE(captured(one.with("a")).contains(one.place));
    EXPECT_THAT(compare(one.without(), one.with("b"), Allocated::keep), IsEmpty());
    EXPECT_THAT(compare(one.with("a"), one.without(), Allocated::keep), IsEmpty());
    EXPECT_FALSE(creation(one.with("a"), Allocated::keep).contains(one.place));
    for (const Json& lkg : {one.without(), one.with("a")}) {
      EXPECT_EQ(replacement(lkg, one.with("b"), Allocated::keep).at(one.place), "b");
      EXPECT_FALSE(replacement(lkg, one.without(), Allocated::keep).contains(one.place));
    }
  }
}

// Ours where the LKG has it, another writer's where it has not.
TEST(FieldRules, AdoptedFieldsFollowTheLkgOrElseTheLiveObject) {
  for (const Case& one : cases_of(Verdict::adopt)) {
    SCOPED_TRACE(one.name());
    EXPECT_EQ(captured(one.with(2)).at(one.place), 2);
    EXPECT_THAT(compare(one.without(), one.with(9), Allocated::keep), IsEmpty());
    EXPECT_EQ(compare(one.with(2), one.with(9), Allocated::keep).size(), 1U);
    EXPECT_EQ(replacement(one.without(), one.with(9), Allocated::keep).at(one.place), 9);
    EXPECT_EQ(replacement(one.with(2), one.with(9), Allocated::keep).at(one.place), 2);
  }
}

// Held on the cluster that gave them out, dropped on another one.
TEST(FieldRules, AllocatedFieldsHoldOnOneCluster) {
  for (const Case& one : cases_of(Verdict::allocated)) {
    SCOPED_TRACE(one.name());
    EXPECT_EQ(captured(one.with(30050)).at(one.place), 30050);
    EXPECT_EQ(compare(one.with(30050), one.with(30051), Allocated::keep).size(), 1U);
    EXPECT_THAT(compare(one.with(30050), one.with(30051), Allocated::drop), IsEmpty());
    EXPECT_THAT(compare(one.with(30050), one.without(), Allocated::drop), IsEmpty());
    EXPECT_EQ(creation(one.with(30050), Allocated::keep).at(one.place), 30050);
    EXPECT_FALSE(creation(one.with(30050), Allocated::drop).contains(one.place));
    EXPECT_EQ(replacement(one.with(30050), one.with(30051), Allocated::keep).at(one.place), 30050);
    EXPECT_FALSE(
        replacement(one.with(30050), one.with(30051), Allocated::drop).contains(one.place));
  }
}

// --- What an LKG keeps

// Empty values have meanings: a pod selector for all pods, a volume, a variable.
TEST(Captured, KeepsEmptyValues) {
  Json policy = make_object("networking.k8s.io/v1", "NetworkPolicy", "deny");
  policy["spec"] = Json::parse(R"({"podSelector": {}, "ingress": [], "policyTypes": ["Ingress"]})");
  EXPECT_EQ(captured(policy).at("spec"), policy.at("spec"));

  Json deployment = make_deployment("web", 1);
  Json& spec = deployment["spec"]["template"]["spec"];
  spec["volumes"] = Json::parse(R"([{"name": "tmp", "emptyDir": {}}])");
  spec["containers"][0]["env"] = Json::parse(R"([{"name": "E", "value": ""}])");
  spec["securityContext"] = Json::object();
  EXPECT_EQ(captured(deployment).at("spec"), deployment.at("spec"));
}

// Nulls mean nothing in built-in kinds, but server-side apply would act on them.
TEST(Captured, DropsNullsAtEveryDepth) {
  Json role = make_object("rbac.authorization.k8s.io/v1", "Role", "r");
  role["rules"] = nullptr;
  EXPECT_FALSE(captured(role).contains("rules"));

  Json deployment = make_deployment("web", 1);
  deployment["spec"]["template"]["metadata"]["creationTimestamp"] = nullptr;
  deployment["spec"]["template"]["spec"]["containers"][0]["resources"] = {{"limits", nullptr}};
  const Json kept = captured(deployment).at("spec").at("template");
  EXPECT_EQ(kept.at("metadata"), (Json{{"labels", {{"app", "web"}}}}));
  EXPECT_EQ(kept.at("spec").at("containers").at(0).at("resources"), Json::object());
}

// Annotations and labels that hold nothing more are gone, as the API leaves them out too.
TEST(Captured, DropsMapsThatItEmptied) {
  Json deployment = make_deployment("web", 1);
  deployment["spec"]["template"]["metadata"]["annotations"] = {
      {"kubectl.kubernetes.io/restartedAt", "2026-01-02T03:04:05Z"}};
  const Json kept = captured(deployment);
  EXPECT_FALSE(kept.at("metadata").contains("annotations"));
  EXPECT_FALSE(kept.at("spec").at("template").at("metadata").contains("annotations"));
  deployment["metadata"]["annotations"]["team"] = "floor";
  EXPECT_EQ(captured(deployment).at("metadata").at("annotations"), (Json{{"team", "floor"}}));
}

// It copies the whole object, a Secret's values among it, and is large.
TEST(Captured, NeverKeepsLastApplied) {
  const std::string last_applied = "kubectl.kubernetes.io/last-applied-configuration";
  Json config = make_object("v1", "ConfigMap", "c");
  config["metadata"]["annotations"] = {{last_applied, "{}"}, {"team", "floor"}};
  EXPECT_EQ(captured(config).at("metadata").at("annotations"), (Json{{"team", "floor"}}));
  EXPECT_FALSE(replacement(config, config, Allocated::keep)
                   .at("metadata")
                   .at("annotations")
                   .contains(last_applied));
}

// No API server stores that; a rule for a map says nothing about the elements of a list.
TEST(Captured, LeavesAListInAMapsPlaceAlone) {
  Json config = make_object("v1", "ConfigMap", "c");
  config["metadata"] =
      Json::parse(R"([{"kubectl.kubernetes.io/last-applied-configuration": "{}"}])");
  EXPECT_EQ(captured(config), config);
}

// Capturing what was captured changes nothing, so that an LKG can be compared as it was read.
TEST(Captured, IsStable) {
  const Json once = captured(make_deployment("web", 3));
  EXPECT_EQ(captured(once), once);
  EXPECT_EQ(once.at("spec").at("replicas"), 3);
}

// An address is the cluster's; "None" is the user's choice, and a headless Service without it would
// come back with an address.
TEST(Captured, KeepsOnlyNoneOfAClusterIp) {
  Json service = make_object("v1", "Service", "s");
  service["spec"] = Json::parse(R"({"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"],
    "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "type": "ClusterIP"})");
  EXPECT_EQ(
      captured(service).at("spec"),
      Json::parse(
          R"({"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "type": "ClusterIP"})"));
  service["spec"]["clusterIP"] = "None";
  service["spec"]["clusterIPs"] = {"None"};
  EXPECT_EQ(captured(service).at("spec").at("clusterIP"), "None");
  service["spec"] = {{"type", "ExternalName"}, {"clusterIP", ""}};
  EXPECT_EQ(captured(service).at("spec"), (Json{{"type", "ExternalName"}}));
}

// --- What a replace sends

// Left out, each of these is lost or refused (measured); nothing else of the live object may come
// along.
TEST(Replacement, CarriesWhatAReplaceWouldLose) {
  const Json lkg = captured(make_deployment("web", 2));
  Json live = owned_by(make_object("example.com/v1", "Floor", "f"), make_deployment("web", 7));
  live["metadata"]["resourceVersion"] = "42";
  live["metadata"]["finalizers"] = {"example.com/hold"};
  live["metadata"]["annotations"]["rogue"] = "x";
  live["metadata"]["annotations"]["autopilot.gke.io/resource-adjustment"] = "{}";
  live["spec"]["template"]["metadata"]["annotations"] = {
      {"kubectl.kubernetes.io/restartedAt", "2026-01-02T03:04:05Z"},
      {"agenttrader.dev/restore-id", "r-1"},
      {"rogue", "x"}};
  const Json body = replacement(lkg, live, Allocated::keep);

  EXPECT_EQ(body.at("metadata"),
            (Json{{"name", "web"},
                  {"namespace", "trading-floor"},
                  {"uid", "uid-Deployment-web"},
                  {"resourceVersion", "42"},
                  {"finalizers", {"example.com/hold"}},
                  {"ownerReferences", live.at("metadata").at("ownerReferences")},
                  {"annotations",
                   {{"deployment.kubernetes.io/revision", "1"},
                    {"autopilot.gke.io/resource-adjustment", "{}"}}}}));
  EXPECT_EQ(body.at("spec").at("template").at("metadata").at("annotations"),
            (Json{{"kubectl.kubernetes.io/restartedAt", "2026-01-02T03:04:05Z"},
                  {"agenttrader.dev/restore-id", "r-1"}}));
  EXPECT_EQ(body.at("spec").at("replicas"), 2);
  EXPECT_EQ(body.at("status"), live.at("status"));  // a custom resource would lose it
}

// Without replicas a Deployment becomes 1, whatever its autoscaler wants.
TEST(Replacement, KeepsTheReplicasOfAnAutoscaler) {
  Json lkg = captured(make_deployment("web", 2));
  lkg["spec"].erase("replicas");
  EXPECT_EQ(replacement(lkg, make_deployment("web", 7), Allocated::keep).at("spec").at("replicas"),
            7);
}

// A claim without its volumeName is refused with 422; its binding annotations name one volume.
TEST(Replacement, KeepsTheBindingOfAClaim) {
  Json live = make_object("v1", "PersistentVolumeClaim", "data");
  live["metadata"]["finalizers"] = {"kubernetes.io/pvc-protection"};
  live["metadata"]["annotations"] = {{"pv.kubernetes.io/bind-completed", "yes"},
                                     {"volume.kubernetes.io/selected-node", "n1"},
                                     {"volume.beta.kubernetes.io/storage-provisioner", "p"},
                                     {"volume.beta.kubernetes.io/storage-class", "the user's"}};
  live["spec"] = {{"storageClassName", "ssd"}, {"volumeName", "pv-1"}};
  const Json lkg = captured(live);
  EXPECT_EQ(lkg.at("metadata").at("annotations"),
            (Json{{"volume.beta.kubernetes.io/storage-class", "the user's"}}));
  EXPECT_EQ(lkg.at("spec"), (Json{{"storageClassName", "ssd"}}));

  const Json body = replacement(lkg, live, Allocated::keep);
  EXPECT_EQ(body.at("spec"), live.at("spec"));
  EXPECT_EQ(body.at("metadata").at("annotations"), live.at("metadata").at("annotations"));
  EXPECT_EQ(body.at("metadata").at("finalizers"), live.at("metadata").at("finalizers"));
  EXPECT_EQ(creation(lkg, Allocated::drop), lkg);
}

// The server keeps the addresses of a Service that a replace leaves out (measured).
TEST(Replacement, OfAServiceSendsNoAddress) {
  Json live = make_object("v1", "Service", "s");
  live["spec"] = Json::parse(R"({"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"],
    "ports": [{"port": 80, "nodePort": 30050}]})");
  EXPECT_EQ(replacement(captured(live), live, Allocated::keep).at("spec"),
            Json::parse(R"({"ports": [{"port": 80, "nodePort": 30050}]})"));
}

}  // namespace
}  // namespace dr::kube
