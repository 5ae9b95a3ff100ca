#include "common/kube/writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.hpp"
#include "tests/unit/common/kube/api_fixture.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const Json k_deployment = make_object("apps/v1", "Deployment", "web");
const Json k_service = make_object("v1", "Service", "web");
const Json k_config = make_object("v1", "ConfigMap", "b");

os::ProcessResult partly(std::string out, std::string err) {
  os::ProcessResult result = failed(1, std::move(err));
  result.out = std::move(out);
  return result;
}

const ApiError& error_for(const WriteResult& result, const Json& object) {
  return result.errors.at(key_of(object));
}

// --- parse_write

TEST(ParseWrite, AllThatStdoutNamesIsWritten) {
  EXPECT_TRUE(parse_write(succeeded("deployment.apps/web\nservice/web\nconfigmap/b\n"),
                          {k_deployment, k_service, k_config})
                  .ok());
}

// Others are written although one is refused, and the refused one gets its own reason: a conflict
// is retried, anything else is not.
TEST(ParseWrite, GivesEachRefusedObjectItsOwnError) {
  const Json gone = make_object("v1", "ConfigMap", "gone");
  const Json denied = make_object("v1", "ConfigMap", "denied");
  const WriteResult result = parse_write(
      partly("deployment.apps/web\n",
             "Warning: something\n"
             "Error from server (Conflict): error when replacing \"STDIN\": Operation cannot be "
             "fulfilled on configmaps \"b\": the object has been modified; please apply your "
             "changes to the latest version and try again\n"
             "Error from server (NotFound): error when replacing \"STDIN\": configmaps \"gone\" "
             "not found\n"
             "The Service \"web\" is invalid: \n"
             "* spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set\n"
             "* spec.type: Invalid value\n"
             "Error from server (Forbidden): error when replacing \"STDIN\": configmaps \"denied\" "
             "is forbidden: User \"jane\" cannot update resource\n"),
      {k_deployment, k_config, gone, k_service, denied});
  EXPECT_THAT(result.errors, SizeIs(4));
  EXPECT_EQ(error_for(result, k_config).reason, ApiReason::conflict);
  EXPECT_EQ(error_for(result, gone).reason, ApiReason::not_found);
  EXPECT_EQ(error_for(result, k_service).reason, ApiReason::invalid);
  EXPECT_THAT(error_for(result, k_service).text,
              AllOf(HasSubstr("may not change once set"), HasSubstr("spec.type"),
                    Not(HasSubstr("Forbidden"))));
  EXPECT_EQ(error_for(result, denied).reason, ApiReason::forbidden);
}

// Service/web and Deployment/web are different objects, in stdout and in stderr.
TEST(ParseWrite, TellsKindsOfTheSameNameApart) {
  const std::string refusal =
      "Error from server (Conflict): error when replacing \"STDIN\": Operation cannot be fulfilled "
      "on deployments.apps \"web\": the object has been modified\n";
  const WriteResult result =
      parse_write(partly("service/web\n", refusal), {k_deployment, k_service});
  EXPECT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(error_for(result, k_deployment).reason, ApiReason::conflict);

  const WriteResult both =
      parse_write(partly("", "The Service \"web\" is invalid: spec.type: x\n" + refusal),
                  {k_deployment, k_service});
  EXPECT_EQ(error_for(both, k_service).reason, ApiReason::invalid);
  EXPECT_EQ(error_for(both, k_deployment).reason, ApiReason::conflict);
}

// A name that begins with another one is not that one.
TEST(ParseWrite, ComparesWholeNames) {
  const Json longer = make_object("v1", "Service", "web-2");
  const WriteResult result = parse_write(
      partly("service/web\n",
             "Error from server (Conflict): Operation cannot be fulfilled on services \"web-2\"\n"),
      {k_service, longer});
  EXPECT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(error_for(result, longer).reason, ApiReason::conflict);
}

TEST(ParseWrite, KeepsTheLinesOfARefusal) {
  const Json role = make_object("rbac.authorization.k8s.io/v1", "Role", "r");
  const WriteResult result = parse_write(
      partly("configmap/b\n",
             "Error from server (Forbidden): error when replacing \"STDIN\": "
             "roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"dr\" is attempting to "
             "grant RBAC permissions not currently held:\n"
             "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}\n"),
      {role, k_config});
  EXPECT_THAT(result.errors, SizeIs(1));
  EXPECT_THAT(error_for(result, role).text, HasSubstr("Verbs:"));
}

// Server-side apply names the object in another form when it refuses duplicate keys.
TEST(ParseWrite, KnowsTheRefusalsOfServerSideApply) {
  const WriteResult result = parse_write(
      partly("",
             "Error from server: failed to create typed patch object (trading-floor/web; "
             "apps/v1, Kind=Deployment): .spec.template.spec.containers[name=\"a\"].env: "
             "duplicate entries for key [name=\"X\"]\n"
             "The Service \"web\" is invalid: spec.type: x\n"),
      {k_deployment, k_service});
  EXPECT_THAT(error_for(result, k_deployment).text, HasSubstr("duplicate entries"));
  EXPECT_EQ(error_for(result, k_service).reason, ApiReason::invalid);
}

// An object that no error names must not get the error of another one, and be retried for it.
TEST(ParseWrite, NeverGivesAnObjectTheErrorOfAnother) {
  const WriteResult result = parse_write(
      partly("",
             "resource mapping not found for name: \"web\" namespace: \"\" from \"STDIN\": no "
             "matches for kind \"Deployment\" in version \"apps/v1\"\n"
             "Error from server (Conflict): Operation cannot be fulfilled on configmaps \"b\"\n"),
      {k_deployment, k_config});
  EXPECT_EQ(error_for(result, k_deployment).reason, ApiReason::other);
  EXPECT_THAT(error_for(result, k_deployment).text, StartsWith("resource mapping not found"));
  EXPECT_EQ(error_for(result, k_config).reason, ApiReason::conflict);

  const WriteResult unnamed = parse_write(
      partly("",
             "Error from server (Conflict): Operation cannot be fulfilled on configmaps \"b\"\n"),
      {k_deployment, k_config});
  EXPECT_EQ(error_for(unnamed, k_deployment).reason, ApiReason::other);
}

// One cause for all: an absent namespace, a dead connection, a killed child.
TEST(ParseWrite, AnErrorWithoutAnObjectIsEverybodys) {
  const WriteResult absent = parse_write(
      failed(1,
             "Error from server (NotFound): error when creating \"STDIN\": namespaces \"x\" not "
             "found\n"),
      {k_deployment, k_config});
  EXPECT_THAT(absent.errors, SizeIs(2));
  EXPECT_EQ(error_for(absent, k_config).reason, ApiReason::not_found);

  os::ProcessResult late = partly("configmap/b\n", "");
  late.timed_out = true;
  const WriteResult cut = parse_write(late, {k_deployment, k_config});
  EXPECT_THAT(cut.errors, SizeIs(1));
  EXPECT_EQ(error_for(cut, k_deployment).reason, ApiReason::timeout);
}

// An empty stream is rc 0 and silent (measured): silence is never success.
TEST(ParseWrite, SilenceIsNotSuccess) {
  const WriteResult result = parse_write(succeeded(""), {k_config});
  EXPECT_THAT(error_for(result, k_config).text, HasSubstr("did not report it as written"));
}

// --- Writer

class WriterTest : public testing::Test {
 protected:
  WriterTest() {
    api.put(k_switch_path, switch_with("1"));
    api.on_write = [this](const os::Command&) { return answer; };
  }

  Writer writer() { return {api.kubectl(), KillSwitch(api.kubectl()).read_back()}; }

  FakeApi api;
  os::ProcessResult answer = succeeded("configmap/b\nservice/web\n");
};

// Objects go as one JSON document a line, in one process, by verbs and flags that were measured.
TEST_F(WriterTest, SendsDocumentsInOneProcess) {
  EXPECT_TRUE(writer().replace({k_config, k_service}).ok());
  EXPECT_TRUE(writer().apply({k_config}).ok());
  EXPECT_TRUE(writer().create({k_config}).ok());
  ASSERT_THAT(api.writes(), SizeIs(3));
  EXPECT_THAT(words_of(api.writes()[0]),
              ElementsAre("replace", "-f", "-", "--field-manager=agenttrader-dr", "-o", "name"));
  EXPECT_THAT(words_of(api.writes()[1]),
              ElementsAre("apply", "--server-side", "--force-conflicts", "-f", "-",
                          "--field-manager=agenttrader-dr", "-o", "name"));
  EXPECT_THAT(words_of(api.writes()[2]).front(), "create");
  EXPECT_THAT(data::read_json_stream(api.writes()[0].input, "stream"),
              ElementsAre(k_config, k_service));
}

// kubectl takes an empty stream for success, or for an error, by the verb.
TEST_F(WriterTest, AnEmptyListStartsNoProcess) {
  EXPECT_TRUE(writer().replace({}).ok());
  EXPECT_TRUE(writer().apply({}).ok());
  EXPECT_TRUE(writer().create({}).ok());
  EXPECT_THAT(api.writes(), IsEmpty());
}

// Even at "1": only KillSwitch reads it back.
TEST_F(WriterTest, RefusesTheSwitchBeforeItSendsAnything) {
  const Writer writer = this->writer();
  for (const char* value : {"0", "1"}) {
    EXPECT_THROW(writer.replace({k_config, switch_with(value)}), std::logic_error);
    EXPECT_THROW(writer.apply({switch_with(value)}), std::logic_error);
    EXPECT_THROW(writer.create({switch_with(value)}), std::logic_error);
  }
  EXPECT_THAT(api.writes(), IsEmpty());
}

// A proof of one namespace is none for another.
TEST_F(WriterTest, RefusesTheProofOfAnotherNamespace) {
  const Halted halted = KillSwitch(api.kubectl()).read_back();
  FakeProcessRunner runner;
  runner.push(succeeded(data::write_json(kubeconfig_of("prod", "other"))));
  const Kubectl other(runner, os::Environment({}), "/usr/bin/kubectl", {});
  EXPECT_THROW(Writer(other, halted), std::logic_error);
}

// What was looked at is deleted, and no other version or incarnation of it.
TEST_F(WriterTest, RemovesTheVersionThatWasRead) {
  api.on_write = [](const os::Command& command) {
    const std::string path = words_of(command).at(2);
    if (path.ends_with("services/web"))
      return failed(1, "Error from server (Conflict): Operation cannot be fulfilled on services\n");
    if (path.ends_with("configmaps/b"))
      return failed(1, "Error from server (NotFound): configmaps \"b\" not found\n");
    return succeeded("{}");
  };
  const auto result = writer().remove({k_deployment, k_service, k_config});
  EXPECT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(error_for(result, k_service).reason, ApiReason::conflict);
  ASSERT_THAT(api.writes(), SizeIs(3));
  EXPECT_THAT(words_of(api.writes()[0]),
              ElementsAre("delete", "--raw",
                          "/apis/apps/v1/namespaces/trading-floor/deployments/web", "-f", "-"));
  EXPECT_EQ(data::read_json(api.writes()[0].input, "options"),
            (Json{{"apiVersion", "v1"},
                  {"kind", "DeleteOptions"},
                  {"propagationPolicy", "Background"},
                  {"preconditions", {{"uid", "uid-Deployment-web"}, {"resourceVersion", "1"}}}}));
  // Before anything else of the list is sent.
  EXPECT_THROW(writer().remove({k_config, switch_with("1")}), std::logic_error);
  EXPECT_THAT(api.writes(), SizeIs(3));
}

// Notes how many commands are given at once, and how many of them may be at work.
class CountingRunner final : public os::ProcessRunner {
 public:
  void run_each(std::span<const os::Command> commands, std::size_t parallel,
                const os::ResultHandler& on_result) override {
    batches.emplace_back(commands.size(), parallel);
    m_fake.run_each(commands, parallel, on_result);
  }
  void fetch_each(std::span<const os::Fetch> fetches, std::size_t parallel,
                  const os::FollowUp& follow_up, const os::ResultHandler& on_result) override {
    m_fake.fetch_each(fetches, parallel, follow_up, on_result);
  }
  void sleep(Millis duration) override { m_fake.sleep(duration); }
  std::unique_ptr<os::Background> start(os::Command command, os::LineHandler on_line) override {
    return m_fake.start(std::move(command), std::move(on_line));
  }
  void answer_with(const os::ProcessResult& result) {
    m_fake.handler = [=](const auto&) { return result; };
  }
  std::vector<std::pair<std::size_t, std::size_t>> batches;

 private:
  FakeProcessRunner m_fake;
};

// One after the other, thirty extras would hold a restore up for as many processes.
TEST_F(WriterTest, RemovesBesideEachOtherButNotAllAtOnce) {
  CountingRunner runner;
  runner.answer_with(succeeded(data::write_json(kubeconfig_of("prod", "trading-floor"))));
  const Kubectl kubectl(runner, os::Environment({}), "/usr/bin/kubectl", {});
  runner.answer_with(succeeded("{}"));
  runner.batches.clear();
  EXPECT_TRUE(Writer::DryRun(kubectl).remove(std::vector<Json>(30, k_config)).ok());
  EXPECT_THAT(runner.batches, ElementsAre(testing::Pair(30, Kubectl::k_parallel)));
}

// It needs no halt, so nothing that it sends may be without the word that keeps it from being done.
TEST_F(WriterTest, ADryRunSaysSoInEveryCall) {
  const Writer::DryRun tried(api.kubectl());
  tried.replace({k_config});
  tried.apply({k_config});
  tried.create({k_config});
  tried.remove({k_config});
  ASSERT_THAT(api.writes(), SizeIs(4));
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_THAT(words_of(api.writes()[i]), Contains("--dry-run=server"));
  EXPECT_EQ(data::read_json(api.writes()[3].input, "options").at("dryRun"), Json({"All"}));
  EXPECT_THROW(tried.replace({switch_with("1")}), std::logic_error);
}

// A pod that was created anew under the name must survive.
TEST_F(WriterTest, DeletesOneIncarnationOfAPod) {
  answer = succeeded("{}");
  EXPECT_TRUE(writer().delete_pod("web-0", "uid-1"));
  EXPECT_THAT(words_of(api.writes()[0]),
              ElementsAre("delete", "--raw", k_core_path + "pods/web-0", "-f", "-"));
  EXPECT_EQ(data::read_json(api.writes()[0].input, "options").at("preconditions"),
            (Json{{"uid", "uid-1"}}));

  answer = failed(1, "Error from server (NotFound): pods \"web-0\" not found\n");
  EXPECT_TRUE(writer().delete_pod("web-0", "uid-1"));
  answer = failed(
      1,
      "Error from server (Conflict): Operation cannot be fulfilled on pods \"web-0\": the UID in "
      "the precondition (uid-1) does not match the UID in record (uid-2)\n");
  EXPECT_FALSE(writer().delete_pod("web-0", "uid-1"));
  answer = failed(1, "Error from server (Forbidden): pods \"web-0\" is forbidden\n");
  EXPECT_THROW(writer().delete_pod("web-0", "uid-1"), Error);
}

}  // namespace
}  // namespace dr::kube
