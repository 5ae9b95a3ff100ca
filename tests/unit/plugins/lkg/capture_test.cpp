#include "plugins/lkg/capture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "plugins/lkg/metadata.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

const std::string k_running_a = "docker.io/library/web@" + k_digest_a;
const std::string k_running_b = "docker.io/library/web@" + k_digest_b;

// A floor object by object; namespace and switch are there from the start.
class CaptureTest : public testing::Test {
 protected:
  // A Deployment whose pods run these imageIDs.
  void add_deployment(Json deployment, const std::vector<std::string>& image_ids) {
    const Json set = make_replica_set(deployment, "1");
    const std::string name = kube::name_of(deployment);
    for (std::size_t i = 0; i < image_ids.size(); ++i) {
      add(make_pod(set, name + "-" + std::to_string(i), deployment["spec"]["template"]["spec"],
                   image_ids[i]));
    }
    add(set);
    add(std::move(deployment));
  }

  // A Job of `cron_job` with one pod that succeeded.
  void add_job(const Json& cron_job, const std::string& name, const std::string& time,
               const std::string& image_id) {
    const Json job = completed_at(make_job(cron_job, name), time);
    Json pod = make_pod(job, name + "-pod", job["spec"]["template"]["spec"], image_id);
    pod["status"]["containerStatuses"][0]["state"] = ended_state(0);
    add(ended_pod(pod, "Succeeded"));
    add(job);
  }

  void add(Json object) { m_objects.push_back(std::move(object)); }

  CaptureResult capture(const CaptureOptions& options = {}) {
    const Live live = live_to_capture(m_objects);
    return capture_objects(
        live, options,
        [this](const auto& visit) {
          for (const auto& lkg : m_earlier) {
            if (visit(lkg)) return;
          }
        },
        [this](const kube::ImageRef& ref) -> std::optional<kube::Digest> {
          const auto found = m_registry.find(ref.name + ":" + ref.tag);
          if (found == m_registry.end()) return std::nullopt;
          return kube::Digest::parse(found->second);
        });
  }

  std::vector<Finding> look_unsettled(const CaptureOptions& options = {}) const {
    return unsettled(live_to_capture(m_objects), options);
  }

  static std::vector<std::string> lines(const std::vector<Finding>& findings) {
    std::vector<std::string> texts;
    for (const auto& finding : findings) texts.push_back(finding.object + ": " + finding.reason);
    return texts;
  }

  static const Json* find(const CaptureResult& result, const std::string& display) {
    const auto found =
        std::find_if(result.objects.begin(), result.objects.end(),
                     [&](const Json& object) { return kube::display(object) == display; });
    return found == result.objects.end() ? nullptr : &*found;
  }

  static std::string image_in(const CaptureResult& result, const std::string& display) {
    const Json* object = find(result, display);
    if (object == nullptr) return "(not captured)";
    return kube::images_of(*kube::pod_template_of(*object)).front();
  }

  // An LKG of Deployment/agent as `live`, its image pinned to digest b.
  static Lkg earlier_lkg(const Json& live) {
    Json pinned = live;
    Json images = Json::array();
    for (auto& container : pinned["spec"]["template"]["spec"]["containers"]) {
      images.push_back({{"kind", "Deployment"},
                        {"name", "agent"},
                        {"container", container["name"]},
                        {"original", container["image"]},
                        {"pinned", "web@" + k_digest_b}});
      container["image"] = "web@" + k_digest_b;
    }
    auto objects = small_floor();
    objects.push_back(pinned);
    return make_lkg(objects, {{"images", images}});
  }

  std::vector<Json> m_objects = {make_namespace(), make_switch()};
  std::vector<Lkg> m_earlier;                     // newest first
  std::map<std::string, std::string> m_registry;  // name:tag to digest
};

// --- What runs

TEST_F(CaptureTest, PinsToTheDigestThatRuns) {
  // Protects what an LKG is for: the images that ran, not the tags that were asked for.
  add_deployment(make_deployment("web", 2), {k_running_a, k_running_a});
  const auto result = capture();
  EXPECT_EQ(image_in(result, "Deployment/web"), "web@" + k_digest_a);
  EXPECT_EQ(result.components.at(0).source, "pods");
  EXPECT_THAT(result.refusals, IsEmpty());
}

TEST_F(CaptureTest, RefusesMixedDigests) {
  // Protects against choosing one of two images that both run.
  add_deployment(make_deployment("web", 2), {k_running_a, k_running_b});
  const auto result = capture();
  EXPECT_THAT(lines(result.refusals), ElementsAre(AllOf(HasSubstr("Deployment/web: container web"),
                                                        HasSubstr("different digests"))));
  EXPECT_EQ(find(result, "Deployment/web"), nullptr);
}

TEST_F(CaptureTest, IgnoresPodsOfOlderRevisions) {
  // Protects against the digest of a template that is no longer the workload's.
  const Json web = make_deployment("web", 1);
  const Json old_set = make_replica_set(web, "0");
  add(old_set);
  add(make_pod(old_set, "web-old", web["spec"]["template"]["spec"], k_running_b));
  add_deployment(web, {k_running_a});
  EXPECT_EQ(image_in(capture(), "Deployment/web"), "web@" + k_digest_a);
}

TEST_F(CaptureTest, RefusesWhatIsBeingDeleted) {
  // Protects against an LKG that brings back what was about to go.
  add(being_deleted(make_config_map("going", "k", "v")));
  EXPECT_THAT(lines(capture().refusals), ElementsAre("ConfigMap/going: it is being deleted"));
}

TEST_F(CaptureTest, RefusesAVariableThatIsSetTwice) {
  // Protects the restore: server-side apply refuses such a template.
  Json web = make_deployment("web", 1);
  const Json variable = {{"name", "MODE"}, {"value", "x"}};
  web["spec"]["template"]["spec"]["containers"][0]["env"] = Json::array({variable, variable});
  add_deployment(web, {k_running_a});
  EXPECT_THAT(lines(capture().refusals), ElementsAre(HasSubstr("sets env MODE twice")));
}

// --- What is not settled

TEST_F(CaptureTest, SettledFloorHasNothingToWaitFor) {
  // Protects the daily job from waiting or refusing on the healthy floor.
  add_deployment(make_deployment("web", 1), {k_running_a});
  add_deployment(make_deployment("agent", 0), {});
  EXPECT_THAT(look_unsettled(), IsEmpty());
}

TEST_F(CaptureTest, PausedDeploymentIsUnsettled) {
  // Protects against a template that may never have run.
  Json web = make_deployment("web", 1);
  web["spec"]["paused"] = true;
  add_deployment(web, {k_running_a});
  EXPECT_THAT(lines(look_unsettled()), ElementsAre(HasSubstr("Deployment/web: it is paused")));
}

TEST_F(CaptureTest, PartitionedStatefulSetIsUnsettled) {
  // Protects against one LKG of two templates.
  Json gamma = make_stateful_set("gamma", 1);
  gamma["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 1;
  add(gamma);
  EXPECT_THAT(lines(look_unsettled()), ElementsAre(HasSubstr("StatefulSet/gamma: its partition")));
}

TEST_F(CaptureTest, UnsettledSaysWhichPodIsInTrouble) {
  // Protects the operator: the refusal must name the cause, not only the count.
  const Json web = make_deployment("web", 1);
  const Json set = make_replica_set(web, "1");
  add(spoiled(make_pod(set, "web-0", web["spec"]["template"]["spec"]),
              waiting_state("CrashLoopBackOff", "back-off 5m0s")));
  add(set);
  add(web);
  EXPECT_THAT(lines(look_unsettled()),
              ElementsAre(AllOf(HasSubstr("not settled"), HasSubstr("web-0"),
                                HasSubstr("CrashLoopBackOff"), HasSubstr("back-off 5m0s"))));
}

TEST_F(CaptureTest, ExcludedIsNeitherWaitedForNorCaptured) {
  // Protects --exclude, the way out when one workload is broken for long.
  add(make_deployment("web", 1));
  const CaptureOptions options{{"Deployment/web"}, false};
  EXPECT_THAT(look_unsettled(options), IsEmpty());
  const auto result = capture(options);
  EXPECT_EQ(find(result, "Deployment/web"), nullptr);
  EXPECT_THAT(lines(result.excluded), ElementsAre(HasSubstr("Deployment/web: excluded")));
  EXPECT_THAT(result.left_out, IsEmpty());
}

// --- What never ran

TEST_F(CaptureTest, KeepsWhatIsByDigestAlready) {
  // Protects execution-agent, which stands at zero replicas: a digest needs no pod.
  add_deployment(make_deployment("agent", 0, k_by_digest), {});
  const auto result = capture();
  EXPECT_EQ(image_in(result, "Deployment/agent"), k_by_digest);
  EXPECT_EQ(result.components.at(0).source, "digest");
  EXPECT_THAT(result.left_out, IsEmpty());
}

TEST_F(CaptureTest, PinsAsInTheNewestEarlierLkgWithThatTemplate) {
  // Protects execution-agent on a tag: what an earlier capture proved still holds.
  Json agent = make_deployment("agent", 0, "web:1");
  add(agent);
  Json other = agent;
  other["spec"]["template"]["spec"]["containers"][0]["args"] = {"--other"};
  m_earlier = {earlier_lkg(other), earlier_lkg(agent)};
  const auto result = capture();
  EXPECT_EQ(image_in(result, "Deployment/agent"), "web@" + k_digest_b);
  EXPECT_EQ(result.components.at(0).source, "earlier-lkg");
}

TEST_F(CaptureTest, PinsAsTheRegistryHasItWhenNoEarlierLkgDoes) {
  // Protects the first capture of a floor whose execution-agent always is at no replicas.
  add(make_deployment("agent", 0, "web:1"));
  m_registry["web:1"] = k_digest_a;
  const auto result = capture();
  EXPECT_EQ(image_in(result, "Deployment/agent"), "web@" + k_digest_a);
  EXPECT_EQ(result.components.at(0).source, "registry");
  EXPECT_THAT(result.left_out, IsEmpty());
}

TEST_F(CaptureTest, AnEarlierLkgGoesBeforeTheRegistry) {
  // What ran is proven; a tag of the registry may have moved since.
  Json agent = make_deployment("agent", 0, "web:1");
  add(agent);
  m_earlier = {earlier_lkg(agent)};
  m_registry["web:1"] = k_digest_a;
  EXPECT_EQ(image_in(capture(), "Deployment/agent"), "web@" + k_digest_b);
}

TEST_F(CaptureTest, IsNotPinnedByHalf) {
  // Protects against a template of one image by digest and one by tag.
  Json agent = make_deployment("agent", 0, "web:1");
  agent["spec"]["template"]["spec"]["containers"].push_back(make_container("side", "side:1"));
  add(agent);
  m_registry["web:1"] = k_digest_a;
  const auto result = capture();
  EXPECT_EQ(find(result, "Deployment/agent"), nullptr);
  EXPECT_THAT(lines(result.left_out), ElementsAre(HasSubstr("side:1")));
}

TEST_F(CaptureTest, LeavesOutWhatNoEarlierLkgHasInThisForm) {
  // Protects against a digest of another template: another tag, another field, another container.
  const Json agent = make_deployment("agent", 0, "web:2");
  add(agent);
  Json other_field = agent;
  other_field["spec"]["template"]["spec"]["nodeName"] = "n";
  Json fewer = agent;
  m_objects.back()["spec"]["template"]["spec"]["containers"].push_back(
      make_container("side", "web:2"));
  m_earlier = {earlier_lkg(make_deployment("agent", 0, "web:1")), earlier_lkg(other_field),
               earlier_lkg(fewer), make_lkg(small_floor())};
  const auto result = capture();
  EXPECT_EQ(find(result, "Deployment/agent"), nullptr);
  EXPECT_THAT(
      lines(result.left_out),
      ElementsAre(AllOf(HasSubstr("Deployment/agent: nothing of it has run"), HasSubstr("web:2"))));
  EXPECT_THAT(result.left_out.at(0).next_step, HasSubstr("--skip-scaled-to-zero"));
  EXPECT_THAT(result.refusals, IsEmpty());
}

TEST_F(CaptureTest, LeftOutNamesTheImageWithoutDigest) {
  // Protects the operator from being told that an image by digest has no known digest.
  Json agent = make_deployment("agent", 0, k_by_digest);
  agent["spec"]["template"]["spec"]["containers"].push_back(make_container("side", "side:7"));
  add(agent);
  EXPECT_THAT(lines(capture().left_out),
              ElementsAre(AllOf(HasSubstr("side:7"), Not(HasSubstr(k_digest_a)))));
}

TEST_F(CaptureTest, SkippingMakesLeavingOutDeliberate) {
  // Protects exit code 0 of the daily job on a floor with workloads at zero.
  add(make_deployment("agent", 0));
  const auto result = capture({{}, true});
  EXPECT_THAT(result.left_out, IsEmpty());
  EXPECT_THAT(lines(result.excluded), ElementsAre(HasSubstr("Deployment/agent")));
}

// --- CronJobs

TEST_F(CaptureTest, CronJobIsPinnedFromItsNewestSuccessfulJob) {
  // Protects CronJobs on a tag: a failed run proves nothing, an older success is not the newest.
  const Json tick = make_cron_job("tick");
  add(tick);
  add_job(tick, "tick-1", "2026-01-01T01:00:00Z", k_running_b);
  add_job(tick, "tick-2", "2026-01-01T02:00:00Z", k_running_a);
  Json failed_job = make_job(tick, "tick-3");
  failed_job["status"]["conditions"] = Json::array({{{"type", "Failed"}, {"status", "True"}}});
  add(ended_pod(
      make_pod(failed_job, "tick-3-pod", failed_job["spec"]["template"]["spec"], k_running_b),
      "Failed"));
  add(failed_job);
  const auto result = capture();
  EXPECT_EQ(image_in(result, "CronJob/tick"), "web@" + k_digest_a);
  EXPECT_EQ(result.components.at(0).source, "job");
}

TEST_F(CaptureTest, CronJobIgnoresJobsOfAnotherImage) {
  // Protects the day after a release: runs of the image before are no reason to refuse the capture.
  add_job(make_cron_job("tick", "web:1"), "tick-1", "2026-01-01T01:00:00Z", k_running_a);
  add_job(make_cron_job("tick", "web:0"), "tick-2", "2026-01-01T02:00:00Z", k_running_b);
  add(make_cron_job("tick", "web:1"));
  EXPECT_EQ(image_in(capture(), "CronJob/tick"), "web@" + k_digest_a);

  m_objects.back() = make_cron_job("tick", "web:2");
  const auto result = capture();
  EXPECT_THAT(result.refusals, IsEmpty());
  EXPECT_THAT(lines(result.left_out),
              ElementsAre(HasSubstr("CronJob/tick: nothing of it has run")));
}

// --- What belongs to an LKG

TEST_F(CaptureTest, DropsReplicasThatAnAutoscalerOwns) {
  // Protects the autoscaler: a restore must not set back what it scaled.
  add_deployment(make_deployment("web", 2), {k_running_a, k_running_a});
  add_deployment(make_deployment("agent", 1), {k_running_a});
  add(make_hpa("web"));
  const auto result = capture();
  EXPECT_FALSE(data::has(*find(result, "Deployment/web"), {"spec", "replicas"}));
  EXPECT_TRUE(data::has(*find(result, "Deployment/agent"), {"spec", "replicas"}));
  EXPECT_THAT(result.autoscaled, ElementsAre(Pair("Deployment/web", 2)));
}

TEST_F(CaptureTest, LeavesDerivedObjectsOut) {
  // Protects an LKG from what controllers make: restoring it would fight them.
  add(make_config_map("kube-root-ca.crt", "ca", "x"));
  add(make_object("v1", "ServiceAccount", "default"));
  add(owned_by(make_object("v1", "Service", "operator"), make_config_map("owned", "k", "v")));
  const Json tick = make_cron_job("tick", k_by_digest);
  add(tick);
  add_job(tick, "tick-1", "2026-01-01T01:00:00Z", k_running_a);
  add_deployment(make_deployment("web", 1), {k_running_a});
  EXPECT_THAT(displays_of(capture().objects),
              ElementsAre("Namespace/trading-floor", "ConfigMap/agenttrader-kill-switch",
                          "Deployment/web", "CronJob/tick"));
}

TEST_F(CaptureTest, KeepsTheEndpointsThatSomebodyWrote) {
  // Protects the way out of the cluster: nothing makes the endpoints of a Service without selector.
  const auto service = [](const char* name, Json spec) {
    Json object = make_object("v1", "Service", name);
    object["spec"] = std::move(spec);
    return object;
  };
  const auto endpoints = [](const char* name, Json address) {
    Json object = make_object("v1", "Endpoints", name);
    object["subsets"] = Json::array({{{"addresses", Json::array({std::move(address)})}}});
    return object;
  };
  const auto slice = [](const char* name, const char* of) {
    Json object = make_object("discovery.k8s.io/v1", "EndpointSlice", name);
    object["metadata"]["labels"] = {{"kubernetes.io/service-name", of}};
    object["endpoints"] = Json::array({{{"addresses", {"192.0.2.1"}}}});
    return object;
  };
  add(service("broker", Json::object()));
  const Json by_hand = endpoints("broker", {{"ip", "192.0.2.1"}});
  add(by_hand);
  add(slice("broker-2", "broker"));
  add(owned_by(by_hand, slice("broker-mirrored", "broker")));
  // A program's, which knows its pods again; those of a selector; those of nobody.
  add(service("leader", Json::object()));
  add(endpoints("leader", {{"ip", "10.0.0.1"}, {"targetRef", {{"kind", "Pod"}}}}));
  add(service("web", {{"selector", {{"app", "web"}}}}));
  add(endpoints("web", {{"ip", "10.0.0.2"}}));
  add(slice("web-1", "web"));
  add(endpoints("election", {{"ip", "10.0.0.3"}}));
  add(service("elsewhere", {{"type", "ExternalName"}}));
  EXPECT_THAT(displays_of(capture().objects),
              ElementsAre("Namespace/trading-floor", "ConfigMap/agenttrader-kill-switch",
                          "Service/broker", "Service/elsewhere", "Service/leader", "Service/web",
                          "Endpoints/broker", "EndpointSlice/broker-2"));
}

TEST_F(CaptureTest, KeepsAModifiedDefaultServiceAccount) {
  // Protects pull secrets and labels that somebody put on it.
  Json account = make_object("v1", "ServiceAccount", "default");
  account["imagePullSecrets"] = Json::array({{{"name", "pull"}}});
  add(account);
  EXPECT_NE(find(capture(), "ServiceAccount/default"), nullptr);
}

TEST_F(CaptureTest, NamesWorkloadsThatAnOperatorOwns) {
  // Protects against a silent hole: such a workload comes back only through its owner.
  add(owned_by(
      {{"apiVersion", "x/v1"}, {"kind", "Rollout"}, {"metadata", {{"name", "r"}, {"uid", "u"}}}},
      make_deployment("web", 0)));
  EXPECT_THAT(lines(capture().left_out), ElementsAre("Deployment/web: Rollout/r owns it"));
}

TEST_F(CaptureTest, ForcesTheSwitchToHalted) {
  // Protects the absolute rule: an LKG of a trading floor still says "1".
  for (const std::string value : {"0", "false", ""}) {
    m_objects[1] = make_switch(value);
    const auto result = capture();
    EXPECT_EQ(find(result, "ConfigMap/" + k_switch)->at("data").at("EXECUTION_HALTED"), "1");
  }
  m_objects[1].erase("data");
  EXPECT_EQ(find(capture(), "ConfigMap/" + k_switch)->at("data").at("EXECUTION_HALTED"), "1");
}

TEST_F(CaptureTest, RefusesAFloorWithoutSwitch) {
  // Protects against an LKG that no check would accept.
  m_objects.pop_back();
  EXPECT_THAT(lines(capture().refusals),
              ElementsAre("ConfigMap/agenttrader-kill-switch: it does not exist"));
}

TEST_F(CaptureTest, NeverReadsSecrets) {
  // Protects secret values: they cannot leak from what is not read.
  const FakeClock clock;
  FakeCluster cluster(clock);
  for (const auto& object : m_objects) cluster.put(object);
  FakeProcessRunner runner;
  runner.handler = [&](const os::Command& command) { return cluster.answer(command); };
  read_live(make_kubectl(runner));
  for (const auto& command : runner.commands()) {
    for (const auto& arg : command.args) EXPECT_THAT(arg, Not(HasSubstr("secrets")));
  }
  EXPECT_EQ(kube::find_kind("Secret"), nullptr);
}

TEST_F(CaptureTest, OrdersByWaveAndName) {
  // Protects the restore by hand: kubectl keeps the file's order.
  add(make_cron_job("tick", k_by_digest));
  add(make_object("networking.k8s.io/v1", "Ingress", "web"));
  add(make_deployment("b", 0, k_by_digest));
  add(make_deployment("a", 0, k_by_digest));
  add(make_service(30000));
  add(make_config_map("b", "k", "v"));
  add(make_config_map("a", "k", "v"));
  add(make_object("v1", "ServiceAccount", "web"));
  add(make_object("networking.k8s.io/v1", "NetworkPolicy", "deny"));
  EXPECT_THAT(
      displays_of(capture().objects),
      ElementsAre("Namespace/trading-floor", "ConfigMap/agenttrader-kill-switch",
                  "NetworkPolicy/deny", "ServiceAccount/web", "ConfigMap/a", "ConfigMap/b",
                  "Service/web", "Deployment/a", "Deployment/b", "Ingress/web", "CronJob/tick"));
}

TEST_F(CaptureTest, SameStateGivesTheSameBytes) {
  // Protects diffs of LKGs in version control: only what changed may show.
  add_deployment(make_deployment("web", 1), {k_running_a});
  add(make_service(30000));
  const std::string before = manifest_text(capture().objects);
  for (auto& object : m_objects) {
    object["metadata"]["uid"] = "other-" + kube::uid_of(object);
    object["metadata"]["creationTimestamp"] = "2030-01-01T00:00:00Z";
    object["metadata"]["managedFields"] = Json::array({Json::object()});
    for (auto& owner : object["metadata"]["ownerReferences"])
      owner["uid"] = "other-" + owner["uid"].get<std::string>();
    if (object["metadata"]["ownerReferences"].is_null())
      object["metadata"].erase("ownerReferences");
  }
  std::reverse(m_objects.begin(), m_objects.end());
  EXPECT_EQ(manifest_text(capture().objects), before);
}

}  // namespace
}  // namespace dr::lkg
