#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "common/base/error.hpp"
#include "tests/unit/common/cli/run_fixture.hpp"

namespace dr::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using RunMainTest = RunTest;

TEST_F(RunMainTest, ReturnsWhatTheVerbReturns) {
  for (const ExitCode code : {ExitCode::ok, ExitCode::failed, ExitCode::unsafe}) {
    body = [code] { return code; };
    EXPECT_EQ(run({"status"}), code);
  }
  EXPECT_EQ(err.str(), "");
}

TEST_F(RunMainTest, TurnsErrorsIntoOneLineAndTheNextStep) {
  body = []() -> ExitCode { throw Error(ExitCode::integrity, "the LKG is cut off", "run verify"); };
  EXPECT_EQ(run({"status"}), ExitCode::integrity);
  EXPECT_EQ(err.str(), "kubectl lkg: error: the LKG is cut off\nrun verify\n");
}

TEST_F(RunMainTest, TurnsSignalsIntoTheirExitCodes) {
  body = []() -> ExitCode { throw Interrupted{SIGTERM}; };
  EXPECT_EQ(run({"status"}), ExitCode::terminated);
  EXPECT_EQ(err.str(), "kubectl lkg: error: interrupted by SIGTERM\n");
  body = []() -> ExitCode { throw Interrupted{SIGINT}; };
  EXPECT_EQ(run({"status"}), ExitCode::interrupted);
}

TEST_F(RunMainTest, CallsEverythingElseAnInternalError) {
  body = []() -> ExitCode { throw std::logic_error("no such row"); };
  EXPECT_EQ(run({"status"}), ExitCode::failed);
  EXPECT_THAT(err.str(), StartsWith("kubectl lkg: error: internal error: no such row\n"));
  body = []() -> ExitCode { throw std::bad_alloc(); };
  EXPECT_EQ(run({"status"}), ExitCode::failed);
  EXPECT_THAT(err.str(), StartsWith("kubectl lkg: error: internal error: out of memory\n"));
}

TEST_F(RunMainTest, FailsWhenTheResultCouldNotBeWritten) {
  body = [this] {
    out.setstate(std::ios::badbit);
    return ExitCode::ok;
  };
  EXPECT_EQ(run({"status"}), ExitCode::failed);
  EXPECT_THAT(err.str(), HasSubstr("failed to write the result"));
  body = [] { return ExitCode::incomplete; };
  EXPECT_EQ(run({"status"}), ExitCode::incomplete);
}

TEST_F(RunMainTest, SuggestsAVerb) {
  EXPECT_EQ(run({"-n", "prod", "statsu"}), ExitCode::usage);
  EXPECT_EQ(err.str(),
            "kubectl lkg: error: unknown command \"statsu\" for \"kubectl lkg\"\n"
            "did you mean \"status\"? see 'kubectl lkg --help'\n");
  EXPECT_EQ(run({"history", "shwo"}), ExitCode::usage);
  EXPECT_THAT(err.str(), HasSubstr("unknown command \"shwo\" for \"kubectl lkg history\""));
  EXPECT_EQ(run({""}), ExitCode::usage);
}

TEST_F(RunMainTest, SuggestsAFlagAndNeverRepeatsItsValue) {
  EXPECT_EQ(run({"status", "--tokem=hunter2"}), ExitCode::usage);
  EXPECT_EQ(err.str(),
            "kubectl lkg: error: unknown flag --tokem\n"
            "did you mean \"--token\"? see 'kubectl lkg status --help'\n");
  EXPECT_EQ(run({"--wiat", "1m", "status"}), ExitCode::usage);
  EXPECT_EQ(run({"status", "-Z"}), ExitCode::usage);
  EXPECT_THAT(err.str(), HasSubstr("unknown flag -Z\nsee 'kubectl lkg status --help'"));
}

TEST_F(RunMainTest, CallsWhatTheParserRefusesWrongUsage) {
  const std::vector<std::vector<std::string>> wrong{
      {"status", "a", "b"},           // one argument too many
      {"status", "--keep", "many"},   // not a number
      {"status", "--wait"},           // no value
      {"status", "--dry-run="},       // an empty one
      {"status", "--dry-run=maybe"},  // neither true nor false
      {"history", "show"},            // no ID
      {"history"},                    // no nested verb
      {"-n", "prod"},                 // no verb
      {"--", "status"},
      {"version", "status"},
  };
  for (const auto& args : wrong) {
    EXPECT_EQ(run(args), ExitCode::usage) << testing::PrintToString(args);
    EXPECT_THAT(err.str(), StartsWith("kubectl lkg: error: "));
    EXPECT_THAT(err.str(), HasSubstr("\nsee 'kubectl lkg"));
    EXPECT_EQ(out.str(), "");
  }
}

TEST_F(RunMainTest, NamesTheArgumentThatIsTooMany) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{"status", "a", "b"},
                                               {"status", "--", "a", "b"},
                                               {"report", "b"},
                                               {"report", "--", "b"}}) {
    EXPECT_EQ(run(args), ExitCode::usage);
    EXPECT_THAT(err.str(), HasSubstr("unexpected argument \"b\"")) << testing::PrintToString(args);
  }
}

TEST_F(RunMainTest, TakesTheNameOfAVerbAsAnArgument) {
  for (const char* id : {"list", "status", "help"}) {
    ASSERT_EQ(run({"history", "show", id}), ExitCode::ok);
    EXPECT_EQ(shown_id, id);
  }
}

TEST_F(RunMainTest, WithoutArgumentsPrintsHelp) {
  EXPECT_EQ(run({}), ExitCode::ok);
  EXPECT_THAT(out.str(), StartsWith("Keep and restore the last known good.\n"));
}

TEST_F(RunMainTest, HelpRunsNothingWhereverItStands) {
  body = []() -> ExitCode { throw std::logic_error("it ran"); };
  ASSERT_EQ(run({"status", "--help"}), ExitCode::ok);
  const std::string page = out.str();
  EXPECT_EQ(err.str(), "");
  const std::vector<std::vector<std::string>> forms{{"status", "-h", "--keep", "many"},
                                                    {"--help", "status"},
                                                    {"help", "status"},
                                                    {"-n", "prod", "help", "status"},
                                                    {"status", "a", "b", "-h", "--version"}};
  for (const auto& args : forms) {
    EXPECT_EQ(run(args), ExitCode::ok) << testing::PrintToString(args);
    EXPECT_EQ(out.str(), page);
  }
  EXPECT_EQ(run({"help", "nope"}), ExitCode::usage);
  EXPECT_EQ(run({"status", "--wait", "-h"}), ExitCode::failed) << "a value, not the flag";
}

TEST_F(RunMainTest, PrintsTheVersion) {
  const std::string text = "kubectl-lkg " + version() + "\n";
  EXPECT_THAT(version(), testing::MatchesRegex("v[0-9]+\\.[0-9]+\\.[0-9]+"));
  for (const char* form : {"--version", "version"}) {
    EXPECT_EQ(run({form}), ExitCode::ok);
    EXPECT_EQ(out.str(), text);
  }
  EXPECT_EQ(run({"version", "-o", "json"}), ExitCode::ok);
  EXPECT_EQ(out.str(),
            "{\n"
            "  \"apiVersion\": \"dr.agenttrader.dev/v1\",\n"
            "  \"kind\": \"Version\",\n"
            "  \"name\": \"kubectl-lkg\",\n"
            "  \"version\": \"" +
                version() + "\"\n}\n");
  EXPECT_EQ(run({"version", "-o", "yaml"}), ExitCode::ok);
  EXPECT_THAT(out.str(), StartsWith("apiVersion: dr.agenttrader.dev/v1\nkind: Version\n"));
}

// The process itself: what run() leaves to run_main().
[[noreturn]] void exit_from_main(std::string argv0, std::string arg) {
  std::array<char*, 3> argv{argv0.data(), arg.data(), nullptr};
  std::exit(run_main(2, argv.data(), Program{"lkg", "Keep the last known good.", {}}));
}

TEST(RunMainDeathTest, ShowsTheNameItWasCalledBy) {
  EXPECT_EXIT(exit_from_main("/bin/kubectl-lkg", "x"), testing::ExitedWithCode(2),
              "kubectl lkg: error: unknown command \"x\" for \"kubectl lkg\"");
  EXPECT_EXIT(exit_from_main("./restore", "x"), testing::ExitedWithCode(2),
              "restore: error: unknown command \"x\" for \"restore\"");
}

TEST(RunMainDeathTest, FailsOnAFullDisk) {
  EXPECT_EXIT(
      {
        if (std::freopen("/dev/full", "w", stdout) == nullptr) std::exit(99);
        exit_from_main("kubectl-lkg", "version");
      },
      testing::ExitedWithCode(1), "kubectl lkg: error: failed to write the result");
}

TEST(RunMainDeathTest, FailsOnAClosedStdout) {
  EXPECT_EXIT(
      {
        ::close(STDOUT_FILENO);
        exit_from_main("kubectl-lkg", "version");
      },
      testing::ExitedWithCode(1), "kubectl lkg: error: failed to write the result");
}

}  // namespace
}  // namespace dr::cli
