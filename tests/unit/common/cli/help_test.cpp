#include <gmock/gmock.h>

#include "tests/unit/common/cli/run_fixture.hpp"

namespace dr::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

using HelpTest = RunTest;

TEST_F(HelpTest, OfTheRootListsTheVerbs) {
  ASSERT_EQ(run({"--help"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("Keep and restore the last known good.\n"
                                   "\n"
                                   "Available Commands:\n"
                                   "  status       Show the state\n"
                                   "  history      The kept ones\n"
                                   "  report       Print the report\n"
                                   "  completion   Set up the completion of command lines\n"
                                   "  version      Print the version\n"
                                   "  help         Print the help of a command\n"
                                   "\n"
                                   "Global Options:\n"));
  EXPECT_THAT(out.str(), HasSubstr("\nUsage:\n"
                                   "  kubectl lkg COMMAND [options]\n"
                                   "\n"
                                   "Use \"kubectl lkg <command> --help\" for more information "
                                   "about a given command.\n"));
}

TEST_F(HelpTest, OfAVerbHasTheFormOfKubectl) {
  ASSERT_EQ(run({"status", "--help"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("Show the state of everything.\n"
                                   "\n"
                                   "It only reads.\n"
                                   "\n"
                                   "Examples:\n"
                                   "  # Wait for one minute\n"
                                   "  kubectl lkg status --wait 1m\n"
                                   "\n"
                                   "Arguments:\n"
                                   "  ID   Which one, the newest when not given\n"
                                   "\n"
                                   "Options:\n"
                                   "    --wait=5m:\n"
                                   "\tHow long to wait\n"
                                   "\n"
                                   "    --keep=30:\n"
                                   "\tHow many to keep\n"
                                   "\n"
                                   "    --dry-run=false:\n"
                                   "\tChange nothing\n"
                                   "\n"
                                   "    -x, --exclude=[]:\n"
                                   "\tLeave out KIND/NAME\n"
                                   "\n"
                                   "Global Options:\n"));
  EXPECT_THAT(out.str(), HasSubstr("\nUsage:\n  kubectl lkg status [ID] [options]\n"));
  EXPECT_THAT(out.str(), Not(HasSubstr("Available Commands")));
}

TEST_F(HelpTest, OfNestedVerbsNamesTheWholePath) {
  ASSERT_EQ(run({"help", "history"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("The kept ones\n\nAvailable Commands:\n"
                                   "  list   List the kept ones\n"
                                   "  show   Show one\n"));
  EXPECT_THAT(out.str(), HasSubstr("Use \"kubectl lkg history <command> --help\""));
  ASSERT_EQ(run({"history", "show", "-h"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("\nUsage:\n  kubectl lkg history show ID [options]\n"));
}

TEST_F(HelpTest, NamesEveryGlobalFlagOnce) {
  ASSERT_EQ(run({"status", "--help"}), ExitCode::ok);
  for (const std::string flag :
       {"-n, --namespace=", "--context=", "--root=", "-o, --output=", "--color=", "--kubectl=",
        "-q, --quiet", "-v, --verbose", "--version", "-h, --help", "--kubeconfig,", "--as,",
        "--server,"}) {
    const std::size_t first = out.str().find(flag);
    ASSERT_NE(first, std::string::npos) << flag;
    EXPECT_EQ(out.str().find(flag, first + 1), std::string::npos) << flag;
  }
}

TEST_F(HelpTest, FitsEightyColumns) {
  ASSERT_EQ(run({"--help"}), ExitCode::ok);
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST_F(HelpTest, CallsThePluginAsTheUserDoes) {
  terminal.set_program("lkg-of-mine");
  ASSERT_EQ(run({"status", "-h"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("  lkg-of-mine status [ID] [options]\n"));
}

}  // namespace
}  // namespace dr::cli
