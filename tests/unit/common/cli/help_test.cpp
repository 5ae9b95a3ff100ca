#include "common/cli/help.hpp"

#include <gmock/gmock.h>

#include "tests/unit/common/cli/run_fixture.hpp"

namespace dr::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using HelpTest = RunTest;

TEST_F(HelpTest, OfTheRootListsTheVerbs) {
  ASSERT_EQ(run({"--help"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("Keep and restore the last known good.\n"
                                   "\n"
                                   "Safety Commands:\n"
                                   "  status   Show the state\n"
                                   "\n"
                                   "Available Commands:\n"
                                   "  history   The kept ones\n"
                                   "  report    Print the report\n"
                                   "\n"
                                   "Other Commands:\n"
                                   "  completion   Set up the completion of command lines\n"
                                   "  version      Print the version\n"
                                   "  help         Print the help of a command\n"
                                   "\n"
                                   "Usage:\n"));
  EXPECT_THAT(out.str(), HasSubstr("\nUsage:\n"
                                   "  kubectl lkg COMMAND [options]\n"
                                   "\n"
                                   "Use \"kubectl lkg <command> --help\" for more information "
                                   "about a given command.\n"
                                   "Use \"kubectl lkg options\" for a list of options that "
                                   "apply to all commands.\n"));
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
                                   "    --dry-run=false:\n"
                                   "\tChange nothing\n"
                                   "\n"
                                   "    -x, --exclude=[]:\n"
                                   "\tLeave out KIND/NAME\n"
                                   "\n"
                                   "    --keep=30:\n"
                                   "\tHow many to keep\n"
                                   "\n"
                                   "    --wait='5m':\n"
                                   "\tHow long to wait\n"
                                   "\n"
                                   "Usage:\n"
                                   "  kubectl lkg status [ID] [options]\n"
                                   "\n"
                                   "Use \"kubectl lkg options\" for a list of options that "
                                   "apply to all commands.\n"));
  EXPECT_THAT(out.str(), Not(HasSubstr("Commands:")));
}

TEST_F(HelpTest, OfNestedVerbsNamesTheWholePath) {
  ASSERT_EQ(run({"help", "history"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("\n\nAvailable Commands:\n"
                                   "  list   List the kept ones\n"
                                   "  show   Show one\n"));
  EXPECT_THAT(out.str(), HasSubstr("Use \"kubectl lkg history <command> --help\""));
  ASSERT_EQ(run({"history", "show", "-h"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("\nUsage:\n  kubectl lkg history show ID [options]\n"));
  EXPECT_THAT(out.str(), StartsWith("Show one\n\nExamples:\n  # One\n"
                                    "  kubectl lkg history show x -o tree\n\n"
                                    "Options:\n    -o, --output='table':\n"));
}

TEST_F(HelpTest, OfOptionsNamesEveryGlobalFlagOnce) {
  ASSERT_EQ(run({"options"}), ExitCode::ok);
  EXPECT_THAT(out.str(), StartsWith("The following options can be passed to any command:\n"
                                    "\n"
                                    "    --as='':\n"
                                    "\tUser to impersonate"));
  for (const std::string flag :
       {"-n, --namespace='':", "--context='':", "--root='':", "-o, --output='table':",
        "--color='auto':", "--kubectl='':", "-q, --quiet=false:", "-v, --verbose=false:",
        "--version=false:", "-h, --help=false:", "--kubeconfig='':", "--as-group=[]:",
        "-s, --server='':", "--insecure-skip-tls-verify=false:"}) {
    const std::size_t first = out.str().find(flag);
    ASSERT_NE(first, std::string::npos) << flag;
    EXPECT_EQ(out.str().find(flag, first + 1), std::string::npos) << flag;
  }
}

TEST_F(HelpTest, OfOptionsItself) {
  ASSERT_EQ(run({"options", "-h"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("\nExamples:\n  # Which options does every command take?\n"
                                   "  kubectl lkg options\n\nOptions:\n    --as='':\n"));
  EXPECT_EQ(run({"options", "more"}), ExitCode::usage);
}

TEST_F(HelpTest, OfAVerbWithMoreOutputsNamesThem) {
  ASSERT_EQ(run({"report", "-h"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("    -o, --output='md':\n\tForm of the report\n"));
  ASSERT_EQ(run({"history", "-h"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("    -o, --output='table':\n"
                                   "\tForm of the result: json, yaml or table, or tree\n"));
  ASSERT_EQ(run({"status", "-h"}), ExitCode::ok);
  EXPECT_THAT(out.str(), Not(HasSubstr("--output")));
}

TEST_F(HelpTest, WrapsAtEightyColumns) {
  Page page;
  page.name = page.root = "kubectl lkg";
  for (int i = 0; i < 40; ++i) page.description += "word ";
  page.flags = {{"--flag", "''", page.description}};
  page.arguments = {{"ID", page.description}, {"NAME", ""}};
  page.commands = {{"Commands", {{"verb", page.description}}}};
  std::istringstream lines(help_text(page));
  std::size_t full = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t width = line.size() + (line.starts_with('\t') ? 7 : 0);
    EXPECT_LE(width, 80U) << line;
    if (width > 75) ++full;
  }
  EXPECT_GE(full, 8U) << "lines are filled";
  EXPECT_THAT(help_text(page), HasSubstr("\n  NAME\n"));
}

TEST_F(HelpTest, CallsThePluginAsTheUserDoes) {
  terminal.set_program("lkg-of-mine");
  ASSERT_EQ(run({"status", "-h"}), ExitCode::ok);
  EXPECT_THAT(out.str(), HasSubstr("  lkg-of-mine status [ID] [options]\n"));
  EXPECT_THAT(out.str(), HasSubstr("\n  lkg-of-mine status --wait 1m\n"));
  EXPECT_THAT(out.str(), Not(HasSubstr("kubectl lkg")));
}

}  // namespace
}  // namespace dr::cli
