#include "common/kube/halt_proof.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/detail.hpp"
#include "tests/unit/common/kube/api_fixture.hpp"
#include "tests/unit/common/kube/switch_pods.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string k_pods = k_core_path + "pods";
const std::string k_maps = k_core_path + "configmaps";
const std::string k_at_switch = k_pods + "?resourceVersion=100&resourceVersionMatch=Exact";
const std::string k_admission = "/apis/admissionregistration.k8s.io/v1/";

Json pod_with(const std::string& name, const Json& spec,
              const std::string& container_id = "containerd://1") {
  Json pod = make_pod(make_deployment("web", 1), name, spec);
  pod["metadata"]["creationTimestamp"] = "2026-01-02T03:00:09Z";
  for (Json& status : pod["status"]["containerStatuses"]) status["containerID"] = container_id;
  return pod;
}

// The switch was last written at 03:00:05 and resourceVersion 100; no pod existed then.
class HaltProofTest : public testing::Test {
 protected:
  HaltProofTest() {
    object = switch_with("1");
    object["metadata"]["resourceVersion"] = "100";
    object["metadata"]["managedFields"] = Json::parse(
        R"([{"manager": "ci", "time": "2026-01-02T03:00:01Z"},
            {"manager": "agenttrader-dr", "time": "2026-01-02T03:00:05Z"}])");
    set_revisions("101", "102");
    api.put(k_at_switch, raw_list({}, "100"));
  }

  void set_revisions(const std::string& pods, const std::string& maps) {
    api.put(k_pods + "?limit=1", raw_list({}, pods));
    api.put(k_maps + "?limit=1", raw_list({}, maps));
    if (pods == "101") {  // the second list of pods is read last
      int reads = 0;
      api.on_read = [reads](const std::string& path) mutable -> os::ProcessResult {
        if (path != k_pods + "?limit=1" || ++reads % 2 == 1) return {};
        return succeeded(data::write_json(raw_list({}, "103")));
      };
    }
  }

  void existed(const std::vector<Json>& pods) { api.put(k_at_switch, raw_list(pods, "100")); }

  // Rule S cannot be used from here on.
  void expire() { api.refuse(k_at_switch, "Error from server (Expired): too old\n"); }

  HaltProver prover() {
    api.put(k_switch_path, object);
    return {api.kubectl(), KillSwitch(api.kubectl()).read_back()};
  }

  // Of a pod as it is read for that, which must come to the same.
  HaltProof prove(const Json& pod) {
    Json judged = data::read_json(data::write_json(pod), "test",
                                  {.without = left_out("Pod", Detail::judged)});
    reduce(judged, Detail::judged);
    const auto proofs = prover().prove({judged});
    EXPECT_THAT(proofs, SizeIs(1));
    const auto of_whole = prover().prove({pod});
    EXPECT_EQ(of_whole.at(0).verdict, proofs.at(0).verdict);
    EXPECT_EQ(of_whole.at(0).reason, proofs.at(0).reason);
    return proofs.at(0);
  }

  FakeApi api;
  Json object;
};

// --- Rule S

TEST_F(HaltProofTest, APodThatDidNotExistAtTheSwitchsVersionIsProven) {
  existed({pod_with("old", spec_with(k_env))});
  const HaltProof proof = prove(pod_with("new", spec_with(k_env)));
  EXPECT_EQ(proof.pod, "new");
  EXPECT_EQ(proof.container, "web");
  EXPECT_EQ(proof.way, SwitchWay::env);
  EXPECT_EQ(proof.verdict, HaltVerdict::proven);
  EXPECT_TRUE(proof.holds());
}

// It read its variable before the switch was last written, whatever its other times say.
TEST_F(HaltProofTest, ARunningPodThatExistedIsNotHalted) {
  for (const Json& container : {k_env, k_env_from}) {
    const Json pod = pod_with("old", spec_with(container));
    existed({pod});
    EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
  }
  Json frozen = k_mount;
  frozen["volumeMounts"][0]["subPath"] = "EXECUTION_HALTED";
  const Json pod = pod_with("old", spec_with(frozen));
  existed({pod});
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
  EXPECT_FALSE(prove(pod).holds());
}

// The name is no identity: a StatefulSet's pod comes back under it.
TEST_F(HaltProofTest, ARecreatedPodOfTheSameNameIsProven) {
  existed({pod_with("web-0", spec_with(k_env))});
  Json pod = pod_with("web-0", spec_with(k_env));
  pod["metadata"]["uid"] = "another";
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::proven);
}

void start_at(Json& status, const std::string& time) {
  status["state"] = {{"running", {{"startedAt", time}}}};
}

// A restarted container read its variables again; only a new id shows that, and for that container
// alone. A status that lags may show the new id of a container that started before the write.
TEST_F(HaltProofTest, ARestartedContainerIsProvenByItsNewIdAndALaterStart) {
  Json spec = spec_with(k_env);
  spec["containers"].push_back(make_container("side", "side:1"));
  spec["containers"][1].update(k_env);
  existed({pod_with("old", spec, "containerd://1")});
  Json pod = pod_with("old", spec, "containerd://1");
  auto& status = pod["status"]["containerStatuses"][0];
  status["containerID"] = "containerd://2";
  for (const char* time : {"2026-01-02T03:00:04Z", "2026-01-02T03:00:05Z"}) {
    start_at(status, time);
    EXPECT_EQ(prover().prove({pod})[0].verdict, HaltVerdict::not_halted) << time;
  }
  start_at(status, "2026-01-02T03:00:06Z");
  status["containerID"] = "containerd://1";
  EXPECT_EQ(prover().prove({pod})[0].verdict, HaltVerdict::not_halted) << "the same container";
  status["containerID"] = "containerd://2";
  const auto proofs = prover().prove({pod});
  ASSERT_THAT(proofs, SizeIs(2));
  EXPECT_EQ(proofs[0].verdict, HaltVerdict::proven);
  EXPECT_EQ(proofs[1].container, "side");
  EXPECT_EQ(proofs[1].verdict, HaltVerdict::not_halted);

  status["containerID"] = "";
  EXPECT_EQ(prover().prove({pod})[0].verdict, HaltVerdict::not_halted) << "no id proves nothing";
}

// A pod without a node had started nothing when the switch was written; one with a node may have,
// before its status told.
TEST_F(HaltProofTest, APodThatHadNoNodeYetIsProven) {
  const Json pod = pod_with("old", spec_with(k_env));
  Json before = pod;
  before["status"] = {{"phase", "Pending"}};
  existed({before});
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
  before["spec"].erase("nodeName");
  existed({before});
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::proven);
}

// A plan tells what a halt now would leave unproven: every pod that is there.
TEST_F(HaltProofTest, APlanProvesNoPodThatIsThere) {
  const std::vector<Json> pods = {pod_with("old", spec_with(k_env))};
  const auto proofs = HaltProver(pods).prove(pods);
  ASSERT_THAT(proofs, SizeIs(1));
  EXPECT_EQ(proofs[0].verdict, HaltVerdict::not_halted);
}

// A mounted file follows by itself: it is waited for, not given up.
TEST_F(HaltProofTest, AMountedFileOfAnOldPodIsWaitedFor) {
  const Json pod = pod_with("old", spec_with(k_mount));
  existed({pod});
  const HaltProof proof = prove(pod);
  EXPECT_EQ(proof.verdict, HaltVerdict::waiting);
  EXPECT_FALSE(proof.holds());
  EXPECT_EQ(prove(pod_with("new", spec_with(k_mount))).verdict, HaltVerdict::proven);
}

// --- Ways that do not follow the switch

TEST_F(HaltProofTest, ALiteralIsProvenOnlyByAHaltingValue) {
  const Json old_pod = pod_with("old", spec_with(literal("1")));
  existed({old_pod});
  EXPECT_EQ(prove(old_pod).verdict, HaltVerdict::proven);
  EXPECT_EQ(prove(pod_with("new", spec_with(literal("0")))).verdict, HaltVerdict::not_halted);
}

// Such a container trades the moment it starts (again): that it does not run now is no comfort.
TEST_F(HaltProofTest, ALiteralIsNotHaltedBeforeItRunsEither) {
  const Json pod = pod_with("new", spec_with(literal("0")));
  EXPECT_EQ(prove(spoiled(pod, waiting_state("CrashLoopBackOff"))).verdict,
            HaltVerdict::not_halted);
  EXPECT_EQ(prove(ended_pod(pod, "Succeeded")).verdict, HaltVerdict::not_running);
  EXPECT_EQ(prove(ended_pod(pod, "Failed")).verdict, HaltVerdict::not_running);
}

// A file that no volume brings cannot follow the switch: it is never waited for, and the operator
// is told.
TEST_F(HaltProofTest, AFileThatIsNotMountedIsNotWaitedFor) {
  const Json pod = pod_with("old", spec_with(k_file_env));
  existed({pod});
  const HaltProof proof = prove(pod);
  EXPECT_EQ(proof.verdict, HaltVerdict::not_halted);
  EXPECT_THAT(proof.reason, HasSubstr("mounts no volume"));
}

// --- What does not run

TEST_F(HaltProofTest, AContainerThatDoesNotRunReadsTheSwitchWhenItStarts) {
  const Json pod = pod_with("old", spec_with(k_env));
  existed({pod});
  const HaltProof proof = prove(spoiled(pod, waiting_state("ImagePullBackOff")));
  EXPECT_EQ(proof.verdict, HaltVerdict::not_running);
  EXPECT_TRUE(proof.holds());
  // A status that lags may hide that the container has started meanwhile.
  for (const char* reason : {"ContainerCreating", "PodInitializing", "CrashLoopBackOff"}) {
    EXPECT_EQ(prove(spoiled(pod, waiting_state(reason))).verdict, HaltVerdict::not_halted)
        << reason;
  }
  EXPECT_EQ(prove(ended_pod(pod, "Failed", "Evicted")).verdict, HaltVerdict::not_running);

  Json pending = pod;
  pending["status"] = {{"phase", "Pending"}};
  EXPECT_EQ(prove(pending).verdict, HaltVerdict::not_halted);
  pending["spec"].erase("nodeName");
  EXPECT_EQ(prove(pending).verdict, HaltVerdict::not_running);
}

// A node that does not report is no proof that nothing runs on it, and neither is a pod that is
// only being deleted.
TEST_F(HaltProofTest, ARunningPodWithoutStatusesCountsAsRunning) {
  Json pod = pod_with("old", spec_with(k_env));
  existed({pod});
  EXPECT_EQ(prove(being_deleted(pod)).verdict, HaltVerdict::not_halted);
  for (const char* phase : {"Running", "Unknown"}) {
    pod["status"] = {{"phase", phase}};
    EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted) << phase;
  }
}

// An init container (a native sidecar runs on) is looked up among its own statuses.
TEST_F(HaltProofTest, InitContainersAreProvenByTheirOwnStatus) {
  Json spec = spec_with(Json::object());
  spec["initContainers"] = Json::array({make_container("init", "init:1")});
  spec["initContainers"][0].update(k_env);
  Json pod = pod_with("old", spec);
  pod["status"]["initContainerStatuses"] = Json::array({running_status("init", "x")});
  pod["status"]["initContainerStatuses"][0]["containerID"] = "containerd://8";
  existed({pod});
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);

  Json restarted = pod;
  restarted["status"]["initContainerStatuses"][0]["containerID"] = "containerd://9";
  start_at(restarted["status"]["initContainerStatuses"][0], "2026-01-02T03:00:06Z");
  EXPECT_EQ(prove(restarted).verdict, HaltVerdict::proven);

  // What ended may have acted on the old value, and the kubelet may have started it again.
  pod["status"]["initContainerStatuses"][0]["state"] = ended_state(0);
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
}

// A pod that does not take the switch needs no proof.
TEST_F(HaltProofTest, OtherPodsAreLeftOut) {
  EXPECT_THAT(prover().prove({pod_with("db", spec_with(Json::object()))}), IsEmpty());
}

// --- Rule T, where the version cannot be read any more

// Both stamps are cut to the second: 1,061 of 1,942 measured proofs by >= were wrong, none by >.
TEST_F(HaltProofTest, ByTimesAPodMustBeStrictlyYounger) {
  expire();
  Json pod = pod_with("p", spec_with(k_env));
  pod["metadata"]["creationTimestamp"] = "2026-01-02T03:00:06Z";
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::proven);
  for (const char* time : {"2026-01-02T03:00:05Z", "2026-01-02T03:00:04Z"}) {
    pod["metadata"]["creationTimestamp"] = time;
    const HaltProof proof = prove(pod);
    EXPECT_EQ(proof.verdict, HaltVerdict::not_halted) << time;
    EXPECT_THAT(proof.reason, AllOf(HasSubstr(time), HasSubstr("2026-01-02T03:00:05Z")));
  }
}

// The latest time of all managers counts, and the creation of the switch does too.
TEST_F(HaltProofTest, ByTimesEveryManagerAndTheCreationCount) {
  expire();
  const Json pod = pod_with("p", spec_with(k_env));  // created at 03:00:09
  object["metadata"]["managedFields"][0]["time"] = "2026-01-02T03:00:09Z";
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
  object["metadata"]["managedFields"][0]["time"] = "2026-01-02T03:00:01Z";
  object["metadata"]["creationTimestamp"] = "2026-01-02T03:00:09Z";
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
}

// Without all times there is no latest one (a second server-side apply leaves none, measured).
TEST_F(HaltProofTest, ByTimesAMissingTimeProvesNothing) {
  expire();
  const Json pod = pod_with("p", spec_with(k_env));
  object["metadata"]["managedFields"][0].erase("time");
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
  EXPECT_THAT(prove(pod).reason, HasSubstr("has no time"));
  for (const Json& fields : {Json::array(), Json(nullptr)}) {
    object["metadata"]["managedFields"] = fields;
    EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
    EXPECT_THAT(prove(pod).reason, HasSubstr("no managedFields"));
  }
}

// A mounted file is waited for by either rule.
TEST_F(HaltProofTest, ByTimesAMountedFileIsWaitedFor) {
  expire();
  object["metadata"].erase("managedFields");
  EXPECT_EQ(prove(pod_with("p", spec_with(k_mount))).verdict, HaltVerdict::waiting);
}

// Admission that changes ConfigMaps flipped the value without moving any time (measured).
TEST_F(HaltProofTest, ByTimesNothingMayChangeConfigMapsOnTheirWayIn) {
  expire();
  const Json pod = pod_with("p", spec_with(k_env));
  const auto webhook_on = [](const char* resource) {
    Json configuration = make_object("admissionregistration.k8s.io/v1", "X", "mutator");
    configuration["webhooks"] = Json::array(
        {{{"name", "a"}, {"rules", Json::array({{{"resources", Json::array({resource})}}})}}});
    return raw_list({configuration}, "1");
  };
  const std::string webhooks = k_admission + "mutatingwebhookconfigurations";
  api.put(webhooks, webhook_on("pods"));
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::proven);
  for (const char* resource : {"configmaps", "*", "*/*"}) {
    api.put(webhooks, webhook_on(resource));
    EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted) << resource;
    EXPECT_THAT(prove(pod).reason, HasSubstr("mutator may change ConfigMaps"));
  }
  Json several = webhook_on("pods");
  several["items"][0]["webhooks"][0]["rules"][0]["resources"].push_back("configmaps");
  api.put(webhooks, several);
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
}

// Policies are v1 on 1.36, and may be served as beta or alpha before.
TEST_F(HaltProofTest, ByTimesNoMutatingPolicyMayChangeConfigMaps) {
  expire();
  const Json pod = pod_with("p", spec_with(k_env));
  Json policy = make_object("admissionregistration.k8s.io/v1", "X", "flipper");
  policy["spec"]["matchConstraints"]["resourceRules"] =
      Json::array({{{"resources", Json::array({"configmaps"})}}});
  for (const char* version : {"v1", "v1beta1", "v1alpha1"}) {
    const std::string path =
        "/apis/admissionregistration.k8s.io/" + std::string(version) + "/mutatingadmissionpolicies";
    api.put(path, raw_list({policy}, "1"));
    EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted) << version;
    EXPECT_THAT(prove(pod).reason, HasSubstr("flipper"));
    api.refuse(path,
               "Error from server (NotFound): the server could not find the requested "
               "resource\n");
    EXPECT_EQ(prove(pod).verdict, HaltVerdict::proven) << "a server without that API";
  }
}

// What cannot be read may be there.
TEST_F(HaltProofTest, ByTimesUnreadableAdmissionProvesNothing) {
  expire();
  const Json pod = pod_with("p", spec_with(k_env));
  api.refuse(k_admission + "mutatingwebhookconfigurations",
             "Error from server (Forbidden): mutatingwebhookconfigurations is forbidden\n");
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
  EXPECT_THAT(prove(pod).reason, HasSubstr("cannot be read"));
}

// --- Which rule is used

// Where rule S can be used, no time is looked at.
TEST_F(HaltProofTest, TimesAreNotReadWhereTheVersionIs) {
  const Json pod = pod_with("new", spec_with(k_env));
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::proven);
  object["metadata"].erase("managedFields");
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::proven);
  EXPECT_THAT(api.reads(), AllOf(Contains(k_at_switch),
                                 testing::Not(Contains(HasSubstr("admissionregistration")))));
}

// Revisions that go backwards, or are no numbers, show several stores behind the server: a version
// of one says nothing about the other.
TEST_F(HaltProofTest, OneCounterForAllKindsIsChecked) {
  Json pod = pod_with("p", spec_with(k_env));
  pod["metadata"]["creationTimestamp"] = "2026-01-02T03:00:05Z";  // no proof by times
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::proven);

  api.on_read = nullptr;
  set_revisions("110", "102");
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
  set_revisions("102", "110");  // and 102 again
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
  for (const char* version : {"opaque", "110x"}) {
    set_revisions("110", version);
    EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted) << version;
  }
  set_revisions("110", "110");
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::proven);
}

// An answer at another version is not the one that was asked for.
TEST_F(HaltProofTest, AnAnswerAtAnotherVersionIsNotUsed) {
  Json pod = pod_with("p", spec_with(k_env));
  pod["metadata"]["creationTimestamp"] = "2026-01-02T03:00:05Z";
  api.put(k_at_switch, raw_list({}, "103"));
  EXPECT_EQ(prove(pod).verdict, HaltVerdict::not_halted);
}

TEST_F(HaltProofTest, WithoutRevisionsThereIsNoProver) {
  api.refuse(k_maps + "?limit=1", "Error from server (Forbidden): configmaps is forbidden\n");
  EXPECT_THROW(prover(), Error);
}

// --- Words that scripts read

TEST(HaltNames, AreStable) {
  EXPECT_EQ(name_of(HaltVerdict::proven), "proven");
  EXPECT_EQ(name_of(HaltVerdict::not_running), "not-running");
  EXPECT_EQ(name_of(HaltVerdict::waiting), "waiting");
  EXPECT_EQ(name_of(HaltVerdict::not_halted), "NOT-HALTED");
}

// --- By exec

// One of each: what the container itself says decides only where the start does not.
TEST_F(HaltProofTest, ByExecAContainerThatReadsOneIsProven) {
  const std::vector<Json> pods = {
      pod_with("variable", spec_with(k_env)), pod_with("mounted", spec_with(k_mount)),
      pod_with("released", spec_with(k_env)), pod_with("distroless", spec_with(k_env))};
  existed(pods);
  auto proofs = prover().prove(pods);
  proofs.push_back(prove(pod_with("young", spec_with(k_env))));
  std::vector<std::string> asked;
  api.on_write = [&](const os::Command& command) {
    const auto words = words_of(command);
    asked.push_back(join(words, " "));
    if (words.at(1) == "released") return succeeded("0\n");
    if (words.at(1) == "distroless") return failed(126, "error: exec: printenv not found\n");
    return succeeded("1\n");
  };
  prove_by_exec(api.kubectl(), proofs);

  EXPECT_THAT(asked, testing::ElementsAre(
                         "exec variable --container web -- printenv EXECUTION_HALTED",
                         "exec mounted --container web -- cat /etc/switch/EXECUTION_HALTED",
                         "exec released --container web -- printenv EXECUTION_HALTED",
                         "exec distroless --container web -- printenv EXECUTION_HALTED"));
  EXPECT_EQ(proofs[0].verdict, HaltVerdict::proven);
  EXPECT_EQ(proofs[1].verdict, HaltVerdict::proven);
  EXPECT_EQ(proofs[2].verdict, HaltVerdict::not_halted);
  EXPECT_THAT(proofs[2].reason, HasSubstr("exec read \"0\""));
  EXPECT_EQ(proofs[3].verdict, HaltVerdict::not_halted);
  EXPECT_THAT(proofs[3].reason, HasSubstr("printenv not found"));
}

// A reply that was cut off, or that holds more than the value, proves nothing.
TEST_F(HaltProofTest, ByExecOnlyAWholeOneCounts) {
  const Json pod = pod_with("old", spec_with(k_env));
  existed({pod});
  const auto before = prover().prove({pod});
  auto cut_off = succeeded("1\n");
  cut_off.timed_out = true;
  for (const auto& answer : {succeeded(""), succeeded("10"), succeeded("1\n1"), succeeded("true"),
                             failed(1, "1"), cut_off}) {
    auto proofs = before;
    api.on_write = [&](const os::Command&) { return answer; };
    prove_by_exec(api.kubectl(), proofs);
    EXPECT_FALSE(proofs[0].holds()) << answer.out;
  }
}

}  // namespace
}  // namespace dr::kube
