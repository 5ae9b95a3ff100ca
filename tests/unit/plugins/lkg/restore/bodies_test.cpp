#include "plugins/lkg/restore/bodies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;

const std::string k_heartbeat = "agenttrader-heartbeat-web";
const std::string k_stamp(kube::k_restore_id_annotation);

// The bodies for the last object of an LKG.
class BodiesTest : public testing::Test {
 protected:
  void use(const Json& object, const Json& changes = Json::object(),
           kube::Allocated allocated = kube::Allocated::keep) {
    auto objects = small_floor();
    objects.push_back(object);
    m_lkg = make_lkg(objects, changes);
    m_bodies.emplace(m_lkg, allocated, "restore-7");
    m_planned.drift.lkg = &m_lkg.objects.back();
    m_planned.drift.key = kube::key_of(m_lkg.objects.back());
  }

  Lkg m_lkg;
  std::optional<Bodies> m_bodies;
  PlannedObject m_planned;
};

TEST_F(BodiesTest, ReplacementIsTheLkgFencedByTheLiveObject) {
  // Protects concurrent writers from being overwritten unseen, and rogue fields from surviving.
  use(make_config_map("settings", "k", "good"));
  Json live = make_config_map("settings", "k", "bad");
  live["data"]["rogue"] = "x";
  live["metadata"]["resourceVersion"] = "77";
  live["metadata"]["finalizers"] = {"keep/me"};
  const Json body = m_bodies->replacement(m_planned, live);
  EXPECT_EQ(body.at("data"), Json({{"k", "good"}}));
  EXPECT_EQ(body.at("metadata").at("resourceVersion"), "77");
  EXPECT_EQ(body.at("metadata").at("uid"), kube::uid_of(live));
  EXPECT_EQ(body.at("metadata").at("finalizers"), Json({"keep/me"}));
}

TEST_F(BodiesTest, AppliedHasNoFences) {
  // Protects the apply after the replace: server-side apply would refuse a stale version.
  use(make_config_map("settings", "k", "good"));
  Json live = make_config_map("settings", "k", "bad");
  live["status"] = {{"phase", "Ready"}};  // as of a custom resource; it is its controller's
  const Json written = m_bodies->replacement(m_planned, live);
  EXPECT_TRUE(written.contains("status"));
  const Json body = Bodies::applied(written, m_planned);
  EXPECT_EQ(body.at("data"), written.at("data"));
  EXPECT_FALSE(body.contains("status"));
  EXPECT_EQ(body.at("metadata"), Json({{"name", "settings"}, {"namespace", k_floor}}));
}

TEST_F(BodiesTest, CronJobsAreWrittenSuspended) {
  // Protects the restore from schedules that fire before everything is verified.
  Json tick = make_cron_job("tick", k_by_digest);
  tick["spec"]["suspend"] = false;
  use(tick);
  const Json replaced = m_bodies->replacement(m_planned, tick);
  EXPECT_EQ(replaced.at("spec").at("suspend"), true);
  EXPECT_EQ(Bodies::applied(replaced, m_planned).at("spec").at("suspend"), true);
  EXPECT_EQ(m_bodies->creation(m_planned).at("spec").at("suspend"), true);
  EXPECT_EQ(m_lkg.objects.back().at("spec").at("suspend"), false);
}

TEST_F(BodiesTest, StampIsOnTheTemplateOfAPlannedRestartOnly) {
  // Protects unproven pods from staying, and proven ones from being restarted.
  const Json agent = make_deployment("agent", 1, k_by_digest);
  use(agent);
  EXPECT_FALSE(data::has(m_bodies->replacement(m_planned, agent),
                         {"spec", "template", "metadata", "annotations"}));
  m_planned.stamped = true;
  const Json body = m_bodies->replacement(m_planned, agent);
  EXPECT_EQ(body.at("spec").at("template").at("metadata").at("annotations").at(k_stamp),
            "restore-7");
}

TEST_F(BodiesTest, DataOfALiveVolatileObjectIsKept) {
  // Protects the newest heartbeat from being set back to the one of the capture.
  Json beat = make_config_map(k_heartbeat, "beat", "1");
  beat["metadata"]["labels"]["app"] = "web";
  use(beat);
  Json live = make_config_map(k_heartbeat, "beat", "2");
  const Json body = m_bodies->replacement(m_planned, live);
  EXPECT_EQ(body.at("data"), Json({{"beat", "2"}}));
  EXPECT_EQ(body.at("metadata").at("labels"), Json({{"app", "web"}}));
  live.erase("data");
  EXPECT_FALSE(m_bodies->replacement(m_planned, live).contains("data"));
  EXPECT_EQ(m_bodies->creation(m_planned).at("data"), Json({{"beat", "1"}}));
}

TEST_F(BodiesTest, VolatileObjectsAreNeverApplied) {
  // Protects a beat that a program wrote meanwhile: the unfenced apply would write the older one.
  use(make_config_map(k_heartbeat, "beat", "1"));
  EXPECT_FALSE(m_bodies->is_applicable(m_planned));
}

TEST_F(BodiesTest, TextThatApplyWouldChangeIsNotApplied) {
  // Protects characters that server-side apply refuses or replaces.
  const Json text = make_config_map("text", "k", "v");
  use(text);
  EXPECT_TRUE(m_bodies->is_applicable(m_planned));
  use(text, {{"not_applicable_by_hand", {"ConfigMap/text"}}});
  EXPECT_FALSE(m_bodies->is_applicable(m_planned));
}

TEST_F(BodiesTest, AutoscaledReplicasComeFromTheRecordOnCreation) {
  // Protects a rebuilt floor from starting every autoscaled workload at one pod.
  Json agent = make_deployment("agent", 4, k_by_digest);
  agent["spec"].erase("replicas");
  const Json record = Json::array({{{"object", "Deployment/agent"}, {"replicas", 4}}});
  use(agent, {{"autoscaled", record}});
  EXPECT_EQ(m_bodies->creation(m_planned).at("spec").at("replicas"), 4);
  use(agent);
  EXPECT_EQ(m_bodies->creation(m_planned).at("spec").at("replicas"), 1);
}

TEST_F(BodiesTest, AutoscaledReplicasOfALiveWorkloadStay) {
  // Protects the autoscaler: a replace without replicas would scale to one.
  Json agent = make_deployment("agent", 4, k_by_digest);
  agent["spec"].erase("replicas");
  use(agent);
  const Json body = m_bodies->replacement(m_planned, make_deployment("agent", 7, k_by_digest));
  EXPECT_EQ(body.at("spec").at("replicas"), 7);
}

TEST_F(BodiesTest, NodePortsAreSentToTheirOwnClusterOnly) {
  // Protects a restore abroad from asking for ports that are given away there.
  use(make_service(30000));
  EXPECT_EQ(m_bodies->creation(m_planned).at("spec").at("ports").at(0).at("nodePort"), 30000);
  use(make_service(30000), Json::object(), kube::Allocated::drop);
  EXPECT_FALSE(m_bodies->creation(m_planned).at("spec").at("ports").at(0).contains("nodePort"));
}

}  // namespace
}  // namespace dr::lkg
