#include "common/kube/detail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "common/kube/object.hpp"
#include "common/kube/switch_consumers.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;

// That what is left is enough is shown where it is judged by: rollout_test.cpp, pin_test.cpp and
// the tests of capture read brief objects, halt_proof_test.cpp those that it judges.

Json reduced(Json object, Detail detail) {
  reduce(object, detail);
  return object;
}

Json brief(Json object) {
  return reduced(std::move(object), Detail::brief);
}

// As a read leaves it.
Json read_as(const Json& object, Detail detail) {
  const auto names = left_out(data::string_at(object, {"kind"}), detail);
  return reduced(data::read_json(data::write_json(object), "test", {.without = names}), detail);
}

// How its containers take the switch, a line each.
std::string ways_of(const Json& pod) {
  std::string text;
  for (const auto& one : switch_consumers(pod.at("spec")))
    text += one.container + " " + std::string(name_of(one.way)) + " " + one.source + "\n";
  return text;
}

// Keeps the memory of a capture down: what 5,000 pods have much of goes.
TEST(Reduce, KeepsOfAPodWhatJudgesItsRolloutAndImages) {
  Json pod = make_object("v1", "Pod", "web-1");
  pod["metadata"]["labels"] = {{"app", "web"}, {"controller-revision-hash", "h"}};
  pod["metadata"]["annotations"] = {{"example.com/long", "text"}};
  pod["spec"] = {
      {"nodeName", "n"},
      {"tolerations", {1}},
      {"containers", {{{"name", "web"}, {"image", "web:1"}, {"env", Json::array()}}}},
  };
  pod["status"] = {
      {"phase", "Running"},
      {"podIP", "10.0.0.1"},
      {"conditions",
       {{{"type", "Initialized"}, {"status", "True"}},
        {{"type", "Ready"}, {"status", "True"}},
        {{"type", "PodScheduled"}, {"status", "False"}}}},
      {"containerStatuses", {{{"name", "web"}, {"ready", true}, {"started", true}}}},
  };
  const Json left = brief(pod);
  EXPECT_EQ(left.at("metadata").at("labels"), Json({{"controller-revision-hash", "h"}}));
  EXPECT_EQ(left.at("metadata").at("annotations"), Json::object());
  EXPECT_EQ(left.at("spec"),
            Json({{"nodeName", "n"}, {"containers", {{{"name", "web"}, {"image", "web:1"}}}}}));
  EXPECT_EQ(left.at("status"), Json({{"phase", "Running"},
                                     {"conditions",
                                      {{{"type", "Ready"}, {"status", "True"}},
                                       {{"type", "PodScheduled"}, {"status", "False"}}}},
                                     {"containerStatuses", {{{"name", "web"}, {"ready", true}}}}}));
}

// Their templates and data are the workload's, once more for each revision.
TEST(Reduce, KeepsOfARevisionWhoseAndWhichItIs) {
  const Json deployment = make_deployment("web", 1);
  const Json replica_set = brief(make_replica_set(deployment, "3"));
  EXPECT_FALSE(replica_set.contains("spec"));
  EXPECT_EQ(replica_set.at("metadata").at("annotations").at("deployment.kubernetes.io/revision"),
            "3");
  EXPECT_TRUE(is_controlled_by(replica_set, uid_of(deployment)));
  Json revision = make_controller_revision(make_daemon_set("agent", 1), 2, "hash");
  revision["data"] = {{"spec", "long"}};
  EXPECT_FALSE(brief(revision).contains("data"));
  EXPECT_EQ(brief(revision).at("revision"), 2);
}

// What is captured, and the Jobs that prove a CronJob's images by their templates.
TEST(Reduce, LeavesOtherKindsWhole) {
  const Json cron_job = make_cron_job("nightly");
  for (const Json& object : {make_deployment("web", 1), cron_job, make_job(cron_job, "nightly-1")})
    EXPECT_EQ(brief(object), object);
}

// Else a capture would judge by less than what is there.
TEST(LeftOut, NamesOnlyWhatABriefObjectLacks) {
  const Json deployment = make_deployment("web", 1);
  const Json set = make_replica_set(deployment, "3");
  Json pod = make_pod(set, "web-1",
                      {{"containers", Json::array({{{"name", "web"}, {"image", "web:1"}}})}});
  for (const auto& name : left_out("Pod", Detail::brief)) {
    for (const char* place : {"metadata", "spec", "status"}) pod[place][std::string(name)] = 1;
  }
  const Json revision = make_controller_revision(make_daemon_set("agent", 1), 2, "hash");
  for (const Json& object : {pod, set, revision}) {
    Json wanted = brief(object);
    if (object.at("kind") == "Pod") wanted.at("metadata").erase("annotations");
    EXPECT_EQ(read_as(object, Detail::brief), wanted);
  }
}

// Evidence is a witness: it keeps pods as they were, and so does a restore's drift what it changes.
TEST(LeftOut, OfAWholeReadIsOnlyWhoWroteAPod) {
  Json pod = make_pod(make_deployment("web", 1), "web-1",
                      {{"containers", Json::array()}, {"tolerations", Json::array({1})}});
  pod["metadata"]["managedFields"] = Json::array();
  Json wanted = pod;
  wanted["metadata"].erase("managedFields");
  EXPECT_EQ(read_as(pod, Detail::whole), wanted);
  Json deployment = make_deployment("web", 1);
  deployment["metadata"]["managedFields"] = Json::array({Json::object()});
  EXPECT_EQ(read_as(deployment, Detail::whole), deployment);
  EXPECT_EQ(read_as(deployment, Detail::judged), deployment) << "a plan says who wrote it";
}

// Thousands of pods are in memory twice in a restore.
TEST(LeftOut, OfAJudgedPodIsWhatNothingJudgesItBy) {
  Json pod = make_pod(make_deployment("web", 1), "web-1",
                      {{"containers", Json::array()},
                       {"tolerations", Json::array({1})},
                       {"volumes", Json::array({1})}});
  pod["status"]["conditions"] = {{{"type", "Initialized"}, {"status", "True"}},
                                 {{"type", "Ready"}, {"status", "True"}}};
  const Json judged = read_as(pod, Detail::judged);
  EXPECT_FALSE(judged.at("spec").contains("tolerations"));
  EXPECT_TRUE(judged.at("spec").contains("volumes"));
  EXPECT_EQ(judged.at("status").at("conditions"),
            Json::array({{{"type", "Ready"}, {"status", "True"}}}));
  EXPECT_EQ(judged.at("metadata").at("ownerReferences").size(), 1U);
}

// Every pod mounts its token, which is much of it in memory. How it takes the switch is all that a
// proof looks at.
TEST(Reduce, LeavesOfAJudgedPodsVolumesThoseOfTheSwitch) {
  const auto pod_with = [](std::string_view more_volumes) {
    return data::read_json(
        R"({"kind": "Pod", "metadata": {"name": "web-1"}, "spec": {
              "volumes": [{"name": "token", "projected": {"sources": [
                             {"configMap": {"name": "kube-root-ca.crt"}}]}}, {"name": "work", "emptyDir": {}})" +
            std::string(more_volumes) +
            R"(], "initContainers": [{"name": "init", "volumeMounts": [{"name": "switch", "mountPath": "/s"}]}],
               "containers": [{"name": "web", "env": [{"name": "EXECUTION_HALTED_FILE", "value": "/s/x"}],
                 "volumeMounts": [{"name": "token", "mountPath": "/t"}, {"name": "switch", "mountPath": "/s"}]}]}})",
        "test");
  };
  for (const char* more :
       {R"(, {"name": "switch", "configMap": {"name": "agenttrader-kill-switch"}})",
        R"(, {"name": "switch", "projected": {"sources": [{"secret": {"name": "a"}},
             {"configMap": {"name": "agenttrader-kill-switch", "items": [{"key": "EXECUTION_HALTED", "path": "x"}]}}]}})",
        R"(, {"name": "switch", "configMap": {"name": "another"}})", ""}) {
    const Json whole = pod_with(more);
    const Json judged = reduced(whole, Detail::judged);
    EXPECT_EQ(ways_of(judged), ways_of(whole)) << more;
    EXPECT_LE(judged.at("spec").at("volumes").size(), 1U) << more;
  }
  EXPECT_FALSE(reduced(pod_with(""), Detail::judged)
                   .at("spec")
                   .at("containers")[0]
                   .contains("volumeMounts"));
  for (const char* wrong : {"[1]", "[{\"configMap\": 1}]", "[{\"projected\": []}]", "{}"}) {
    const Json spec = {{"volumes", data::read_json(wrong, "test")}};
    EXPECT_EQ(reduced({{"kind", "Pod"}, {"spec", spec}}, Detail::judged).at("spec"), spec) << wrong;
  }
}

// The reader of a member refuses a wrong type with its place; leaving it out would hide it.
TEST(Reduce, KeepsWhatIsOfAWrongType) {
  for (const char* text :
       {R"({"kind": "Pod", "metadata": 1, "spec": [], "status": "x"})",
        R"({"kind": "Pod", "spec": {"containers": {}}, "status": {"containerStatuses": 1}})"}) {
    const Json pod = data::read_json(text, "test");
    EXPECT_EQ(brief(pod), pod);
  }
}

}  // namespace
}  // namespace dr::kube
