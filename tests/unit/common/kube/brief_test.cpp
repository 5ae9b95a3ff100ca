#include "common/kube/brief.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kube/object.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;

// That what is left is enough is shown where it is judged by: rollout_test.cpp, pin_test.cpp and
// the tests of capture read brief objects.

Json brief(Json object) {
  make_brief(object);
  return object;
}

// Keeps the memory of a capture down: what 5,000 pods have much of goes.
TEST(MakeBrief, KeepsOfAPodWhatJudgesItsRolloutAndImages) {
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
      {"containerStatuses", {{{"name", "web"}, {"ready", true}, {"containerID", "x"}}}},
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
TEST(MakeBrief, KeepsOfARevisionWhoseAndWhichItIs) {
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
TEST(MakeBrief, LeavesOtherKindsWhole) {
  const Json cron_job = make_cron_job("nightly");
  for (const Json& object : {make_deployment("web", 1), cron_job, make_job(cron_job, "nightly-1")})
    EXPECT_EQ(brief(object), object);
}

// Else a capture would judge by less than what is there.
TEST(NotInBrief, NamesOnlyWhatABriefObjectLacks) {
  const Json deployment = make_deployment("web", 1);
  const Json set = make_replica_set(deployment, "3");
  Json pod = make_pod(set, "web-1",
                      {{"containers", Json::array({{{"name", "web"}, {"image", "web:1"}}})}});
  for (const auto& name : not_in_brief("Pod")) {
    for (const char* place : {"metadata", "spec", "status"}) pod[place][std::string(name)] = 1;
  }
  const Json revision = make_controller_revision(make_daemon_set("agent", 1), 2, "hash");
  for (const Json& object : {pod, set, revision}) {
    const auto names = not_in_brief(data::string_at(object, {"kind"}));
    const Json less = data::read_json(data::write_json(object), "test", {.without = names});
    Json judged = brief(object);
    if (object.at("kind") == "Pod") judged.at("metadata").erase("annotations");
    EXPECT_EQ(brief(less), judged);
  }
}

// The reader of a member refuses a wrong type with its place; leaving it out would hide it.
TEST(MakeBrief, KeepsWhatIsOfAWrongType) {
  for (const char* text :
       {R"({"kind": "Pod", "metadata": 1, "spec": [], "status": "x"})",
        R"({"kind": "Pod", "spec": {"containers": {}}, "status": {"containerStatuses": 1}})"}) {
    const Json pod = data::read_json(text, "test");
    EXPECT_EQ(brief(pod), pod);
  }
}

}  // namespace
}  // namespace dr::kube
