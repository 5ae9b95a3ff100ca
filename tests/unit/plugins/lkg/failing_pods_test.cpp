#include "plugins/lkg/failing_pods.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/lkg/health_cluster.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Json waiting(const std::string& reason) {
  return {{"waiting", {{"reason", reason}}}};
}
Json ended(int code, const std::string& reason) {
  return {{"terminated", {{"exitCode", code}, {"reason", reason}}}};
}
Json status(const std::string& container, const Json& state,
            const Json& last_state = Json::object(), int restarts = 0) {
  return {{"name", container},
          {"ready", false},
          {"state", state},
          {"lastState", last_state},
          {"restartCount", restarts}};
}
Json pod_with(const std::string& name, std::vector<Json> statuses) {
  Json pod = make_object("v1", "Pod", name);
  pod["status"]["containerStatuses"] = std::move(statuses);
  return pod;
}
std::vector<std::string> summary(const FailingPods& failing) {
  std::vector<std::string> lines;
  for (const auto& one : failing.containers)
    lines.push_back(one.pod + " " + one.container + ": " + one.trouble);
  return lines;
}

TEST(FailingPods, AreThoseThatFailedOrCannotBegin) {
  Json well = status("c", {{"running", Json::object()}}, ended(1, "Error"), 1);
  well["ready"] = true;
  const std::vector<Json> pods = {
      pod_with("a-pulls", {status("c", waiting("ImagePullBackOff"))}),
      pod_with("b-begins", {status("c", waiting("ContainerCreating"))}),
      pod_with("c-recovered", {well}),
      pod_with("d-done", {status("c", ended(0, "Completed"))}),
      pod_with("e-crashes", {status("c", waiting("CrashLoopBackOff"), ended(137, "OOMKilled"), 4)}),
      pod_with("f-unready", {status("c", {{"running", Json::object()}}, ended(1, "Error"), 1)})};
  const FailingPods failing = failing_pods(pods, {});
  EXPECT_THAT(summary(failing),
              ElementsAre("e-crashes c: CrashLoopBackOff, exit code 137 (OOMKilled), 4 restarts",
                          "f-unready c: exit code 1, 1 restart", "a-pulls c: ImagePullBackOff"));
  EXPECT_EQ(failing.containers.back().no_log, "it has not run");
}

TEST(FailingPods, HaveTheNewestEventsOfTheirPodAlone) {
  const FailingPods failing = failing_pods(
      {pod_with("a", {status("c", waiting("CrashLoopBackOff"))})},
      {make_event("e1", "a", "2026-01-02T03:00:00Z", "older"),
       make_event("e2", "b", "2026-01-02T03:00:02Z", "another's"),
       make_event("e3", "a", "2026-01-02T03:00:01Z", "postgres://jane:hunter2@db refused")});
  EXPECT_THAT(failing.containers.at(0).events,
              ElementsAre("(left out: it may tell a credential)", "BackOff (x3): older"));
}

TEST(FailingPods, AreCountedBeyondTheFirst) {
  std::vector<Json> pods;
  for (int i = 0; i < 11; ++i)
    pods.push_back(pod_with("p" + std::to_string(i), {status("c", waiting("CrashLoopBackOff"))}));
  const FailingPods failing = failing_pods(pods, {});
  EXPECT_EQ(failing.containers.size(), 8U);
  EXPECT_EQ(failing.not_shown, 3U);
}

class FailingLogs : public testing::Test {
 protected:
  // Each `kubectl logs` is answered with `answer`.
  FailingPods read(const Json& container, const os::ProcessResult& answer) {
    m_runner.handler = [answer](const os::Command& command) {
      return command.args.front() == "config"
                 ? succeeded(R"({"current-context":"","contexts":[],"clusters":[]})")
                 : answer;
    };
    const os::Environment environment({});
    const kube::Kubectl kubectl(m_runner, environment, "/usr/bin/kubectl", {});
    FailingPods failing = failing_pods({pod_with("web-0", {container})}, {});
    read_logs(kubectl, failing);
    return failing;
  }
  const std::vector<std::string>& last_call() const { return m_runner.commands().back().args; }

  FakeProcessRunner m_runner;
};

TEST_F(FailingLogs, AreTheLastLinesWithoutCredentialsOrEscapes) {
  const auto failing =
      read(status("c", waiting("CrashLoopBackOff")),
           succeeded("starting\nDB_PASSWORD=hunter2 given\n\x1b[31mpanic\x1b[0m: no route\n"));
  EXPECT_THAT(failing.containers.at(0).log,
              ElementsAre("starting", "(left out: it may tell a credential)", "panic: no route"));
  EXPECT_THAT(last_call(), testing::Not(testing::Contains("--previous")));
}

// What a container that runs again wrote before it failed is in the log of its run before.
TEST_F(FailingLogs, OfAContainerThatRunsAgainAreThoseOfItsRunBefore) {
  read(status("c", {{"running", Json::object()}}, ended(1, "Error")), succeeded("x\n"));
  EXPECT_THAT(last_call(), testing::Contains("--previous"));
}

TEST_F(FailingLogs, ThatCannotBeReadSayWhy) {
  const auto failing =
      read(status("c", waiting("CrashLoopBackOff")),
           failed(1, "Error from server (Forbidden): pods \"web-0\" is forbidden"));
  EXPECT_THAT(failing.containers.at(0).log, IsEmpty());
  EXPECT_THAT(failing.containers.at(0).no_log, HasSubstr("is forbidden"));
  // A kubelet's words can hold the line that it could not read.
  EXPECT_EQ(read(status("c", waiting("CrashLoopBackOff")),
                 failed(1, "Error from server (BadRequest): bad line \"postgres://a:b@c\""))
                .containers.at(0)
                .no_log,
            "(left out: it may tell a credential)");
  EXPECT_EQ(read(status("c", waiting("CrashLoopBackOff")), succeeded("")).containers.at(0).no_log,
            "it wrote nothing");
}

// A read costs a process: none for what never ran.
TEST_F(FailingLogs, OfWhatNeverRanAreNotAskedFor) {
  read(status("c", waiting("ErrImagePull")), succeeded("x"));
  EXPECT_EQ(last_call().front(), "config");
}

}  // namespace
}  // namespace dr::lkg
