#include "plugins/lkg/health_signals.hpp"

#include <gtest/gtest.h>

#include "tests/unit/plugins/lkg/health_cluster.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;

Json with_condition(Json object, const char* type, const char* status, const char* message) {
  object["status"]["conditions"] = {{{"type", type}, {"status", status}, {"message", message}}};
  return object;
}

TEST(HealthSignals, AreInTheOrderOfTheirNames) {
  HealthFacts facts;
  facts.nodes = {with_condition(make_object("v1", "Node", "n1"), "DiskPressure", "True", "full")};
  Json claim = make_object("v1", "PersistentVolumeClaim", "data");
  claim["status"]["phase"] = "Pending";
  facts.claims = {claim};
  Json scaler = make_object("autoscaling/v2", "HorizontalPodAutoscaler", "web");
  scaler["spec"]["maxReplicas"] = 3;
  scaler["status"]["currentReplicas"] = 3;
  facts.autoscalers = {scaler};
  facts.deployments = {with_condition(make_object("apps/v1", "Deployment", "web"), "Progressing",
                                      "False", "exceeded its deadline")};
  Json pending = with_condition(make_object("v1", "Pod", "p"), "PodScheduled", "False", "no node");
  pending["status"]["phase"] = "Pending";
  Json broken = make_object("v1", "Pod", "b");
  broken["status"]["containerStatuses"] = {
      {{"name", "c"},
       {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}, {"message", "back-off"}}}}},
       {"lastState", {{"terminated", {{"reason", "OOMKilled"}}}}}},
      {{"name", "d"}, {"state", {{"waiting", {{"reason", "ErrImagePull"}}}}}}};
  facts.pods = {pending, broken};

  std::string found;
  for (const Json& row : signal_rows(facts)) {
    found += row.at("signal").get<std::string>() + " " + row.at("object").get<std::string>() +
             ": " + row.at("message").get<std::string>() + "\n";
  }
  EXPECT_EQ(found,
            "OOMKILLED Pod/b: container c was killed for using more memory than its limit\n"
            "CRASHLOOP Pod/b: container c: back-off\n"
            "IMAGEPULL Pod/b: container d: ErrImagePull\n"
            "PENDING Pod/p: no node\n"
            "STALLED Deployment/web: exceeded its deadline\n"
            "HPA-AT-MAX HorizontalPodAutoscaler/web: it cannot scale beyond 3 replicas\n"
            "PVC-PENDING PersistentVolumeClaim/data: no volume is bound to it\n"
            "NODE-PRESSURE Node/n1: DiskPressure: full\n");
}

TEST(HealthSignals, AreNoneOfAFloorThatIsWell) {
  EXPECT_EQ(signal_rows(HealthCluster().gather()), Json::array());
}

}  // namespace
}  // namespace dr::lkg
