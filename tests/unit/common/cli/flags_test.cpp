#include <gmock/gmock.h>

#include "tests/unit/common/cli/run_fixture.hpp"

namespace dr::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using FlagsTest = RunTest;

TEST_F(FlagsTest, AreTakenBeforeAndAfterTheVerb) {
  ASSERT_EQ(run({"-n", "prod", "--context=blue", "status", "-s", "https://x", "-v"}), ExitCode::ok);
  EXPECT_EQ(given.connection.ns, "prod");
  EXPECT_EQ(given.connection.context, "blue");
  EXPECT_THAT(given.connection.others, ElementsAre("--server=https://x"));
  EXPECT_TRUE(given.verbose);
  ASSERT_EQ(run({"history", "show", "a", "-n", "prod"}), ExitCode::ok);
  EXPECT_EQ(given.connection.ns, "prod");
}

TEST_F(FlagsTest, OfKubectlAreAllForwarded) {
  std::vector<std::string> args{"status"};
  std::vector<std::string> expected;
  for (const char* name :
       {"as", "as-group", "as-uid", "as-user-extra", "cache-dir", "certificate-authority",
        "client-certificate", "client-key", "cluster", "kubeconfig", "password", "request-timeout",
        "server", "tls-server-name", "token", "user", "username"}) {
    args.push_back(std::string("--") + name);
    args.push_back(std::string("-value of ") + name);
    expected.push_back(std::string("--") + name + "=-value of " + name);
  }
  ASSERT_EQ(run(args), ExitCode::ok);
  EXPECT_THAT(given.connection.others, testing::UnorderedElementsAreArray(expected));
}

TEST_F(FlagsTest, TheLastOneWinsAndListsKeepAll) {
  ASSERT_EQ(run({"-n", "a", "--as=x", "status", "--as", "y", "-nb", "--as-group", "g", "--as-group",
                 "h", "-o", "yaml", "-ojson"}),
            ExitCode::ok);
  EXPECT_EQ(given.connection.ns, "b");
  EXPECT_EQ(given.output, "json");
  EXPECT_THAT(given.connection.others, ElementsAre("--as=y", "--as-group=g", "--as-group=h"));
}

TEST_F(FlagsTest, SwitchesOfKubectlAreForwardedWithTheirValue) {
  ASSERT_EQ(run({"status", "--insecure-skip-tls-verify", "--disable-compression=false"}),
            ExitCode::ok);
  EXPECT_THAT(given.connection.others,
              ElementsAre("--disable-compression=false", "--insecure-skip-tls-verify=true"));
  EXPECT_EQ(run({"status", "--insecure-skip-tls-verify=maybe"}), ExitCode::usage);
}

TEST_F(FlagsTest, AreReadAsPflagReadsThem) {
  ASSERT_EQ(run({"status", "-n=prod", "-qv", "--kubeconfig=", "--token", "--wait", "-x", "status",
                 "-x=b", "--exclude", "[c,d]", "ID1"}),
            ExitCode::ok);
  EXPECT_EQ(given.connection.ns, "prod");
  EXPECT_THAT(given.connection.others, ElementsAre("--kubeconfig=", "--token=--wait"));
  EXPECT_THAT(status.exclude, ElementsAre("status", "b", "[c,d]"));
  EXPECT_EQ(status.id, "ID1");
  EXPECT_EQ(status.wait, "5m");
}

TEST_F(FlagsTest, OfAVerbTakeTheLastValueAndWordsAfterTheMarkAreNoFlags) {
  ASSERT_EQ(run({"status", "--keep", "1", "--keep=2", "--dry-run", "--dry-run=false", "--", "-x"}),
            ExitCode::ok);
  EXPECT_EQ(status.keep, 2);
  EXPECT_FALSE(status.dry_run);
  EXPECT_EQ(status.id, "-x");
}

TEST_F(FlagsTest, NamespaceMustBeADnsLabel) {
  for (const char* name : {"", "Prod", "a.b", "-a", "a/b"}) {
    EXPECT_EQ(run({"status", std::string("--namespace=") + name}), ExitCode::usage) << name;
    EXPECT_THAT(err.str(), HasSubstr("invalid namespace"));
  }
  EXPECT_EQ(run({"status", "--context", ""}), ExitCode::usage);
}

TEST_F(FlagsTest, OutputIsOneOfThreeForms) {
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_EQ(given.output, "table");
  EXPECT_EQ(run({"status", "-o", "xml"}), ExitCode::usage);
  EXPECT_THAT(err.str(), HasSubstr("unable to match a printer suitable for the output format "
                                   "\"xml\", allowed formats are: json, yaml, table"));
}

TEST_F(FlagsTest, AVerbMayHaveAnOutputOfItsOwn) {
  ASSERT_EQ(run({"report", "-o", "html"}), ExitCode::ok);
  EXPECT_EQ(report_format, "html");
  EXPECT_EQ(given.output, "table");
  EXPECT_EQ(run({"report", "-o", "yaml"}), ExitCode::usage);
}

TEST_F(FlagsTest, ColorIsOneOfThreeModes) {
  ASSERT_EQ(run({"status", "--color=always"}), ExitCode::ok);
  EXPECT_TRUE(terminal.out_color());
  ASSERT_EQ(run({"--color", "never", "status"}), ExitCode::ok);
  EXPECT_FALSE(terminal.out_color());
  EXPECT_EQ(run({"status", "--color=blue"}), ExitCode::usage);
}

TEST_F(FlagsTest, QuietSilencesInfo) {
  body = [this] {
    terminal.info("progress");
    return ExitCode::ok;
  };
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_EQ(err.str(), "progress\n");
  ASSERT_EQ(run({"status", "-q"}), ExitCode::ok);
  EXPECT_EQ(err.str(), "");
}

TEST_F(FlagsTest, RootIsMadeAbsoluteAndMustBeADirectory) {
  fs::create_directories(directory / "sub");
  ASSERT_EQ(run({"status", "--root", "sub/../sub"}), ExitCode::ok);
  EXPECT_EQ(given.root, directory / "sub");
  EXPECT_EQ(run({"status", "--root", "missing"}), ExitCode::usage);
  EXPECT_EQ(run({"status", "--root="}), ExitCode::usage);
}

TEST_F(FlagsTest, RootIsFoundFromTheCurrentDirectory) {
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_EQ(given.root, directory);
}

TEST_F(FlagsTest, KubectlIsFoundInOrder) {
  for (const char* name : {"kubectl", "by-flag", "by-name", "by-path"}) {
    make_executable(directory / name);
  }
  variables["PATH"] = directory.string();
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_EQ(given.kubectl, directory / "kubectl");
  variables["KUBECTL_PATH"] = (directory / "by-path").string();
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_EQ(given.kubectl, directory / "by-path");
  variables["KUBECTL"] = "by-name";
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_EQ(given.kubectl, directory / "by-name");
  ASSERT_EQ(run({"status", "--kubectl", "by-flag"}), ExitCode::ok);
  EXPECT_EQ(given.kubectl, directory / "by-flag");
}

TEST_F(FlagsTest, KubectlThatIsNamedMustBeThere) {
  EXPECT_EQ(run({"status", "--kubectl=/missing/kubectl"}), ExitCode::usage);
  EXPECT_THAT(err.str(), HasSubstr("--kubectl names \"/missing/kubectl\""));
  variables["KUBECTL"] = "/missing/k";
  EXPECT_EQ(run({"status"}), ExitCode::usage);
  EXPECT_THAT(err.str(), HasSubstr("$KUBECTL names \"/missing/k\""));
}

TEST_F(FlagsTest, GcloudIsFoundInOrder) {
  for (const char* name : {"gcloud", "by-flag", "by-name"}) make_executable(directory / name);
  variables["PATH"] = directory.string();
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_EQ(given.gcloud, directory / "gcloud");
  variables["GCLOUD"] = "by-name";
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_EQ(given.gcloud, directory / "by-name");
  ASSERT_EQ(run({"status", "--gcloud", "by-flag"}), ExitCode::ok);
  EXPECT_EQ(given.gcloud, directory / "by-flag");
}

TEST_F(FlagsTest, GcloudThatIsNamedMustBeThere) {
  EXPECT_EQ(run({"status", "--gcloud=/missing/gcloud"}), ExitCode::usage);
  EXPECT_THAT(err.str(), HasSubstr("--gcloud names \"/missing/gcloud\""));
}

// A halt needs no gcloud, so a wrong variable must not stop it; a verb that runs it fails by name,
// not with another gcloud.
TEST_F(FlagsTest, AWrongVariableForGcloudIsForTheVerbToTell) {
  make_executable(directory / "gcloud");
  variables["PATH"] = directory.string();
  variables["GCLOUD"] = "/missing/g";
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_EQ(given.gcloud, "/missing/g");
}

TEST_F(FlagsTest, NoProgramAtAllIsForTheVerbToTell) {
  variables["PATH"] = directory.string();
  ASSERT_EQ(run({"status"}), ExitCode::ok);
  EXPECT_THAT(given.kubectl.string(), IsEmpty());
  EXPECT_THAT(given.gcloud.string(), IsEmpty());
}

using FindRootTest = RunTest;

TEST_F(FindRootTest, PrefersOpsLkgOverANearerGit) {
  fs::create_directories(directory / "ops/lkg");
  fs::create_directories(directory / "a/.git");
  fs::create_directories(directory / "a/b");
  EXPECT_EQ(find_root(directory / "a/b"), directory);
}

TEST_F(FindRootTest, TakesTheGitTopLevelNext) {
  fs::create_directories(directory / "a/b");
  std::ofstream(directory / ".git") << "gitdir: elsewhere\n";  // a worktree
  EXPECT_EQ(find_root(directory / "a/b"), directory);
}

TEST_F(FindRootTest, StaysWhereItIsOtherwise) {
  EXPECT_EQ(find_root(directory), directory);
}

}  // namespace
}  // namespace dr::cli
