#include "common/kube/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

const std::string k_pod = "/spec/template/spec";
const std::string k_main = k_pod + "/containers/0";

Json trader() {
  Json object = make_deployment("web", 2);
  object["metadata"]["labels"] = {{"app", "web"}};
  object["spec"]["template"]["spec"] = Json::parse(R"({
    "containers": [{
      "name": "main", "image": "web:1",
      "env": [{"name": "EXECUTION_HALTED",
               "valueFrom": {"configMapKeyRef": {"name": "agenttrader-kill-switch",
                                                  "key": "EXECUTION_HALTED"}}},
              {"name": "LEVEL", "value": "info"}],
      "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
      "ports": [{"containerPort": 80, "protocol": "TCP"}],
      "resources": {},
      "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}],
    "volumes": [{"name": "tmp", "emptyDir": {}}]})");
  return object;
}

Json make_service() {
  Json object = make_object("v1", "Service", "web");
  object["spec"] = Json::parse(R"({"selector": {"app": "web"}, "type": "ClusterIP",
    "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"],
    "ports": [{"name": "http", "port": 80, "targetPort": 80, "nodePort": 30050}]})");
  return object;
}

std::vector<std::string> pointers_of(const Json& lkg, const Json& live,
                                     Allocated allocated = Allocated::keep) {
  std::vector<std::string> pointers;
  for (const auto& difference : compare(captured(lkg), live, allocated))
    pointers.push_back(difference.pointer);
  return pointers;
}

// --- What survives a forced server-side apply (measured), and what it refuses, is drift

struct Survivor {
  std::string name;
  std::function<Json()> object;
  std::function<void(Json&)> drift;
  std::vector<std::string> pointers;
};

void PrintTo(const Survivor& survivor, std::ostream* out) {
  *out << survivor.name;
}

Survivor in_pod(const std::string& name, const std::function<void(Json&)>& drift,
                const std::vector<std::string>& pointers) {
  return {name, trader, [drift](Json& object) { drift(object["spec"]["template"]["spec"]); },
          pointers};
}

Survivor in_main(const std::string& name, const std::function<void(Json&)>& drift,
                 const std::vector<std::string>& pointers) {
  return in_pod(name, [drift](Json& spec) { drift(spec["containers"][0]); }, pointers);
}

class Survives : public testing::TestWithParam<Survivor> {};

// Each of these would stay on the cluster unseen if the comparison asked only for what the LKG
// names. The place must be told, for the plan and the report.
TEST_P(Survives, IsADifferenceAtItsPlace) {
  const Json lkg = GetParam().object();
  Json live = lkg;
  GetParam().drift(live);
  EXPECT_THAT(pointers_of(lkg, live), ElementsAreArray(GetParam().pointers));
  EXPECT_THAT(pointers_of(lkg, lkg), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Containers, Survives,
    testing::Values(
        in_main("extra env",
                [](Json& c) { c["env"].push_back({{"name", "ROGUE"}, {"value", "1"}}); },
                {k_main + "/env/2"}),
        in_main("value for valueFrom",
                [](Json& c) { c["env"][0] = {{"name", "EXECUTION_HALTED"}, {"value", "0"}}; },
                {k_main + "/env/0/value", k_main + "/env/0/valueFrom"}),
        in_main("probe handler swapped",
                [](Json& c) { c["livenessProbe"] = {{"tcpSocket", {{"port", 80}}}}; },
                {k_main + "/livenessProbe/httpGet", k_main + "/livenessProbe/tcpSocket"}),
        in_main("extra port", [](Json& c) { c["ports"].push_back({{"containerPort", 81}}); },
                {k_main + "/ports/1"}),
        in_main("limits", [](Json& c) { c["resources"]["limits"]["cpu"] = "1"; },
                {k_main + "/resources/limits"}),
        in_main("command", [](Json& c) { c["command"] = {"sh"}; }, {k_main + "/command"}),
        in_main("extra mount",
                [](Json& c) { c["volumeMounts"].push_back({{"name", "x"}, {"mountPath", "/x"}}); },
                {k_main + "/volumeMounts/1"}),
        in_main("image", [](Json& c) { c["image"] = "web:2"; }, {k_main + "/image"}),
        in_pod("sidecar",
               [](Json& s) { s["containers"].push_back(make_container("side", "side:1")); },
               {k_pod + "/containers/1"}),
        in_pod("sidecar in front",
               [](Json& s) {
                 s["containers"].insert(s["containers"].begin(), make_container("side", "side:1"));
               },
               {k_pod + "/containers/0"}),
        in_pod("init container",
               [](Json& s) {
                 s["initContainers"] = Json::array({make_container("init", "init:1")});
               },
               {k_pod + "/initContainers"}),
        in_pod("extra volume",
               [](Json& s) { s["volumes"].push_back({{"name", "x"}, {"emptyDir", {}}}); },
               {k_pod + "/volumes/1"}),
        in_pod("volume source swapped",
               [](Json& s) { s["volumes"][0] = {{"name", "tmp"}, {"hostPath", {{"path", "/"}}}}; },
               {k_pod + "/volumes/0/emptyDir", k_pod + "/volumes/0/hostPath"}),
        in_pod("node selector", [](Json& s) { s["nodeSelector"]["disk"] = "ssd"; },
               {k_pod + "/nodeSelector"}),
        in_pod("service account", [](Json& s) { s["serviceAccountName"] = "rogue"; },
               {k_pod + "/serviceAccountName"}),
        in_pod("pull secret",
               [](Json& s) { s["imagePullSecrets"] = Json::array({{{"name", "x"}}}); },
               {k_pod + "/imagePullSecrets"})),
    [](const auto& survivor) {
      std::string name = survivor.param.name;
      for (char& c : name) c = c == ' ' ? '_' : c;
      return name;
    });

Json with_data() {
  Json object = make_object("v1", "ConfigMap", "c");
  object["data"] = {{"a", "1"}};
  return object;
}

Json deny_all() {
  Json object = make_object("networking.k8s.io/v1", "NetworkPolicy", "deny");
  object["spec"] = Json::parse(R"({"podSelector": {}, "policyTypes": ["Ingress"]})");
  return object;
}

Json binding() {
  Json object = make_object("rbac.authorization.k8s.io/v1", "RoleBinding", "b");
  object["subjects"] = Json::array({{{"kind", "ServiceAccount"}, {"name", "a"}}});
  return object;
}

INSTANTIATE_TEST_SUITE_P(
    Objects, Survives,
    testing::Values(
        Survivor{"paused", trader, [](Json& o) { o["spec"]["paused"] = true; }, {"/spec/paused"}},
        Survivor{"scaled", trader, [](Json& o) { o["spec"]["replicas"] = 9; }, {"/spec/replicas"}},
        Survivor{"label",
                 trader,
                 [](Json& o) { o["metadata"]["labels"]["a/b"] = "x"; },
                 {"/metadata/labels/a~1b"}},
        Survivor{"annotation",
                 trader,
                 [](Json& o) { o["metadata"]["annotations"]["team"] = "x"; },
                 {"/metadata/annotations"}},
        Survivor{"template_annotation",
                 trader,
                 [](Json& o) { o["spec"]["template"]["metadata"]["annotations"]["a"] = "x"; },
                 {"/spec/template/metadata/annotations"}},
        Survivor{"data_key", with_data, [](Json& o) { o["data"]["b"] = "2"; }, {"/data/b"}},
        Survivor{"lost_key", with_data, [](Json& o) { o.erase("data"); }, {"/data"}},
        Survivor{"immutable", with_data, [](Json& o) { o["immutable"] = true; }, {"/immutable"}},
        Survivor{"service_port",
                 make_service,
                 [](Json& o) { o["spec"]["ports"].push_back({{"name", "x"}, {"port", 81}}); },
                 {"/spec/ports/1"}},
        Survivor{"service_selector",
                 make_service,
                 [](Json& o) { o["spec"]["selector"]["x"] = "y"; },
                 {"/spec/selector/x"}},
        Survivor{"headless",
                 make_service,
                 [](Json& o) { o["spec"]["clusterIP"] = "None"; },
                 {"/spec/clusterIP"}},
        Survivor{"node_port",
                 make_service,
                 [](Json& o) { o["spec"]["ports"][0]["nodePort"] = 30051; },
                 {"/spec/ports/0/nodePort"}},
        // A default-deny policy that was opened: it must not compare equal to the closed one.
        Survivor{"opened_policy",
                 deny_all,
                 [](Json& o) { o["spec"]["ingress"] = Json::array({Json::object()}); },
                 {"/spec/ingress"}},
        Survivor{"narrowed_policy",
                 deny_all,
                 [](Json& o) { o["spec"]["podSelector"]["matchLabels"]["a"] = "b"; },
                 {"/spec/podSelector/matchLabels"}},
        Survivor{
            "subject",
            binding,
            [](Json& o) { o["subjects"].push_back({{"kind", "ServiceAccount"}, {"name", "b"}}); },
            {"/subjects/1"}}),
    [](const auto& survivor) { return survivor.param.name; });

// --- What is no drift

// Else every restore would end in "not restored" the moment a controller writes.
TEST(Compare, IgnoresWhatTheClusterWrites) {
  const Json lkg = trader();
  Json live = owned_by(make_object("example.com/v1", "Floor", "f"), trader());
  live["metadata"]["resourceVersion"] = "99";
  live["metadata"]["generation"] = 7;
  live["metadata"]["uid"] = "another";
  live["metadata"]["finalizers"] = {"example.com/hold"};
  live["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "8";
  live["spec"]["template"]["metadata"]["annotations"] = {
      {"agenttrader.dev/restore-id", "r-1"}, {"kubectl.kubernetes.io/restartedAt", "now"}};
  live["status"] = {{"replicas", 0}};
  EXPECT_THAT(pointers_of(lkg, live), IsEmpty());
}

// Another address is no drift, neither is another node port on another cluster.
TEST(Compare, IgnoresAddressesOfAService) {
  const Json lkg = make_service();
  Json live = make_service();
  live["spec"]["clusterIP"] = "10.96.0.8";
  live["spec"]["clusterIPs"] = {"10.96.0.8"};
  EXPECT_THAT(pointers_of(lkg, live), IsEmpty());
  live["spec"]["ports"][0]["nodePort"] = 30051;
  EXPECT_THAT(pointers_of(lkg, live, Allocated::drop), IsEmpty());
}

// The other direction of a headless Service: no update can undo it, so it must be seen.
TEST(Compare, SeesALostHeadlessService) {
  Json lkg = make_service();
  lkg["spec"]["clusterIP"] = "None";
  EXPECT_THAT(pointers_of(lkg, make_service()), ElementsAre("/spec/clusterIP"));
}

TEST(Compare, LeavesReplicasToAnAutoscaler) {
  Json lkg = trader();
  lkg["spec"].erase("replicas");
  EXPECT_THAT(pointers_of(lkg, trader()), IsEmpty());
}

// --- What rolls the pods

TEST(RollsPods, OnlyForTheTemplateOfAWorkload) {
  const auto rolls = [](const Json& lkg, const std::string& pointer) {
    return rolls_pods(lkg, {{pointer, Json(1), Json(2)}});
  };
  EXPECT_TRUE(rolls(trader(), "/spec/template/spec/containers/0/image"));
  EXPECT_FALSE(rolls(trader(), "/spec/replicas"));
  EXPECT_FALSE(rolls(make_cron_job("roll"), "/spec/jobTemplate/spec/template/spec"));
  EXPECT_FALSE(rolls_pods(trader(), {}));
  EXPECT_TRUE(rolls_pods(trader(), {{"/spec/replicas", Json(1), Json(2)},
                                    {"/spec/template/metadata", Json(1), Json(2)}}));
}

}  // namespace
}  // namespace dr::kube
