#include "common/kube/ownership.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::IsEmpty;

Json pod_of(const Json& owner, const std::string& name) {
  return make_pod(owner, name, make_template("web:1").at("spec"));
}

TEST(Ownership, DeploymentOwnsPodsOfAllItsReplicaSetsByName) {
  Json web = make_deployment("web", 2);
  web["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2";
  Floor floor;
  floor.replica_sets = {make_replica_set(web, "1"), make_replica_set(web, "2")};
  floor.pods = {pod_of(floor.replica_sets[1], "web-c"), pod_of(floor.replica_sets[0], "web-a"),
                pod_of(floor.replica_sets[1], "web-b")};
  const Ownership ownership = floor.ownership();
  EXPECT_THAT(names_of(ownership.pods_of(web)), ElementsAre("web-a", "web-b", "web-c"));
  EXPECT_TRUE(ownership.is_current(web, floor.pods[0]));
  EXPECT_FALSE(ownership.is_current(web, floor.pods[1]));
}

TEST(Ownership, SelectorsDoNotCount) {
  // All pods carry the same labels: those of another Deployment, of a Job, and one that nobody
  // owns.
  const Json web = make_deployment("web", 1);
  const Json api = make_deployment("api", 1);
  const Json cron = make_cron_job("report");
  Floor floor;
  floor.replica_sets = {make_replica_set(web, "1"), make_replica_set(api, "1")};
  floor.jobs = {make_job(cron, "report-1")};
  Json stray = pod_of(web, "stray");
  stray["metadata"].erase("ownerReferences");
  floor.pods = {pod_of(floor.replica_sets[0], "web-a"), pod_of(floor.replica_sets[1], "api-a"),
                pod_of(floor.jobs[0], "report-1-a"), stray};
  for (Json& pod : floor.pods) pod["metadata"]["labels"]["app"] = "web";
  const Ownership ownership = floor.ownership();
  EXPECT_THAT(names_of(ownership.pods_of(web)), ElementsAre("web-a"));
  EXPECT_FALSE(ownership.is_current(web, floor.pods[1]));
  EXPECT_FALSE(ownership.is_current(web, floor.pods[3]));
}

TEST(Ownership, NonControllerReferenceDoesNotOwn) {
  const Json db = make_stateful_set("db", 1);
  Floor floor;
  floor.pods = {pod_of(db, "db-0")};
  floor.pods[0]["metadata"]["ownerReferences"][0]["controller"] = false;
  EXPECT_THAT(floor.ownership().pods_of(db), IsEmpty());
}

TEST(Ownership, RecreatedDeploymentOwnsNoOrphansOfTheOldOne) {
  const Json web = make_deployment("web", 1);
  Floor floor;
  floor.replica_sets = {make_replica_set(web, "1")};
  floor.pods = {pod_of(floor.replica_sets[0], "web-a")};
  Json recreated = web;
  recreated["metadata"]["uid"] = "uid-of-the-new-one";
  EXPECT_THAT(floor.ownership().pods_of(recreated), IsEmpty());
  EXPECT_FALSE(floor.ownership().is_current(recreated, floor.pods[0]));
}

TEST(Ownership, DeploymentWithoutRevisionHasNoCurrentPod) {
  Json web = make_deployment("web", 1);
  web["metadata"].erase("annotations");
  Floor floor;
  floor.replica_sets = {make_replica_set(web, "1")};
  floor.replica_sets[0]["metadata"].erase("annotations");
  floor.pods = {pod_of(floor.replica_sets[0], "web-a")};
  EXPECT_FALSE(floor.ownership().is_current(web, floor.pods[0]));
}

TEST(Ownership, StatefulSetIsJudgedByEachPodsHash) {
  // The status says that there is one revision only; the second pod says otherwise.
  const Json db = make_stateful_set("db", 2);
  ASSERT_EQ(db.at("status").at("currentRevision"), db.at("status").at("updateRevision"));
  Floor floor;
  floor.pods = {with_hash(pod_of(db, "db-0"), "db-new"), with_hash(pod_of(db, "db-1"), "db-old"),
                pod_of(db, "db-2")};
  const Ownership ownership = floor.ownership();
  EXPECT_TRUE(ownership.is_current(db, floor.pods[0]));
  EXPECT_FALSE(ownership.is_current(db, floor.pods[1]));
  EXPECT_FALSE(ownership.is_current(db, floor.pods[2]));
}

TEST(Ownership, StatefulSetWithoutUpdateRevisionHasNoCurrentPod) {
  Json db = make_stateful_set("db", 1);
  db["status"].erase("updateRevision");
  Floor floor;
  floor.pods = {pod_of(db, "db-0")};
  EXPECT_FALSE(floor.ownership().is_current(db, floor.pods[0]));
}

TEST(Ownership, DaemonSetFollowsTheHighestRevisionNumber) {
  const Json agent = make_daemon_set("agent", 2);
  const Json other = make_daemon_set("other", 2);
  Floor floor;
  // A rollback numbers an old revision anew, so neither names nor creation times tell the newest;
  // 10 is above 9.
  floor.controller_revisions = {make_controller_revision(agent, 10, "aaa"),
                                make_controller_revision(agent, 9, "zzz"),
                                make_controller_revision(other, 99, "zzz")};
  floor.pods = {with_hash(pod_of(agent, "agent-1"), "aaa"),
                with_hash(pod_of(agent, "agent-2"), "zzz")};
  const Ownership ownership = floor.ownership();
  EXPECT_TRUE(ownership.is_current(agent, floor.pods[0]));
  EXPECT_FALSE(ownership.is_current(agent, floor.pods[1]));
}

TEST(Ownership, DaemonSetWithoutRevisionsHasNoCurrentPod) {
  const Json agent = make_daemon_set("agent", 1);
  Floor floor;
  floor.pods = {with_hash(pod_of(agent, "agent-1"), "aaa"), pod_of(agent, "agent-2")};
  EXPECT_FALSE(floor.ownership().is_current(agent, floor.pods[0]));
  EXPECT_FALSE(floor.ownership().is_current(agent, floor.pods[1]));
}

TEST(Ownership, CronJobOwnsThePodsOfItsJobs) {
  const Json cron = make_cron_job("report");
  const Json other = make_cron_job("other");
  Floor floor;
  floor.jobs = {make_job(cron, "report-1"), make_job(cron, "report-2"), make_job(other, "other-1")};
  floor.pods = {pod_of(floor.jobs[0], "report-1-a"), pod_of(floor.jobs[1], "report-2-a"),
                pod_of(floor.jobs[2], "other-1-a")};
  const Ownership ownership = floor.ownership();
  EXPECT_THAT(names_of(ownership.pods_of(cron)), ElementsAre("report-1-a", "report-2-a"));
  EXPECT_THAT(names_of(ownership.pods_of(floor.jobs[1])), ElementsAre("report-2-a"));
  EXPECT_TRUE(ownership.is_current(cron, floor.pods[0]));
  EXPECT_FALSE(ownership.is_current(cron, floor.pods[2]));
  EXPECT_TRUE(ownership.is_current(floor.jobs[1], floor.pods[1]));
}

// An older kubectl makes it so, and a CronJob that was run by hand with it must be pinned all the
// same.
TEST(Ownership, AJobMadeByHandBelongsToItsCronJob) {
  const Json cron = make_cron_job("report");
  Floor floor;
  floor.jobs = {make_job(cron, "report-by-hand")};
  floor.jobs[0]["metadata"]["ownerReferences"][0].erase("controller");
  floor.pods = {pod_of(floor.jobs[0], "report-by-hand-a")};
  EXPECT_THAT(names_of(floor.ownership().pods_of(cron)), ElementsAre("report-by-hand-a"));
  floor.jobs[0]["metadata"]["ownerReferences"][0]["kind"] = "Workflow";
  EXPECT_THAT(floor.ownership().pods_of(cron), IsEmpty());
}

TEST(Ownership, JobsComeNewestFirst) {
  const Json cron = make_cron_job("report");
  Json failed = make_job(cron, "failed");
  failed["status"]["conditions"] = Json::array(
      {{{"type", "Failed"}, {"status", "True"}, {"lastTransitionTime", "2026-01-03T00:00:00Z"}}});
  Floor floor;
  floor.jobs = {completed_at(make_job(cron, "oldest"), "2026-01-01T00:00:00Z"),
                completed_at(make_job(cron, "newest"), "2026-01-04T00:00:00Z"),
                make_job(cron, "running"), failed,
                completed_at(make_job(cron, "middle"), "2026-01-02T00:00:00Z")};
  EXPECT_THAT(names_of(floor.ownership().jobs_of(cron)),
              ElementsAre("running", "newest", "failed", "middle", "oldest"));
}

}  // namespace
}  // namespace dr::kube
