#include "common/kube/rollout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "common/kube/detail.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts_of(const std::vector<PodTrouble>& troubles) {
  std::vector<std::string> texts;
  for (const auto& [pod, container, reason, message] : troubles)
    texts.push_back(pod + " " + container + " " + reason + " " + message);
  return texts;
}

// A workload of three pods of its newest revision, all healthy.
struct Scene {
  Json workload;
  Floor floor;

  // A capture judges by brief objects, and must come to the same.
  RolloutState state() const {
    Floor brief = floor;
    for (auto* list : {&brief.pods, &brief.replica_sets, &brief.controller_revisions}) {
      for (Json& object : *list) reduce(object, Detail::brief);
    }
    const auto whole = rollout_state(workload, floor.ownership());
    const auto of_brief = rollout_state(workload, brief.ownership());
    EXPECT_EQ(of_brief.reason, whole.reason);
    EXPECT_EQ(of_brief.ready, whole.ready);
    EXPECT_EQ(of_brief.updated, whole.updated);
    EXPECT_EQ(texts_of(of_brief.troubles), texts_of(whole.troubles));
    return whole;
  }
};

Scene deployment_scene(int pods = 3) {
  Scene scene{make_deployment("web", pods), {}};
  scene.floor.replica_sets = {make_replica_set(scene.workload, "0"),
                              make_replica_set(scene.workload, "1")};
  for (int i = 0; i < pods; ++i) {
    scene.floor.pods.push_back(make_pod(scene.floor.replica_sets[1], "web-" + std::to_string(i),
                                        scene.workload.at("spec").at("template").at("spec")));
  }
  return scene;
}

Scene stateful_set_scene() {
  Scene scene{make_stateful_set("db", 3), {}};
  for (int i = 0; i < 3; ++i) {
    scene.floor.pods.push_back(
        with_hash(make_pod(scene.workload, "db-" + std::to_string(i),
                           scene.workload.at("spec").at("template").at("spec")),
                  "db-new"));
  }
  return scene;
}

Scene daemon_set_scene() {
  Scene scene{make_daemon_set("agent", 3), {}};
  scene.floor.controller_revisions = {make_controller_revision(scene.workload, 1, "old"),
                                      make_controller_revision(scene.workload, 2, "new")};
  for (int i = 0; i < 3; ++i) {
    scene.floor.pods.push_back(
        with_hash(make_pod(scene.workload, "agent-" + std::to_string(i),
                           scene.workload.at("spec").at("template").at("spec")),
                  "new"));
  }
  return scene;
}

// --- Settled

TEST(Rollout, HealthyWorkloadsAreSettled) {
  for (const Scene& scene : {deployment_scene(), stateful_set_scene(), daemon_set_scene()}) {
    const RolloutState state = scene.state();
    EXPECT_TRUE(state.settled) << state.reason;
    EXPECT_EQ(state.reason, "");
    EXPECT_EQ(state.wanted, 3);
    EXPECT_EQ(state.ready, 3);
    EXPECT_EQ(state.updated, 3);
    EXPECT_FALSE(state.paused);
    EXPECT_FALSE(state.partitioned);
    EXPECT_THAT(state.troubles, IsEmpty());
  }
}

TEST(Rollout, NothingWantedIsSettled) {
  const RolloutState deployment = deployment_scene(0).state();
  EXPECT_TRUE(deployment.settled) << deployment.reason;
  EXPECT_EQ(deployment.wanted, 0);

  const Scene daemon_set{make_daemon_set("agent", 0), {}};
  EXPECT_TRUE(daemon_set.state().settled) << daemon_set.state().reason;
  EXPECT_EQ(daemon_set.state().wanted, 0);
}

TEST(Rollout, ReplicasDefaultToOne) {
  Scene scene = deployment_scene(1);
  scene.workload["spec"].erase("replicas");
  EXPECT_EQ(scene.state().wanted, 1);
  EXPECT_TRUE(scene.state().settled);
}

TEST(Rollout, PodsThatEndedDoNotCount) {
  Scene scene = deployment_scene();
  const Json& spec = scene.workload.at("spec").at("template").at("spec");
  scene.floor.pods.push_back(
      ended_pod(make_pod(scene.floor.replica_sets[0], "old-evicted", spec), "Failed", "Evicted"));
  scene.floor.pods.push_back(
      ended_pod(make_pod(scene.floor.replica_sets[1], "done", spec), "Succeeded"));
  EXPECT_TRUE(scene.state().settled) << scene.state().reason;
  EXPECT_EQ(scene.state().updated, 3);
}

TEST(Rollout, StatefulSetByHandIsSettledWhenEveryPodIsNew) {
  Scene scene = stateful_set_scene();
  scene.workload["spec"]["updateStrategy"] = {{"type", "OnDelete"}};
  scene.workload["status"]["currentRevision"] = "db-old";  // an OnDelete set never moves it
  EXPECT_TRUE(scene.state().settled) << scene.state().reason;
}

TEST(Rollout, OtherKindsHaveNone) {
  const Floor floor;
  EXPECT_THROW(rollout_state(make_cron_job("report"), floor.ownership()), Error);
}

// --- Not settled: one spoiled thing, one reason

struct Spoiled {
  const char* title;
  Scene (*make)();
  std::function<void(Scene&)> spoil;
  std::string reason;
};

void PrintTo(const Spoiled& spoiled, std::ostream* out) {
  *out << spoiled.title;
}

std::string title_of(const testing::TestParamInfo<Spoiled>& test) {
  return test.param.title;
}

std::function<void(Scene&)> status(const char* member, std::int64_t value) {
  return [=](Scene& scene) { scene.workload["status"][member] = value; };
}

Scene three_replicas() {
  return deployment_scene();
}

class Unsettled : public testing::TestWithParam<Spoiled> {};

TEST_P(Unsettled, SaysWhy) {
  Scene scene = GetParam().make();
  GetParam().spoil(scene);
  const RolloutState state = scene.state();
  EXPECT_FALSE(state.settled);
  EXPECT_EQ(state.reason, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Deployment, Unsettled,
    testing::Values(
        Spoiled{"unobserved", three_replicas,
                [](Scene& s) { s.workload["metadata"]["generation"] = 4; },
                "generation 4 not observed yet"},
        Spoiled{"never_observed", three_replicas, [](Scene& s) { s.workload.erase("status"); },
                "generation 1 not observed yet"},
        Spoiled{"paused", three_replicas, [](Scene& s) { s.workload["spec"]["paused"] = true; },
                "paused"},
        Spoiled{"surge", three_replicas, status("replicas", 4), "4 pods exist, 3 wanted"},
        Spoiled{"not_updated", three_replicas, status("updatedReplicas", 2), "2 of 3 pods updated"},
        Spoiled{"min_ready_seconds", three_replicas, status("availableReplicas", 1),
                "1 of 3 pods available"},
        Spoiled{"scaled_up", three_replicas, [](Scene& s) { s.workload["spec"]["replicas"] = 5; },
                "3 of 5 pods updated"},
        Spoiled{"scaled_down", three_replicas, [](Scene& s) { s.workload["spec"]["replicas"] = 1; },
                "3 pods updated, 1 wanted"},
        Spoiled{
            "not_ready", three_replicas,
            [](Scene& s) { s.floor.pods[0] = set_condition(s.floor.pods[0], "Ready", "False"); },
            "2 of 3 pods ready"},
        Spoiled{"old_pod", three_replicas,
                [](Scene& s) {
                  s.floor.pods.push_back(
                      owned_by(s.floor.replica_sets[0], make_object("v1", "Pod", "old")));
                },
                "1 pod of an older revision left"},
        Spoiled{"old_pod_terminating", three_replicas,
                [](Scene& s) {
                  for (const char* name : {"old-1", "old-2"}) {
                    s.floor.pods.push_back(being_deleted(
                        owned_by(s.floor.replica_sets[0], make_object("v1", "Pod", name))));
                  }
                },
                "2 pods of an older revision left"},
        Spoiled{"surplus_terminating", three_replicas,
                [](Scene& s) {
                  Json surplus = being_deleted(s.floor.pods[0]);
                  surplus["metadata"]["name"] = "surplus";
                  s.floor.pods.push_back(surplus);
                },
                "1 pod still being deleted"},
        Spoiled{"progressing_false", three_replicas,
                [](Scene& s) {
                  s.workload =
                      set_condition(s.workload, "Progressing", "False", "ProgressDeadlineExceeded",
                                    "has timed out\nprogressing");
                },
                "Progressing=False, ProgressDeadlineExceeded: has timed out progressing"},
        Spoiled{"replica_failure", three_replicas,
                [](Scene& s) {
                  s.workload = set_condition(s.workload, "ReplicaFailure", "True", "FailedCreate",
                                             "exceeded quota");
                },
                "ReplicaFailure=True, FailedCreate: exceeded quota"}),
    title_of);

INSTANTIATE_TEST_SUITE_P(
    StatefulSet, Unsettled,
    testing::Values(
        Spoiled{"unobserved", stateful_set_scene,
                [](Scene& s) { s.workload["metadata"]["generation"] = 2; },
                "generation 2 not observed yet"},
        Spoiled{"partition", stateful_set_scene,
                [](Scene& s) {
                  s.workload["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 2;
                },
                "held back by partition 2"},
        Spoiled{"revisions_lie", stateful_set_scene,
                [](Scene& s) { s.floor.pods[2] = with_hash(s.floor.pods[2], "db-old"); },
                "1 pod of an older revision left"},
        Spoiled{"on_delete_old_pod", stateful_set_scene,
                [](Scene& s) {
                  s.workload["spec"]["updateStrategy"] = {{"type", "OnDelete"}};
                  s.floor.pods[0] = with_hash(s.floor.pods[0], "db-old");
                },
                "1 pod of an older revision left"},
        Spoiled{"replicas", stateful_set_scene, status("replicas", 2), "2 of 3 pods exist"},
        Spoiled{"updated", stateful_set_scene, status("updatedReplicas", 1), "1 of 3 pods updated"},
        Spoiled{"ready", stateful_set_scene, status("readyReplicas", 2), "2 of 3 pods ready"},
        Spoiled{"available", stateful_set_scene, status("availableReplicas", 0),
                "0 of 3 pods available"}),
    title_of);

INSTANTIATE_TEST_SUITE_P(
    DaemonSet, Unsettled,
    testing::Values(Spoiled{"never_observed", daemon_set_scene,
                            [](Scene& s) { s.workload.erase("status"); },
                            "generation 1 not observed yet"},
                    Spoiled{"current", daemon_set_scene, status("currentNumberScheduled", 2),
                            "2 of 3 pods scheduled"},
                    Spoiled{"updated", daemon_set_scene, status("updatedNumberScheduled", 2),
                            "2 of 3 pods updated"},
                    Spoiled{"available", daemon_set_scene, status("numberAvailable", 2),
                            "2 of 3 pods available"},
                    Spoiled{"misscheduled", daemon_set_scene, status("numberMisscheduled", 1),
                            "1 pod misscheduled"},
                    Spoiled{"desired", daemon_set_scene, status("desiredNumberScheduled", 4),
                            "3 of 4 pods updated"},
                    Spoiled{"old_revision", daemon_set_scene,
                            [](Scene& s) { s.floor.pods[0] = with_hash(s.floor.pods[0], "old"); },
                            "1 pod of an older revision left"}),
    title_of);

TEST(Rollout, PausedAndPartitionedAreTold) {
  Scene deployment = deployment_scene();
  deployment.workload["spec"]["paused"] = true;
  EXPECT_TRUE(deployment.state().paused);

  Scene stateful_set = stateful_set_scene();
  stateful_set.workload["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 1;
  EXPECT_TRUE(stateful_set.state().partitioned);
}

TEST(Rollout, CountsAreOfTheNewestRevision) {
  Scene scene = stateful_set_scene();
  scene.floor.pods[0] = with_hash(scene.floor.pods[0], "db-old");
  scene.floor.pods[1] = spoiled(scene.floor.pods[1], waiting_state("ContainerCreating"));
  const RolloutState state = scene.state();
  EXPECT_EQ(state.wanted, 3);
  EXPECT_EQ(state.updated, 2);
  EXPECT_EQ(state.ready, 1);
}

// --- Troubles

auto is_trouble(const std::string& pod, const std::string& container, const std::string& reason,
                const std::string& message) {
  return AllOf(Field("pod", &PodTrouble::pod, pod),
               Field("container", &PodTrouble::container, container),
               Field("reason", &PodTrouble::reason, reason),
               Field("message", &PodTrouble::message, message));
}

TEST(RolloutTrouble, WaitingContainerIsQuotedPrintable) {
  Scene scene = deployment_scene(1);
  scene.floor.pods[0] =
      spoiled(scene.floor.pods[0],
              waiting_state("ImagePullBackOff", "Back-off\npulling \x1b[31m\"web:1\""));
  const auto troubles = scene.state().troubles;
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_THAT(troubles[0].message, testing::StartsWith("Back-off pulling"));
  EXPECT_THAT(troubles[0].message, testing::Not(HasSubstr("\x1b")));
  EXPECT_EQ(troubles[0].pod, "web-0");
  EXPECT_EQ(troubles[0].container, "web");
  EXPECT_EQ(troubles[0].reason, "ImagePullBackOff");
}

TEST(RolloutTrouble, InitContainersAreLookedAtToo) {
  Scene scene = deployment_scene(1);
  Json& pod = scene.floor.pods[0];
  pod = spoiled(pod, waiting_state("PodInitializing"));
  Json migrate = running_status("migrate", "");
  migrate["ready"] = false;
  migrate["state"] = waiting_state("CreateContainerConfigError", "secret \"db\" not found");
  pod["status"]["initContainerStatuses"] = Json::array({migrate});
  EXPECT_THAT(scene.state().troubles,
              ElementsAre(is_trouble("web-0", "migrate", "CreateContainerConfigError",
                                     "secret \"db\" not found")));
}

TEST(RolloutTrouble, CrashLoopTellsHowItEnded) {
  Scene scene = deployment_scene(1);
  Json& pod = scene.floor.pods[0];
  pod = spoiled(pod, waiting_state("CrashLoopBackOff", "back-off 40s"));
  pod["status"]["containerStatuses"][0]["restartCount"] = 4;
  pod["status"]["containerStatuses"][0]["lastState"] = ended_state(137, "OOMKilled");
  EXPECT_THAT(scene.state().troubles,
              ElementsAre(is_trouble("web-0", "web", "CrashLoopBackOff",
                                     "back-off 40s; last ended with OOMKilled, exit code 137")));
}

TEST(RolloutTrouble, RestartsCountWhileTheContainerIsNotReady) {
  Scene scene = deployment_scene(1);
  Json& status_of_web = scene.floor.pods[0]["status"]["containerStatuses"][0];
  status_of_web["restartCount"] = 2;
  EXPECT_THAT(scene.state().troubles, IsEmpty());

  status_of_web["ready"] = false;
  status_of_web["lastState"] = ended_state(1, "Error");
  EXPECT_THAT(scene.state().troubles,
              ElementsAre(is_trouble("web-0", "web", "Restarting",
                                     "2 restarts, last ended with Error, exit code 1")));

  status_of_web["restartCount"] = 1;
  EXPECT_THAT(scene.state().troubles, IsEmpty());
}

TEST(RolloutTrouble, StartingPodHasNone) {
  Scene scene = deployment_scene(1);
  scene.floor.pods[0] = spoiled(scene.floor.pods[0], waiting_state("ContainerCreating"));
  EXPECT_THAT(scene.state().troubles, IsEmpty());
}

TEST(RolloutTrouble, UnschedulablePod) {
  Scene scene = deployment_scene(1);
  Json& pod = scene.floor.pods[0];
  pod["status"] = {{"phase", "Pending"}};
  pod = set_condition(pod, "PodScheduled", "False", "Unschedulable", "0/3 nodes are available");
  EXPECT_THAT(scene.state().troubles,
              ElementsAre(is_trouble("web-0", "", "Unschedulable", "0/3 nodes are available")));
}

TEST(RolloutTrouble, ReplicaFailureInTheClustersWords) {
  Scene scene = deployment_scene();
  scene.workload = set_condition(scene.workload, "ReplicaFailure", "True", "FailedCreate",
                                 "pods \"web-\" is forbidden");
  EXPECT_THAT(scene.state().troubles,
              ElementsAre(is_trouble("", "", "FailedCreate", "pods \"web-\" is forbidden")));
}

TEST(RolloutTrouble, FailedPodsAreTold) {
  Scene scene = deployment_scene();
  const Json& spec = scene.workload.at("spec").at("template").at("spec");
  const Json& owner = scene.floor.replica_sets[1];
  scene.floor.pods.push_back(
      ended_pod(make_pod(owner, "x-1", spec), "Failed", "Evicted", "low on memory"));
  scene.floor.pods.push_back(ended_pod(make_pod(owner, "x-2", spec), "Failed"));
  scene.floor.pods.push_back(ended_pod(make_pod(owner, "x-3", spec), "Succeeded"));
  EXPECT_THAT(scene.state().troubles, ElementsAre(is_trouble("x-1", "", "Evicted", "low on memory"),
                                                  is_trouble("x-2", "", "Failed", "")));
}

TEST(RolloutTrouble, PodsOfOtherRevisionsAndLeavingPodsAreNotOurs) {
  Scene scene = deployment_scene();
  const Json broken = spoiled(scene.floor.pods[0], waiting_state("CrashLoopBackOff"));
  Json old = owned_by(scene.floor.replica_sets[0], broken);
  old["metadata"]["name"] = "old";
  scene.floor.pods.push_back(old);
  scene.floor.pods[0] = being_deleted(broken);
  EXPECT_THAT(scene.state().troubles, IsEmpty());
}

TEST(RolloutTrouble, NoneBeforeTheTemplateIsObserved) {
  // The pods that crash belong to the template that was just replaced.
  Scene scene = deployment_scene(1);
  scene.floor.pods[0] = spoiled(scene.floor.pods[0], waiting_state("CrashLoopBackOff"));
  EXPECT_FALSE(scene.state().troubles.empty());
  scene.workload["metadata"]["generation"] = 2;
  EXPECT_THAT(scene.state().troubles, IsEmpty());
}

// --- Patience

struct Wait {
  std::string reason;
  std::string message;
  std::int64_t seconds;  // hopeless from here on; -1: never
};

void PrintTo(const Wait& wait, std::ostream* out) {
  *out << wait.reason << ": " << wait.message;
}

class Hopeless : public testing::TestWithParam<Wait> {};

TEST_P(Hopeless, FromItsSecondOn) {
  const PodTrouble trouble{"web-0", "web", GetParam().reason, GetParam().message};
  const std::int64_t seconds = GetParam().seconds;
  if (seconds < 0) {
    EXPECT_FALSE(is_hopeless(trouble, 3600));
    return;
  }
  EXPECT_TRUE(is_hopeless(trouble, seconds));
  EXPECT_FALSE(seconds > 0 && is_hopeless(trouble, seconds - 1));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Hopeless,
    testing::Values(Wait{"InvalidImageName", "", 0}, Wait{"ErrImageNeverPull", "", 0},
                    Wait{"CrashLoopBackOff", "", 0}, Wait{"Restarting", "", 0},
                    Wait{"ErrImagePull",
                         "rpc error: code = NotFound desc = failed to pull: web:1: not found", 0},
                    Wait{"ErrImagePull", "manifest unknown: Failed to fetch", 0},
                    Wait{"ErrImagePull", "unexpected status: 401 Unauthorized", 0},
                    Wait{"ErrImagePull", "pull access denied, repository does not exist", 0},
                    Wait{"ErrImagePull",
                         "failed to fetch anonymous token: unexpected status: 403 Forbidden", 0},
                    Wait{"ErrImagePull", "denied: Permission \"downloadArtifacts\" denied", 0},
                    Wait{"ErrImagePull", "no match for platform in manifest", 0},
                    Wait{"ImagePullBackOff",
                         "Back-off pulling image \"web:1\": ErrImagePull: web:1: not found", 0},
                    Wait{"ErrImagePull",
                         "toomanyrequests: You have reached your unauthenticated pull rate limit",
                         60},
                    Wait{"ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout", 60},
                    Wait{"ImagePullBackOff", "Back-off pulling image \"web:1\"", 60},
                    Wait{"CreateContainerConfigError", "configmap \"x\" not found", 30},
                    Wait{"CreateContainerError", "", 30}, Wait{"RunContainerError", "", 30},
                    Wait{"FailedCreate", "", 90}, Wait{"FailedMount", "", 90},
                    Wait{"FailedScheduling", "", 90}, Wait{"Unschedulable", "", 90},
                    Wait{"Evicted", "", -1}, Wait{"SchedulingGated", "", -1},
                    Wait{"SomethingNew", "not found", -1}));

// --- Pods and Jobs

Json one_pod() {
  const Json web = make_deployment("web", 1);
  return make_pod(web, "web-0", web.at("spec").at("template").at("spec"));
}

TEST(Pod, ReadyMeansRunningReadyAndStaying) {
  const Json pod = one_pod();
  EXPECT_TRUE(is_ready(pod));
  EXPECT_FALSE(is_ready(being_deleted(pod)));
  EXPECT_FALSE(is_ready(set_condition(pod, "Ready", "False")));
  EXPECT_FALSE(is_ready(set_condition(pod, "Ready", "Unknown")));
  EXPECT_FALSE(is_ready(ended_pod(pod, "Succeeded")));

  Json pending = pod;
  pending["status"]["phase"] = "Pending";
  EXPECT_FALSE(is_ready(pending));
}

TEST(Pod, ReadyNeedsEveryContainer) {
  Json pod = one_pod();
  pod["status"]["containerStatuses"][0]["ready"] = false;
  EXPECT_FALSE(is_ready(pod));

  pod = one_pod();
  pod["spec"]["containers"].push_back(make_container("injected", "proxy:1"));
  EXPECT_FALSE(is_ready(pod));
  pod["status"]["containerStatuses"].push_back(running_status("injected", ""));
  EXPECT_TRUE(is_ready(pod));

  pod["status"].erase("containerStatuses");
  EXPECT_FALSE(is_ready(pod));
}

TEST(Pod, RestartsAreSummedOverAllContainers) {
  Json pod = one_pod();
  EXPECT_EQ(restarts_of(pod), 0);
  pod["status"]["containerStatuses"][0]["restartCount"] = 2;
  Json init = running_status("init", "");
  init["restartCount"] = 3;
  pod["status"]["initContainerStatuses"] = Json::array({init});
  EXPECT_EQ(restarts_of(pod), 5);
}

TEST(Job, CompleteIsACondition) {
  const Json job = make_job(make_cron_job("report"), "report-1");
  EXPECT_FALSE(is_complete(job));
  EXPECT_TRUE(is_complete(completed_at(job, "2026-01-01T00:00:00Z")));
  EXPECT_FALSE(is_complete(set_condition(job, "Complete", "False")));
  EXPECT_FALSE(is_complete(set_condition(job, "Failed", "True")));
}

}  // namespace
}  // namespace dr::kube
