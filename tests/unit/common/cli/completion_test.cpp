#include <gmock/gmock.h>

#include <utility>

#include "common/base/error.hpp"
#include "tests/unit/common/cli/run_fixture.hpp"

// The protocol of kubectl's plugin completion: candidates, then ":" and cobra's directive (4 no
// files, 0 files, 16 directories).
namespace dr::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class CompletionTest : public RunTest {
 protected:
  // What is written for these words; nothing may ever go to stderr, and the exit code is 0, because
  // kubectl throws away what comes with another one.
  std::string complete(std::vector<std::string> words) {
    words.insert(words.begin(), "__complete");
    EXPECT_EQ(run(words), ExitCode::ok);
    EXPECT_EQ(err.str(), "");
    return out.str();
  }

  void make_kubectl() {
    make_executable(directory / "kubectl");
    variables["PATH"] = directory.string();
  }

  void make_lkg(const std::string& id) {
    std::filesystem::create_directories(directory / "ops/lkg/history" / id);
  }
};

TEST_F(CompletionTest, NamesTheVerbsButNotItself) {
  EXPECT_EQ(complete({""}),
            "status\tShow the state\nhistory\tThe kept ones\nreport\tPrint the report\n"
            "completion\tSet up the completion of command lines\nversion\tPrint the version\n"
            "help\tPrint the help of a command\n"
            "options\tPrint the options that apply to all commands\n:4\n");
  EXPECT_EQ(complete({}), complete({""}));
}

TEST_F(CompletionTest, LeavesOutWhatDoesNotFit) {
  EXPECT_EQ(complete({"re"}), "report\tPrint the report\n:4\n");
  EXPECT_EQ(complete({"x"}), ":4\n");
}

TEST_F(CompletionTest, NamesNestedVerbsAndThoseAfterHelp) {
  EXPECT_EQ(complete({"history", ""}), "list\tList the kept ones\nshow\tShow one\n:4\n");
  EXPECT_EQ(complete({"help", "hi"}), "history\tThe kept ones\n:4\n");
}

TEST_F(CompletionTest, FindsTheVerbBehindGlobalFlags) {
  EXPECT_EQ(complete({"-n", "prod", "--context=x", "history", "s"}), "show\tShow one\n:4\n");
}

TEST_F(CompletionTest, NamesTheFlagsOfTheVerbAndTheGlobalOnes) {
  const std::string flags = complete({"status", "--"});
  EXPECT_THAT(flags, StartsWith("--"));
  for (const std::string name :
       {"--wait\tHow long to wait\n", "--dry-run\t", "--exclude\t", "--namespace\tNamespace",
        "--kubeconfig\tThe kubeconfig", "--help\t", "--version\t"}) {
    EXPECT_THAT(flags, HasSubstr(name));
  }
  EXPECT_THAT(flags, EndsWith(":4\n"));
  EXPECT_THAT(flags, Not(HasSubstr("--mode")));
  EXPECT_THAT(complete({"status", "-"}), HasSubstr("\n-n\tNamespace"));
  EXPECT_THAT(complete({"--name"}), StartsWith("--namespace\t"));
}

TEST_F(CompletionTest, OffersAFlagOnceUnlessItMayBeRepeated) {
  const std::string flags = complete({"status", "--wait", "1m", "-q", "-x", "a/b", "--"});
  EXPECT_THAT(flags, Not(HasSubstr("--wait")));
  EXPECT_THAT(flags, Not(HasSubstr("--quiet")));
  EXPECT_THAT(flags, HasSubstr("--exclude\t"));
}

TEST_F(CompletionTest, TakesNoFlagAfterTheMark) {
  EXPECT_EQ(complete({"status", "--", "--w"}), ":4\n");
}

TEST_F(CompletionTest, CompletesValuesByTheTypeOfTheFlag) {
  EXPECT_EQ(complete({"report", "--mode", "a"}), "auto\nalways\n:4\n");
  EXPECT_EQ(complete({"report", "--mode=al"}), "always\n:4\n");
  EXPECT_EQ(complete({"report", "--file", ""}), ":0\n");
  EXPECT_EQ(complete({"--root", ""}), ":16\n");
  EXPECT_EQ(complete({"--color", ""}), "auto\nalways\nnever\n:4\n");
  EXPECT_EQ(complete({"status", "--wait", ""}), ":4\n");
  EXPECT_EQ(complete({"status", "--dry-run=t"}), ":4\n");
}

// `report` has more forms than the others, and an -o of its own goes before the global one.
TEST_F(CompletionTest, OffersTheFormsOfTheVerb) {
  EXPECT_EQ(complete({"status", "-o", ""}), "json\nyaml\ntable\n:4\n");
  EXPECT_EQ(complete({"report", "-o", ""}), "md\nhtml\njson\n:4\n");
}

TEST_F(CompletionTest, AsksTheCompleterOfTheVerb) {
  completers["--word"] = [](const Completion&) {
    return Candidates{{{"one", "the\nfirst"}, {"two"}, {"t\x1bhree"}}, Directive::directories};
  };
  status_completers["ID"] = [](const Completion& completion) {
    return Candidates{{{completion.globals.connection.ns}}};
  };
  // A value with control characters would reach the command line: it is none.
  EXPECT_EQ(complete({"report", "--word", ""}), "one\tthe first\ntwo\n:16\n");
  EXPECT_EQ(complete({"status", "-n", "prod", ""}), "prod\n:4\n");
  EXPECT_EQ(complete({"status", "--", ""}), ":4\n");
  EXPECT_EQ(complete({"status", "a", ""}), ":4\n");
}

// A completer under a name that is no option would never be asked.
TEST_F(CompletionTest, DoesNotStartWithACompleterOfNoOption) {
  completers["--wrod"] = [](const Completion&) { return Candidates{}; };
  EXPECT_EQ(run({"version"}), ExitCode::failed);
}

TEST_F(CompletionTest, NamesTheLkgsWithTheirAge) {
  make_lkg("20260102T020405Z-0a1b2c3d");
  make_lkg("20260101T030405Z-00000000");
  EXPECT_EQ(complete({"report", "--from", ""}),
            "20260102T020405Z-0a1b2c3d\t1h00m old\n20260101T030405Z-00000000\t1d00h old\n:4\n");
  EXPECT_EQ(complete({"report", "--from=20260101"}), "20260101T030405Z-00000000\t1d00h old\n:4\n");
  EXPECT_EQ(complete({"--root", "/nonexistent", "report", "--from", ""}), ":4\n");
}

// No kubectl is run: gcloud's asks the server for its version first.
TEST_F(CompletionTest, ReadsTheContextsFromTheKubeconfig) {
  const auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((directory / name).parent_path());
    std::ofstream(directory / name) << text;
    return (directory / name).string();
  };
  variables["HOME"] = directory.string();
  write(".kube/config", "contexts: [{name: home}]\nusers: [{name: me}]\n");
  EXPECT_EQ(complete({"--context", ""}), "home\n:4\n");
  EXPECT_EQ(complete({"--user", ""}), "me\n:4\n");
  EXPECT_EQ(complete({"--cluster", ""}), ":4\n");
  const std::string one = write("one", "contexts:\n- name: prod\n- name: staging\n");
  const std::string two = write("two", "contexts:\n- name: prod\n- name: dev\n");
  const std::string broken = write("broken", "contexts: [\n");
  variables["KUBECONFIG"] = one + ":" + broken + ":/nonexistent:" + two;
  EXPECT_EQ(complete({"--context", ""}), "dev\nprod\nstaging\n:4\n");
  EXPECT_EQ(complete({"--kubeconfig", two, "--context", "p"}), "prod\n:4\n");
  EXPECT_TRUE(runner.commands().empty());
}

TEST_F(CompletionTest, AsksTheClusterForNamespacesOnlyBriefly) {
  make_kubectl();
  runner.push(test::succeeded(
      R"({"items":[{"metadata":{"name":"prod"}},{"metadata":{"name":"default"}}]})"));
  EXPECT_EQ(complete({"--context=c", "status", "-n", ""}), "prod\ndefault\n:4\n");
  const os::Command& command = runner.commands().at(0);
  EXPECT_EQ(command.args.front(), "--context=c");
  EXPECT_LT(command.timeout + command.grace, Millis{2000});
}

TEST_F(CompletionTest, IsSilentWhenKubectlFails) {
  EXPECT_EQ(complete({"-n", ""}), ":4\n");  // there is none
  make_kubectl();
  runner.push(test::failed(1, "the server is down"));
  EXPECT_EQ(complete({"-n", ""}), ":4\n");
  runner.push(test::succeeded("no JSON"));
  EXPECT_EQ(complete({"-n", ""}), ":4\n");
  runner.handler = [](const os::Command&) -> os::ProcessResult { throw Interrupted{2}; };
  EXPECT_EQ(complete({"-n", ""}), ":4\n");
}

TEST_F(CompletionTest, IsSilentAboutAWrongLine) {
  EXPECT_EQ(complete({"nonsense", ""}), ":4\n");
  EXPECT_EQ(complete({"status", "--nonsense", "--"}), ":4\n");
  EXPECT_EQ(complete({"--nonsense="}), ":4\n");
}

// --- kubectl lkg completion

TEST_F(CompletionTest, TellsAShellWhatToSource) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    ASSERT_EQ(run({"completion", shell}), ExitCode::ok);
    EXPECT_THAT(out.str(), StartsWith("# Completion of kubectl-lkg called directly, in " + shell));
    EXPECT_THAT(out.str(), HasSubstr("__kubectl_lkg_complete"));
    EXPECT_THAT(out.str(), Not(testing::ContainsRegex("@[A-Z]+@")));
  }
}

class InstallTest : public CompletionTest {
 protected:
  void SetUp() override {
    CompletionTest::SetUp();
    for (const char* name : {"plugins", "home/.local/bin", "home/.krew/bin", "elsewhere"}) {
      std::filesystem::create_directories(directory / name);
    }
    variables["HOME"] = (directory / "home").string();
    set_path({"home/.krew/bin", "home/.local/bin", "plugins"});
  }
  void set_path(const std::vector<std::string>& directories) {
    std::string path = ":relative";
    for (const auto& one : directories) path += ":" + (directory / one).string();
    variables["PATH"] = path;
  }
  std::filesystem::path file_in(const std::string& name) const {
    return directory / name / "kubectl_complete-lkg";
  }
  static std::string content(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
};

TEST_F(InstallTest, PutsTheFileBesideThePluginAndTakesItAway) {
  make_executable(directory / "plugins/kubectl-lkg");
  ASSERT_EQ(run({"completion", "install"}), ExitCode::ok) << err.str();
  EXPECT_EQ(out.str(), file_in("plugins").string() + " installed\n");
  EXPECT_THAT(content(file_in("plugins")), HasSubstr("\nkubectl-lkg __complete \"$@\""));
  EXPECT_EQ(std::filesystem::status(file_in("plugins")).permissions(),
            static_cast<std::filesystem::perms>(0755));
  ASSERT_EQ(run({"completion", "install"}), ExitCode::ok);
  EXPECT_THAT(out.str(), EndsWith(" is installed already\n"));
  ASSERT_EQ(run({"completion", "uninstall"}), ExitCode::ok);
  EXPECT_EQ(out.str(), file_in("plugins").string() + " removed\n");
  EXPECT_FALSE(std::filesystem::exists(file_in("plugins")));
  ASSERT_EQ(run({"completion", "uninstall"}), ExitCode::ok);
  EXPECT_EQ(out.str(), "");
}

// A file that outlives its plugin in krew's directory makes krew refuse every command.
TEST_F(InstallTest, KeepsOutOfKrewsDirectory) {
  make_executable(directory / "home/.krew/bin/kubectl-lkg");
  ASSERT_EQ(run({"completion", "install"}), ExitCode::ok) << err.str();
  EXPECT_TRUE(std::filesystem::exists(file_in("home/.local/bin")));
  EXPECT_EQ(run({"completion", "install", "--dir", (directory / "home/.krew/bin").string()}),
            ExitCode::refused);
  variables["KREW_ROOT"] = (directory / "elsewhere").string();
  std::filesystem::create_directories(directory / "elsewhere/bin");
  EXPECT_EQ(run({"completion", "install", "--dir", (directory / "elsewhere/bin").string()}),
            ExitCode::refused);
  EXPECT_FALSE(std::filesystem::exists(file_in("home/.krew/bin")));
}

TEST_F(InstallTest, SaysWhenTheDirectoryIsNotOnPath) {
  ASSERT_EQ(run({"completion", "install", "--dir", (directory / "elsewhere").string()}),
            ExitCode::ok);
  EXPECT_THAT(err.str(), HasSubstr("kubectl looks for it on PATH"));
  EXPECT_TRUE(std::filesystem::exists(file_in("elsewhere")));
  set_path({"home/.krew/bin"});
  EXPECT_EQ(run({"completion", "install"}), ExitCode::failed);
  EXPECT_THAT(err.str(), HasSubstr("--dir"));
  EXPECT_EQ(run({"completion", "install", "--dir", (directory / "nowhere").string()}),
            ExitCode::usage);
}

TEST_F(InstallTest, LeavesAnotherFileOfThatNameAlone) {
  std::ofstream(file_in("home/.local/bin")) << "#!/bin/sh\necho mine\n";
  EXPECT_EQ(run({"completion", "install"}), ExitCode::refused);
  ASSERT_EQ(run({"completion", "uninstall"}), ExitCode::ok);
  EXPECT_EQ(content(file_in("home/.local/bin")), "#!/bin/sh\necho mine\n");
}

// The file of an older version is ours too.
TEST_F(InstallTest, ReplacesAnOlderOne) {
  std::ofstream(file_in("home/.local/bin")) << "#!/bin/sh\nkubectl-lkg __complete \"$@\"\n";
  ASSERT_EQ(run({"completion", "install"}), ExitCode::ok) << err.str();
  EXPECT_THAT(out.str(), EndsWith(" installed\n"));
  EXPECT_THAT(content(file_in("home/.local/bin")), HasSubstr("|| echo :4"));
}

}  // namespace
}  // namespace dr::cli
