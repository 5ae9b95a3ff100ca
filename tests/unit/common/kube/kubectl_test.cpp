#include "common/kube/kubectl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "tests/unit/common/kube/api_fixture.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class KubectlTest : public testing::Test {
 protected:
  // A Kubectl whose kubeconfig is in context "prod" unless `config` says otherwise.
  Kubectl connect(const ConnectionFlags& flags = {},
                  os::ProcessResult config =
                      succeeded(data::write_json(kubeconfig_of("prod", "trading-floor")))) {
    runner.push(std::move(config));
    return {runner, environment, "/opt/kubectl", flags,
            [this](const std::string& line) { log.push_back(line); }};
  }

  Error connect_error(const ConnectionFlags& flags, os::ProcessResult config) {
    try {
      connect(flags, std::move(config));
    } catch (const Error& error) {
      return error;
    }
    return {ExitCode::ok, "nothing was thrown"};
  }

  FakeProcessRunner runner;
  os::Environment environment{
      {{"HOME", "/home/jane"}, {"KUBERC", "/home/jane/kuberc"}, {"KUBECTL_EXTERNAL_DIFF", "meld"}}};
  std::vector<std::string> log;
};

// As kubectl prints an empty configuration.
const os::ProcessResult k_no_context = succeeded(
    R"({"kind": "Config", "clusters": null, "users": null, "contexts": null, "current-context": ""})");

// --- The target

TEST_F(KubectlTest, ResolvesTheTargetWithoutTheServer) {
  const Kubectl kubectl = connect();
  EXPECT_EQ(kubectl.target().context, "prod");
  EXPECT_EQ(kubectl.target().cluster, "c1");
  EXPECT_EQ(kubectl.target().user, "jane");
  EXPECT_EQ(kubectl.target().server, "https://10.0.0.1:6443");
  EXPECT_EQ(kubectl.target().ns, "trading-floor");
  ASSERT_THAT(runner.commands(), SizeIs(1));
  EXPECT_THAT(runner.commands()[0].args, ElementsAre("config", "view", "-o", "json"));
}

// Someone may switch the current context, or write another cluster or user under its name, while a
// restore runs: no later call may follow it.
TEST_F(KubectlTest, PinsTheTargetInEveryCall) {
  const Kubectl kubectl = connect();
  runner.handler = [](const os::Command&) { return succeeded("{}"); };
  kubectl.get("/version", "the version");
  kubectl.find("/version", "the version");
  kubectl.get_all(std::vector<std::string>{"/a", "/b"});
  kubectl.read({"get", "secrets", "--no-headers"});
  ASSERT_THAT(runner.commands(), SizeIs(6));
  for (std::size_t i = 1; i < runner.commands().size(); ++i) {
    EXPECT_THAT(runner.commands()[i].args,
                AllOf(Contains("--context=prod"), Contains("--namespace=trading-floor"),
                      Contains(StartsWith("--request-timeout="))));
  }
  EXPECT_THAT(runner.commands().back().args,
              ElementsAre("--context=prod", "--cluster=c1", "--user=jane",
                          "--server=https://10.0.0.1:6443", "--request-timeout=30s",
                          "--namespace=trading-floor", "get", "secrets", "--no-headers"));
}

// --server would clear the name that the kubeconfig has for its certificate.
TEST_F(KubectlTest, PinsTheServersTlsNameWithTheServer) {
  Json config = kubeconfig_of("prod", "trading-floor");
  config["clusters"][0]["cluster"]["tls-server-name"] = "api.example.com";
  const auto last_call = [&](const ConnectionFlags& flags) {
    const Kubectl kubectl = connect(flags, succeeded(data::write_json(config)));
    runner.push(succeeded("{}"));
    kubectl.get("/version", "the version");
    return runner.commands().back().args;
  };
  EXPECT_THAT(last_call({}), Contains("--tls-server-name=api.example.com"));
  EXPECT_THAT(
      last_call({"", "", {"--tls-server-name=x"}}),
      AllOf(Contains("--tls-server-name=x"), Not(Contains("--tls-server-name=api.example.com"))));
  EXPECT_THAT(last_call({"", "", {"--server=https://x"}}),
              Not(Contains(StartsWith("--tls-server-name"))));
}

// A flag overrides a part of the context, for every call and in what is shown.
TEST_F(KubectlTest, FlagsOverrideThePartsOfTheContext) {
  Json config = kubeconfig_of("prod", "trading-floor");
  config["clusters"].push_back({{"name", "c2"}, {"cluster", {{"server", "https://c2"}}}});
  const Kubectl kubectl =
      connect({"", "", {"--cluster=c2", "--user=joe"}}, succeeded(data::write_json(config)));
  EXPECT_EQ(kubectl.target().cluster, "c2");
  EXPECT_EQ(kubectl.target().user, "joe");
  EXPECT_EQ(kubectl.target().server, "https://c2");
  EXPECT_EQ(connect({"", "", {"--server=https://x"}}).target().server, "https://x");
  runner.push(succeeded("{}"));
  kubectl.get("/version", "the version");
  EXPECT_THAT(runner.commands().back().args,
              ElementsAre("--cluster=c2", "--user=joe", "--context=prod", "--server=https://c2",
                          "--request-timeout=30s", "--namespace=trading-floor", "get", "--raw",
                          "/version"));
}

// The user's flags win, and go to every call as they are.
TEST_F(KubectlTest, ForwardsTheUsersFlags) {
  const Kubectl kubectl =
      connect({"other-ns", "staging", {"--kubeconfig=/x", "--as=jane", "--request-timeout=5s"}},
              succeeded(data::write_json(kubeconfig_of("staging", "trading-floor"))));
  EXPECT_EQ(kubectl.target().ns, "other-ns");
  EXPECT_THAT(runner.commands()[0].args,
              AllOf(Contains("--context=staging"), Contains("--kubeconfig=/x")));
  runner.push(succeeded("{}"));
  kubectl.get("/version", "the version");
  EXPECT_THAT(
      runner.commands()[1].args,
      ElementsAre("--kubeconfig=/x", "--as=jane", "--request-timeout=5s", "--context=staging",
                  "--cluster=c1", "--user=jane", "--server=https://10.0.0.1:6443",
                  "--namespace=other-ns", "get", "--raw", "/version"));
}

TEST_F(KubectlTest, NamespaceOfTheContextThenDefault) {
  EXPECT_EQ(connect({}, succeeded(data::write_json(kubeconfig_of("prod", "")))).target().ns,
            "default");
}

// In a pod there is no kubeconfig; kubectl then uses the service account, but not when it is told a
// server, a user or a time limit.
TEST_F(KubectlTest, WorksWithoutACurrentContext) {
  const Kubectl kubectl = connect({"trading-floor", "", {}}, k_no_context);
  EXPECT_EQ(kubectl.target().context, "");
  EXPECT_EQ(kubectl.target().ns, "trading-floor");
  runner.push(succeeded("{}"));
  kubectl.get("/version", "the version");
  EXPECT_THAT(runner.commands()[1].args,
              ElementsAre("--namespace=trading-floor", "get", "--raw", "/version"));
}

// kubectl takes the pod's own namespace there, and a plugin must work on the same one.
TEST_F(KubectlTest, NamespaceOfThePodWithoutAContext) {
  environment = os::Environment(std::map<std::string, std::string>{{"POD_NAMESPACE", "floor"}});
  EXPECT_EQ(connect({}, k_no_context).target().ns, "floor");
  EXPECT_EQ(connect({}, succeeded(data::write_json(kubeconfig_of("prod", "")))).target().ns,
            "default");
}

// A mistyped context must not fall back to any other cluster.
TEST_F(KubectlTest, RefusesAnUnknownContext) {
  const Error error = connect_error(
      {"", "nope", {}}, succeeded(data::write_json(kubeconfig_of("prod", "trading-floor"))));
  EXPECT_EQ(error.code(), ExitCode::failed);
  EXPECT_THAT(error.what(), HasSubstr("no context \"nope\""));
  EXPECT_THAT(error.next_step(), HasSubstr("get-contexts"));
  EXPECT_EQ(connect_error({"", "nope", {}}, k_no_context).code(), ExitCode::failed);
  EXPECT_EQ(connect_error({}, failed(1, "error: error loading config file \"/x\"\n")).code(),
            ExitCode::failed);
  EXPECT_EQ(connect_error({}, succeeded("not json")).code(), ExitCode::failed);
}

// The cause is the program, not the kubeconfig.
TEST_F(KubectlTest, AFlagThatAnOlderKubectlDoesNotKnowIsAUsageError) {
  const Error error =
      connect_error({"", "", {"--as-user-extra=a=b"}},
                    failed(1,
                           "error: unknown flag: --as-user-extra\nSee 'kubectl config view "
                           "--help' for usage.\n"));
  EXPECT_EQ(error.code(), ExitCode::usage);
  EXPECT_STREQ(error.what(), "this kubectl does not know --as-user-extra");
}

TEST_F(KubectlTest, AMissingProgramIsAUsageError) {
  try {
    const Kubectl kubectl(runner, environment, "", {});
    FAIL() << "made a Kubectl of nothing";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_THAT(error.next_step(), HasSubstr("--kubectl"));
  }
  EXPECT_THAT(runner.commands(), IsEmpty());
}

// --- The child

// kuberc can turn a command into a question or change its output; every child is shielded from it,
// and keeps the rest of the user's environment.
TEST_F(KubectlTest, ShieldsItsChildrenFromTheUsersSettings) {
  const Kubectl kubectl = connect();
  runner.push(succeeded("{}"));
  kubectl.get("/version", "the version");
  for (const os::Command& command : runner.commands()) {
    EXPECT_THAT(command.environment, AllOf(Contains("KUBERC=off"), Contains("KUBECTL_KUBERC=false"),
                                           Contains("LC_ALL=C"), Contains("HOME=/home/jane"),
                                           Not(Contains(StartsWith("KUBECTL_EXTERNAL_DIFF")))));
    EXPECT_THAT(command.environment, Not(Contains("KUBERC=/home/jane/kuberc")));
    EXPECT_EQ(command.program, "/opt/kubectl");
    EXPECT_EQ(command.input, "") << "a read must not wait for a terminal";
    EXPECT_GT(command.timeout, Millis{0});
  }
}

// A log is pasted into tickets: it must hold no credential, the command itself must.
TEST_F(KubectlTest, MasksCredentialsInTheLogOnly) {
  const Kubectl kubectl = connect({"", "", {"--token=s3cret", "--password=hunter2", "--as=a b"}});
  runner.push(succeeded("{}"));
  kubectl.get_all(std::vector<std::string>{"/a?b=c&d=e"});
  ASSERT_THAT(log, SizeIs(2));
  EXPECT_THAT(log, Each(AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("hunter2")),
                              HasSubstr("--token=***"), HasSubstr("--password=***"))));
  EXPECT_THAT(log[1], AllOf(StartsWith("/opt/kubectl "), HasSubstr("'--as=a b'"),
                            HasSubstr("'/a?b=c&d=e'")));
  EXPECT_THAT(runner.commands()[1].args, Contains("--token=s3cret"));
}

// kubectl before 1.34 drops the path of the server's URL from a --raw path; a halt behind Rancher
// would be read back from nowhere.
TEST_F(KubectlTest, PutsThePathOfTheServerBeforeRawPathsForAnOlderKubectl) {
  const auto raw_path = [&](const std::string& server, const std::string& minor) {
    Json config = kubeconfig_of("prod", "trading-floor");
    config["clusters"][0]["cluster"]["server"] = server;
    runner.push(succeeded(data::write_json(config)));
    if (!minor.empty())
      runner.push(succeeded(data::write_json({{"clientVersion", {{"minor", minor}}}})));
    const Kubectl kubectl(runner, environment, "/opt/kubectl", {});
    runner.push(succeeded("{}"));
    kubectl.get("/version", "the version");
    return runner.commands().back().args.back();
  };
  EXPECT_EQ(raw_path("https://rancher/k8s/clusters/c-1", "33"), "/k8s/clusters/c-1/version");
  EXPECT_EQ(raw_path("https://rancher/k8s/clusters/c-1/", "32+"), "/k8s/clusters/c-1/version");
  EXPECT_EQ(raw_path("https://rancher/k8s/clusters/c-1", "34"), "/version");
  EXPECT_EQ(raw_path("https://10.0.0.1:6443/", ""), "/version") << "no process more";
}

// --- Answers

// Deprecation warnings come with rc 0.
TEST_F(KubectlTest, WarningsOnStderrAreNoError) {
  const Kubectl kubectl = connect();
  os::ProcessResult result = succeeded(R"({"a": 1})");
  result.err = "Warning: v1 Endpoints is deprecated\nE0102 03:04:05.0 7 memcache.go:265] x\n";
  runner.push(result);
  EXPECT_EQ(kubectl.get("/x", "x"), (Json{{"a", 1}}));
}

// Only NotFound is "not there": any other failure taken for it would capture less, or create what
// exists.
TEST_F(KubectlTest, OnlyNotFoundIsAbsent) {
  const Kubectl kubectl = connect();
  const std::string absent = "Error from server (NotFound): pods \"x\" not found\n";
  runner.push(failed(1, absent));
  EXPECT_EQ(kubectl.find("/x", "Pod/x"), std::nullopt);
  runner.push(failed(1, absent));
  EXPECT_THROW(kubectl.get("/x", "Pod/x"), Error);
  for (const char* words :
       {"Error from server (Forbidden): pods \"x\" is forbidden\n", "error: EOF\n", "",
        "Unable to connect to the server: dial tcp: lookup api: no such host\n"}) {
    runner.push(failed(1, words));
    EXPECT_THROW(kubectl.find("/x", "Pod/x"), Error) << words;
  }
}

// A child that did not end as it should is an error, even with a whole answer on stdout.
TEST_F(KubectlTest, AnAnswerThatMayBeCutIsAnError) {
  const Kubectl kubectl = connect();
  for (bool os::ProcessResult::* flaw :
       {&os::ProcessResult::timed_out, &os::ProcessResult::truncated,
        &os::ProcessResult::pipe_held}) {
    os::ProcessResult result = succeeded("{}");
    result.*flaw = true;
    runner.push(result);
    EXPECT_THROW(kubectl.find("/x", "Pod/x"), Error);
  }
  runner.push(succeeded(R"({"metadata": {)"));
  EXPECT_THROW(kubectl.find("/x", "Pod/x"), Error);
}

TEST_F(KubectlTest, ErrorsSayWhatWasReadAndKubectlsWords) {
  const Kubectl kubectl = connect();
  runner.push(failed(1, "Error from server (Forbidden): pods \"x\" is forbidden\n"));
  try {
    kubectl.get("/x", "Pod/x");
    FAIL() << "a refused read gave a value";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_STREQ(error.what(),
                 "failed to read Pod/x: Error from server (Forbidden): pods \"x\" is forbidden");
  }
}

// Each of many answers belongs to its path, and a refused one hides no other.
TEST_F(KubectlTest, ManyAnswersKeepTheirOrder) {
  const Kubectl kubectl = connect();
  runner.push(succeeded(R"({"n": 1})"));
  runner.push(failed(1, "Error from server (Forbidden): x\n"));
  runner.push(succeeded(R"({"n": 3})"));
  const auto replies = kubectl.get_all(std::vector<std::string>{"/a", "/b", "/c"});
  ASSERT_THAT(replies, SizeIs(3));
  EXPECT_EQ(replies[0].value, (Json{{"n", 1}}));
  ASSERT_TRUE(replies[1].error);
  EXPECT_EQ(replies[1].error->reason, ApiReason::forbidden);
  EXPECT_EQ(replies[2].value, (Json{{"n", 3}}));
  EXPECT_THAT(runner.commands()[3].args.back(), "/c");
}

// --- The proxy (docs/adr/0004-read-through-a-proxy.md)

TEST_F(KubectlTest, ReadsThroughTheProxyOnceItIsOpen) {
  runner.serves_proxies = true;
  const Kubectl kubectl = connect();
  kubectl.open_proxy();
  runner.push(succeeded(R"({"n": 1})"));
  runner.push(succeeded(R"({"n": 2})"));
  const auto replies = kubectl.get_all(std::vector<std::string>{"/a", "/b"});
  EXPECT_EQ(replies[0].value, (Json{{"n", 1}}));
  EXPECT_EQ(replies[1].value, (Json{{"n", 2}}));
  ASSERT_THAT(runner.fetches(), SizeIs(2));
  EXPECT_EQ(runner.fetches()[1].target, "/b");
  EXPECT_THAT(runner.commands(), SizeIs(1));  // the kubeconfig
  EXPECT_THAT(log.back(), testing::EndsWith("get --raw /b  # through the proxy"));
}

// Every word of an error, and what it is taken for, stays kubectl's.
TEST_F(KubectlTest, AsksKubectlItselfForWhatTheProxyRefuses) {
  runner.serves_proxies = true;
  const Kubectl kubectl = connect();
  kubectl.open_proxy();
  runner.push(succeeded("{}"));
  runner.push(failed(403, ""));
  runner.push(succeeded(R"({"cut)"));
  runner.push(failed(1, "Error from server (Forbidden): x\n"));
  runner.push(succeeded(R"({"cut": "off"})"));
  const auto replies = kubectl.get_all(std::vector<std::string>{"/a", "/b", "/c"});
  EXPECT_FALSE(replies[0].error);
  ASSERT_TRUE(replies[1].error);
  EXPECT_EQ(replies[1].error->reason, ApiReason::forbidden);
  EXPECT_EQ(replies[2].value, (Json{{"cut", "off"}}));
  ASSERT_THAT(runner.commands(), SizeIs(3));
  EXPECT_EQ(runner.commands()[1].args.back(), "/b");

  runner.push(succeeded("{}"));
  kubectl.get("/d", "d");  // a refusal is no reason to give the proxy up
  EXPECT_THAT(runner.fetches(), SizeIs(4));
}

TEST_F(KubectlTest, TakesTheProxysWordForWhatIsNotThere) {
  runner.serves_proxies = true;
  const Kubectl kubectl = connect();
  kubectl.open_proxy();
  os::ProcessResult missing = failed(404, "");
  missing.out = R"({"kind": "Status", "reason": "NotFound", "message": "pods \"x\" not found"})";
  runner.push(missing);
  missing.out = "404 page not found\n";
  runner.push(missing);
  const auto replies = kubectl.get_all(std::vector<std::string>{"/pods/x", "/apis/none"});
  ASSERT_TRUE(replies[0].error && replies[1].error);
  EXPECT_EQ(replies[0].error->reason, ApiReason::not_found);
  EXPECT_EQ(replies[0].error->text, "Error from server (NotFound): pods \"x\" not found");
  EXPECT_EQ(replies[1].error->text,
            "Error from server (NotFound): the server could not find the requested resource");
  EXPECT_THAT(runner.commands(), SizeIs(1));
}

// A version that is compacted away is no failure: whoever asked for it reads anew.
TEST_F(KubectlTest, TakesTheProxysWordForAVersionThatIsGone) {
  runner.serves_proxies = true;
  const Kubectl kubectl = connect();
  kubectl.open_proxy();
  os::ProcessResult gone = failed(410, "");
  gone.out = R"({"kind": "Status", "reason": "Expired", "message": "too old resource version"})";
  runner.push(gone);
  const auto replies = kubectl.get_all(std::vector<std::string>{"/pods?resourceVersion=1"});
  ASSERT_TRUE(replies[0].error);
  EXPECT_EQ(replies[0].error->reason, ApiReason::expired);
  EXPECT_EQ(replies[0].error->text, "Error from server (Expired): too old resource version");
  EXPECT_THAT(runner.commands(), SizeIs(1));
}

// A page of a load balancer, or of the proxy, is no word of the API server's.
TEST_F(KubectlTest, AsksKubectlItselfWhenA404IsNotTheApiServers) {
  runner.serves_proxies = true;
  const Kubectl kubectl = connect();
  kubectl.open_proxy();
  for (const char* body : {"", "<html>404</html>", "{}", R"({"kind": "Status"})",
                           R"({"kind": "Status", "reason": "Expired", "message": "x"})"}) {
    os::ProcessResult missing = failed(404, "");
    missing.out = body;
    runner.push(missing);
    runner.push(succeeded("{}"));
    EXPECT_TRUE(kubectl.find("/pods/x", "x")) << body;
  }
}

// Reads a long list through the proxy.
Reply long_list(const Kubectl& kubectl) {
  kubectl.open_proxy();
  Get get{"/pods", {}, true};
  get.limits.on_item = [](Json& item) { item["seen"] = true; };
  Reply reply;
  kubectl.get_each({&get, 1}, [&](std::size_t, Reply one) { reply = std::move(one); });
  return reply;
}

const std::string k_one_item = R"({"items": [{"n": 1}]})";

// Its text is never whole; each item is changed as soon as it is there.
TEST_F(KubectlTest, ReadsALongListWhileItComes) {
  runner.serves_proxies = true;
  const Kubectl kubectl = connect();
  runner.push(succeeded(k_one_item));
  const Reply reply = long_list(kubectl);
  ASSERT_FALSE(reply.error);
  EXPECT_EQ(reply.value, Json::parse(R"({"items": [{"n": 1, "seen": true}]})"));
  ASSERT_THAT(runner.fetches(), SizeIs(1));
  EXPECT_TRUE(runner.fetches().front().on_body);
  EXPECT_THAT(runner.commands(), SizeIs(1));
}

// Nothing of the answer that broke off may be in the one that counts.
TEST_F(KubectlTest, AsksKubectlForALongListThatIsNoneThroughTheProxy) {
  runner.serves_proxies = true;
  const Kubectl kubectl = connect();
  for (const char* text : {R"({"items": [{"n": 2}, {"n")", R"({"items": [{"n": 2}]} x)",
                           R"({"items": [{"n": 2, "n": 3}]})"}) {
    runner.push(succeeded(text));
    runner.push(succeeded(k_one_item));
    const Reply reply = long_list(kubectl);
    ASSERT_FALSE(reply.error) << text;
    EXPECT_EQ(reply.value, Json::parse(R"({"items": [{"n": 1, "seen": true}]})")) << text;
    EXPECT_EQ(words_of(runner.commands().back()).back(), "/pods");
  }
}

// What a list is found to be asked for with need not wait for its end.
TEST_F(KubectlTest, AsksForMoreBecauseOfHowAnAnswerBegins) {
  runner.serves_proxies = true;
  const Kubectl kubectl = connect();
  kubectl.open_proxy();
  runner.push(succeeded(R"({"n": 0})"));
  runner.push(failed(-1, "no answer"));
  runner.push(succeeded(R"({"n": 2})"));
  runner.push(succeeded(R"({"n": 1})"));
  const Get first{"/a"};
  std::map<std::size_t, Json> values;
  kubectl.get_each(
      {&first, 1}, [&](std::size_t index, Reply reply) { values[index] = reply.value; },
      [](std::size_t index, std::string_view head) {
        EXPECT_THAT(head, testing::StartsWith(R"({"n": )"));
        return index == 0 ? std::vector<Get>{{"/b"}, {"/c"}} : std::vector<Get>{};
      });
  for (int n = 0; n < 3; ++n) EXPECT_EQ(values[static_cast<std::size_t>(n)], (Json{{"n", n}}));
  EXPECT_EQ(words_of(runner.commands().back()).back(), "/b");
}

TEST_F(KubectlTest, GivesTheProxyUpWhenItDoesNotAnswer) {
  runner.serves_proxies = true;
  const Kubectl kubectl = connect();
  kubectl.open_proxy();
  runner.push(failed(-1, "no answer"));
  for (int i = 0; i < 2; ++i) runner.push(succeeded("{}"));
  kubectl.get("/a", "a");
  kubectl.get("/b", "b");
  EXPECT_THAT(runner.fetches(), SizeIs(1));
  EXPECT_THAT(runner.commands(), SizeIs(3));
}

TEST_F(KubectlTest, ReadsByProcessesWhenThereIsNoProxy) {
  const Kubectl kubectl = connect();
  kubectl.open_proxy();
  runner.push(succeeded("{}"));
  kubectl.get("/a", "a");
  EXPECT_THAT(runner.fetches(), IsEmpty());
  EXPECT_THAT(runner.commands(), SizeIs(2));
}

// It would send the requests to the server's root.
TEST_F(KubectlTest, OpensNoProxyToAServerWhoseUrlHasAPath) {
  runner.serves_proxies = true;
  Json config = kubeconfig_of("prod", "trading-floor");
  config["clusters"][0]["cluster"]["server"] = "https://rancher.example.com/k8s/clusters/c-1";
  runner.push(succeeded(data::write_json(config)));
  runner.push(succeeded(R"({"clientVersion": {"minor": "36"}})"));
  const Kubectl kubectl(runner, environment, "/opt/kubectl", {});
  kubectl.open_proxy();
  runner.push(succeeded("{}"));
  kubectl.get("/a", "a");
  EXPECT_THAT(runner.fetches(), IsEmpty());
}

TEST(ReadProxyTest, RefusesEveryMethodThatWrites) {
  EXPECT_THAT(ReadProxy::arguments("/run/x/api"),
              ElementsAre("proxy", "--unix-socket=/run/x/api",
                          "--reject-methods=^(POST|PUT|PATCH|DELETE)$"));
}

}  // namespace
}  // namespace dr::kube
