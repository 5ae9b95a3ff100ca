#include "common/os/process_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <iterator>
#include <sstream>
#include <thread>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "tests/unit/common/os/process_runner_fixture.hpp"

namespace dr::os {
namespace {

namespace fs = std::filesystem;
using namespace std::literals;
using test::command_of;
using test::is_gone;
using test::shell;
using testing::HasSubstr;
using Steady = std::chrono::steady_clock;

constexpr std::size_t k_100_mb = 100'000'000;

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator{}));
}

class ProcessRunnerTest : public test::ProcessRunnerFixture {
 protected:
  std::string start_error(const Command& command) {
    try {
      runner.run(command);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return "no error";
  }
};

TEST_F(ProcessRunnerTest, KeepsBothStreamsApart) {
  const ProcessResult result = runner.run(shell("echo out; echo err >&2"));
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

// What is said for ever is kept up to a limit, and ended.
TEST_F(ProcessRunnerTest, EndlessErrorsNeedNoEndlessMemory) {
  Command command = shell("yes >&2");
  command.timeout = Millis{1'000};
  const ProcessResult result = runner.run(command);
  EXPECT_TRUE(result.timed_out);
  EXPECT_TRUE(result.truncated);
  EXPECT_EQ(result.err.size(), k_max_errors);
}

// A pipe that nobody reads blocks the child for ever.
TEST_F(ProcessRunnerTest, DrainsBothPipesAtOnce) {
  const ProcessResult result =
      runner.run(shell("head -c 100000000 /dev/zero & head -c 100000000 /dev/zero >&2; wait"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out.size(), k_100_mb);
  EXPECT_EQ(result.err.size(), k_max_errors);
}

// Boost v1 gave 9 for both.
TEST_F(ProcessRunnerTest, TellsAnExitFromASignal) {
  const ProcessResult exited = runner.run(shell("exit 9"));
  EXPECT_EQ(exited.exit_code, 9);
  EXPECT_EQ(exited.signal, 0);
  const ProcessResult killed = runner.run(shell("kill -9 $$"));
  EXPECT_EQ(killed.exit_code, -1);
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_FALSE(killed.ok());
}

TEST_F(ProcessRunnerTest, TerminatesAtTheDeadline) {
  Command command = shell("echo before; sleep 30");
  command.timeout = 300ms;
  const ProcessResult result = runner.run(command);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_EQ(result.out, "before\n");
  EXPECT_GE(result.elapsed, 300ms);
  EXPECT_LT(result.elapsed, 10s);
}

// A child that cleans up and exits with 0 was too late all the same.
TEST_F(ProcessRunnerTest, ALateSuccessIsNotOk) {
  Command command = shell("trap 'exit 0' TERM; sleep 30 & wait");
  command.timeout = 300ms;
  const ProcessResult result = runner.run(command);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.timed_out);
  EXPECT_FALSE(result.ok());
}

TEST_F(ProcessRunnerTest, KillsAfterTheGrace) {
  Command command = shell("trap '' TERM; sleep 30");
  command.timeout = 300ms;
  command.grace = 300ms;
  const ProcessResult result = runner.run(command);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_GE(result.elapsed, 600ms);
  EXPECT_LT(result.elapsed, 10s);
}

// A port-forward or credential helper left behind must not hold the run until the deadline.
TEST_F(ProcessRunnerTest, GivesUpOnAPipeThatAGrandchildHolds) {
  const ProcessResult result =
      runner.run(shell("sleep 30 & echo $! >" + file("pid").string() + "; echo done"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.pipe_held);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.out, "done\n");
  EXPECT_GE(result.elapsed, 500ms);
  EXPECT_LT(result.elapsed, 10s);
  for (int tries = 0; tries < 100 && !is_gone(file("pid")); ++tries) {
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_TRUE(is_gone(file("pid")));
}

TEST_F(ProcessRunnerTest, GivesUpOnAGrandchildInItsOwnSession) {
  const ProcessResult result = runner.run(shell("setsid sleep 3 & echo done"));
  EXPECT_TRUE(result.pipe_held);
  EXPECT_EQ(result.out, "done\n");
  EXPECT_LT(result.elapsed, 2500ms);
}

TEST_F(ProcessRunnerTest, AGrandchildThatLetsGoIsNoProblem) {
  const ProcessResult result = runner.run(shell("(sleep 0.2; echo late) & echo done"));
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, "done\nlate\n");
}

TEST_F(ProcessRunnerTest, NamesAMissingProgram) {
  EXPECT_EQ(start_error(command_of("/no/such/kubectl")),
            "failed to run /no/such/kubectl: No such file or directory");
}

TEST_F(ProcessRunnerTest, NamesAProgramThatIsNotExecutable) {
  write_file(file("plain"), "text");
  EXPECT_EQ(start_error(command_of(file("plain"))),
            "failed to run " + file("plain").string() + ": Permission denied");
}

TEST_F(ProcessRunnerTest, NamesAnArgumentListThatIsTooLong) {
  EXPECT_EQ(start_error(command_of("/bin/true", {std::string(1'000'000, 'x')})),
            "failed to run /bin/true: Argument list too long");
}

// exec would cut the argument there and run something else.
TEST_F(ProcessRunnerTest, RefusesANulByte) {
  EXPECT_THAT(start_error(command_of("/bin/echo", {"a\0b"s})), HasSubstr("a NUL byte"));
  Command command = command_of("/bin/true");
  command.environment.push_back("A=\0"s);
  EXPECT_THAT(start_error(command), HasSubstr("a NUL byte"));
}

TEST_F(ProcessRunnerTest, PassesArgumentsUntouched) {
  const ProcessResult result =
      runner.run(command_of("/usr/bin/printf", {"<%s>", "", "a b", "'\"$x", "é\n"}));
  EXPECT_EQ(result.out, "<><a b><'\"$x><é\n>");
}

TEST_F(ProcessRunnerTest, PassesTheGivenEnvironmentOnly) {
  Command command = command_of("/usr/bin/env");
  command.environment = {"A=1", "B="};
  EXPECT_EQ(runner.run(command).out, "A=1\nB=\n");
  command.environment = {};
  EXPECT_EQ(runner.run(command).out, "");
}

// A child that asks must get an end of input, not our terminal.
TEST_F(ProcessRunnerTest, StdinIsNull) {
  const ProcessResult result = runner.run(shell("cat; readlink /proc/self/fd/0"));
  EXPECT_EQ(result.out, "/dev/null\n");
}

// A prompt on /dev/tty would stop the child, and Ctrl-C would reach it twice.
TEST_F(ProcessRunnerTest, ChildrenHaveAGroupOfTheirOwnAndNoTerminal) {
  std::istringstream stat(runner.run(command_of("/bin/cat", {"/proc/self/stat"})).out);
  std::string pid, name, state, parent, group, session, terminal;
  stat >> pid >> name >> state >> parent >> group >> session >> terminal;
  EXPECT_EQ(group, pid);
  EXPECT_EQ(session, pid);
  EXPECT_EQ(terminal, "0");
}

// Only the group in front may ask on the terminal.
TEST_F(ProcessRunnerTest, AChildOnTheTerminalSharesOurGroup) {
  Command command = command_of("/bin/cat", {"/proc/self/stat"});
  command.on_terminal = true;
  std::istringstream stat(runner.run(command).out);
  std::string pid, name, state, parent, group, session;
  stat >> pid >> name >> state >> parent >> group >> session;
  EXPECT_EQ(group, std::to_string(::getpgrp()));
  EXPECT_EQ(session, std::to_string(::getsid(0)));
}

// Its group is ours: a signal to it would be one to ourselves.
TEST_F(ProcessRunnerTest, AChildOnTheTerminalIsEndedAlone) {
  Command command = command_of("/bin/sleep", {"60"});
  command.on_terminal = true;
  command.timeout = Millis(100);
  const ProcessResult result = runner.run(command);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGTERM);
}

// An inherited pipe end keeps another child's pipe open.
TEST_F(ProcessRunnerTest, ChildrenInheritNoOtherDescriptor) {
  const std::vector<Command> commands(4, command_of("/bin/ls", {"/proc/self/fd"}));
  for (const ProcessResult& result : runner.run_all(commands, 4)) {
    EXPECT_EQ(result.out, "0\n1\n2\n3\n");  // 3 is the directory itself
  }
}

// An ignored SIGPIPE breaks `| head` in a child, a blocked SIGTERM its end.
TEST_F(ProcessRunnerTest, ChildrenGetTheDefaultSignals) {
  std::istringstream out(
      runner.run(command_of("/bin/grep", {"-E", "Sig(Blk|Ign)", "/proc/self/status"})).out);
  std::string label, blocked, ignored;
  out >> label >> blocked >> label >> ignored;
  EXPECT_EQ(std::stoull(blocked, nullptr, 16), 0U);
  EXPECT_EQ(std::stoull(ignored, nullptr, 16) & (1U << (SIGPIPE - 1)), 0U);
}

TEST_F(ProcessRunnerTest, PassesALargeInput) {
  Command command = command_of("/bin/cat");
  command.input.resize(k_100_mb);
  for (std::size_t at = 0; at < k_100_mb; at += 997) command.input[at] = static_cast<char>(at);
  const ProcessResult result = runner.run(command);
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(result.out == command.input);
}

// SIGPIPE would end us in the middle of an apply.
TEST_F(ProcessRunnerTest, AChildThatDoesNotReadIsNoError) {
  Command command = shell("exec 0<&-; sleep 0.2; echo done");
  command.input = std::string(10'000'000, 'x');
  const ProcessResult result = runner.run(command);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, "done\n");
}

TEST_F(ProcessRunnerTest, CapsTheOutputAndSaysSo) {
  Command command = shell("head -c 1000000 /dev/zero; echo x >&2");
  command.max_output = 1000;
  const ProcessResult result = runner.run(command);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out.size(), 1000U);
  EXPECT_EQ(result.err, "x\n");
  EXPECT_TRUE(result.truncated);
  EXPECT_FALSE(result.ok());
  command.max_output = 1'000'000;
  EXPECT_TRUE(runner.run(command).ok());
}

// Lost SIGCHLDs and races with the fork show in numbers only.
TEST_F(ProcessRunnerTest, AThousandShortRuns) {
  const std::vector<Command> commands(1000, command_of("/bin/echo", {"x"}));
  const std::vector<ProcessResult> results = runner.run_all(commands, 8);
  ASSERT_EQ(results.size(), 1000U);
  for (const ProcessResult& result : results) {
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(result.out, "x\n");
  }
}

TEST_F(ProcessRunnerTest, RunsAtOnceAndReturnsInOrder) {
  std::vector<Command> commands;
  for (int at = 0; at < 8; ++at) {
    commands.push_back(shell("sleep 1." + std::to_string(7 - at) + "; echo " + std::to_string(at)));
  }
  const auto start = Steady::now();
  const std::vector<ProcessResult> results = runner.run_all(commands, 8);
  EXPECT_LT(Steady::now() - start, 5s);  // 10.8 s in a row
  for (std::size_t at = 0; at < 8; ++at) EXPECT_EQ(results[at].out, std::to_string(at) + "\n");
}

// What has come is worked on while the others run.
TEST_F(ProcessRunnerTest, HandsEachResultOnAsSoonAsItIsThere) {
  const std::vector<Command> commands{shell("sleep 0.6; echo slow"), shell("echo quick")};
  std::vector<std::string> outputs;
  const auto start = Steady::now();
  runner.run_each(commands, 2, [&](std::size_t index, const ProcessResult& result) {
    outputs.push_back(std::to_string(index) + " " + result.out);
    if (index == 1) {
      EXPECT_LT(Steady::now() - start, 500ms);
    }
  });
  EXPECT_EQ(outputs, (std::vector<std::string>{"1 quick\n", "0 slow\n"}));
}

TEST_F(ProcessRunnerTest, WhatAHandlerThrowsEndsTheOthers) {
  const std::vector<Command> commands{shell("echo $$ >" + file("pid").string() + "; sleep 30"),
                                      shell("sleep 0.3")};
  const auto refuse = [](std::size_t /*index*/, const ProcessResult& /*result*/) {
    throw Error(ExitCode::failed, "no");
  };
  EXPECT_THROW(runner.run_each(commands, 2, refuse), Error);
  EXPECT_TRUE(is_gone(file("pid")));
  EXPECT_TRUE(runner.run(command_of("/bin/true")).ok());
}

TEST_F(ProcessRunnerTest, HonoursTheLimit) {
  const std::vector<Command> commands(4, shell("sleep 0.3"));
  const auto start = Steady::now();
  runner.run_all(commands, 2);
  EXPECT_GE(Steady::now() - start, 600ms);
}

TEST_F(ProcessRunnerTest, TakesNoCommandAndNoLimit) {
  EXPECT_TRUE(runner.run_all({}, 8).empty());
  const std::vector<Command> commands(2, command_of("/bin/true"));
  EXPECT_EQ(runner.run_all(commands, 0).size(), 2U);
}

// One missing program must not leave the others running unseen.
TEST_F(ProcessRunnerTest, AFailedStartEndsTheRunningOnes) {
  const std::vector<Command> commands{shell("echo $$ >" + file("pid").string() + "; sleep 30"),
                                      shell("sleep 0.5"), command_of("/no/such")};
  const auto start = Steady::now();
  EXPECT_THROW(runner.run_all(commands, 2), Error);
  EXPECT_LT(Steady::now() - start, 10s);
  EXPECT_TRUE(is_gone(file("pid")));
  EXPECT_TRUE(runner.run(command_of("/bin/true")).ok());
}

TEST_F(ProcessRunnerTest, LeaksNoDescriptor) {
  runner.run(command_of("/bin/true"));
  const std::size_t before = open_descriptors();
  Command with_input = command_of("/bin/cat");
  with_input.input = "x";
  for (int at = 0; at < 50; ++at) {
    runner.run(with_input);
    start_error(command_of("/no/such"));
  }
  EXPECT_EQ(open_descriptors(), before);
}

// Cron and some supervisors start programs so; a pipe would then land on fd 0 to 2 and be lost in
// the child.
TEST(ProcessRunnerStreams, MayBeClosedAtTheStart) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    SystemProcessRunner runner;
    const ProcessResult result = runner.run(shell("cat; echo out; echo err >&2"));
    ::_exit(result.ok() && result.out == "out\n" && result.err == "err\n" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace dr::os
