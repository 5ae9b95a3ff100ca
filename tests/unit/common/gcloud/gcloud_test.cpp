#include "common/gcloud/gcloud.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "tests/unit/support/fake_process_runner.hpp"

namespace dr::gcloud {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const std::string k_locked = "ERROR: gcloud crashed (OperationalError): database is locked\n";

class GcloudTest : public testing::Test {
 protected:
  Gcloud make() {
    return {runner, environment, "/opt/gcloud",
            [this](const std::string& line) { log.push_back(line); }};
  }

  FakeProcessRunner runner;
  os::Environment environment{{{"HOME", "/home/jane"},
                               {"CLOUDSDK_CONFIG", "/home/jane/cfg"},
                               {"CLOUDSDK_CORE_USER_OUTPUT_ENABLED", "false"},
                               {"CLOUDSDK_AUTH_ACCESS_TOKEN", "t0k3n"}}};
  std::vector<std::string> log;
};

// The user's settings must not ask, hide the output or log headers; his account stays in force.
TEST_F(GcloudTest, ShieldsItsChildrenFromTheUsersSettings) {
  runner.push(succeeded("[]"));
  EXPECT_EQ(make().run({{"version"}, Millis{5'000}}).out, "[]");
  ASSERT_THAT(runner.commands(), SizeIs(1));
  const os::Command& command = runner.commands().front();
  EXPECT_EQ(command.program, "/opt/gcloud");
  EXPECT_THAT(command.args, ElementsAre("version"));
  EXPECT_EQ(command.timeout, Millis{5'000});
  EXPECT_EQ(command.input, "") << "it must not wait for a terminal";
  EXPECT_THAT(
      command.environment,
      AllOf(Contains("CLOUDSDK_CORE_DISABLE_PROMPTS=1"), Contains("CLOUDSDK_CORE_HTTP_TIMEOUT=30"),
            Contains("CLOUDSDK_CORE_USER_OUTPUT_ENABLED=true"),
            Contains("CLOUDSDK_CORE_LOG_HTTP=false"), Contains("CLOUDSDK_CORE_VERBOSITY=warning"),
            Contains("CLOUDSDK_CONFIG=/home/jane/cfg"), Contains("HOME=/home/jane"),
            Contains("CLOUDSDK_AUTH_ACCESS_TOKEN=t0k3n")));
}

TEST_F(GcloudTest, LogsAPasteableLineForEachCall) {
  runner.push(succeeded("[]"));
  make().run({{"artifacts", "--filter=a b"}});
  EXPECT_THAT(log, ElementsAre("/opt/gcloud artifacts '--filter=a b'"));
}

TEST_F(GcloudTest, AnswersKeepTheirOrderAndAFailureHidesNoOther) {
  runner.push(succeeded("1"));
  runner.push(failed(1, "ERROR: (gcloud.a) NOT_FOUND: x"));
  runner.push(succeeded("3"));
  const auto answers = make().run_all(std::vector<Call>{{{"a"}}, {{"b"}}, {{"c"}}});
  ASSERT_THAT(answers, SizeIs(3));
  EXPECT_EQ(answers[0].out, "1");
  EXPECT_EQ(answers[1].error->reason, Reason::not_found);
  EXPECT_EQ(answers[2].out, "3");
}

// Another gcloud on the same configuration holds the lock for a moment only.
TEST_F(GcloudTest, ALockedDatabaseIsTriedAgainTwice) {
  runner.push(succeeded("1"));
  runner.push(failed(1, k_locked));
  runner.push(failed(1, k_locked));
  runner.push(succeeded("2"));
  const auto answers = make().run_all(std::vector<Call>{{{"a"}}, {{"b"}}});
  EXPECT_FALSE(answers[1].error);
  EXPECT_EQ(answers[1].out, "2");
  EXPECT_THAT(runner.sleeps(), SizeIs(2));
  ASSERT_THAT(runner.commands(), SizeIs(4)) << "what had succeeded ran again";
  EXPECT_THAT(runner.commands().back().args, ElementsAre("b"));
}

TEST_F(GcloudTest, ALockedDatabaseIsAnErrorInTheEnd) {
  runner.handler = [](const os::Command&) { return failed(1, k_locked); };
  EXPECT_EQ(make().run({{"a"}}).error->reason, Reason::locked);
  EXPECT_THAT(runner.commands(), SizeIs(3));
}

// A retry of a write, or against a server that asks for less, is for the caller to decide.
TEST_F(GcloudTest, NothingElseIsTriedAgain) {
  for (const char* words : {"UNAVAILABLE: x", "INTERNAL: x", "RESOURCE_EXHAUSTED: x"}) {
    runner.push(failed(1, std::string("ERROR: (gcloud.a) ") + words));
    EXPECT_TRUE(make().run({{"a"}}).error);
  }
  EXPECT_THAT(runner.commands(), SizeIs(3));
  EXPECT_THAT(runner.sleeps(), IsEmpty());
}

TEST_F(GcloudTest, AFailureHasNoOutput) {
  os::ProcessResult result = failed(1, "ERROR: (gcloud.a) INTERNAL: x");
  result.out = "[";
  runner.push(result);
  EXPECT_EQ(make().run({{"a"}}).out, "");
}

// The values are known, so no form of a message can let them through.
TEST_F(GcloudTest, CredentialsOfTheEnvironmentAreMasked) {
  runner.push(failed(1, "ERROR: (gcloud.a) INTERNAL: bad <t0k3n>"));
  EXPECT_EQ(make().run({{"a"}}).error->text, "INTERNAL: bad <***>");
}

TEST_F(GcloudTest, AMissingProgramIsAUsageError) {
  try {
    const Gcloud gcloud(runner, environment, "");
    FAIL() << "made a Gcloud of nothing";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_THAT(error.what(), StartsWith("gcloud not found"));
    EXPECT_THAT(error.next_step(), HasSubstr("--gcloud"));
  }
}

}  // namespace
}  // namespace dr::gcloud
