#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "common/base/error.hpp"
#include "common/os/process_runner.hpp"
#include "tests/unit/common/os/process_runner_fixture.hpp"

namespace dr::os {
namespace {

namespace fs = std::filesystem;
using namespace std::literals;
using test::command_of;
using test::is_gone;
using test::shell;
using Steady = std::chrono::steady_clock;

using ProcessRunnerSignalTest = test::ProcessRunnerFixture;

// The signal that `work` reported, or 0.
template <class Work>
int interruption(Work work) {
  try {
    work();
  } catch (const Interrupted& interrupted) {
    return interrupted.signal;
  }
  return 0;
}

// The whole of the interruption contract: the children get it, none starts after it, none is left,
// and a last halt can still run.
TEST_F(ProcessRunnerSignalTest, ASignalEndsTheChildrenAndIsReportedOnce) {
  const std::vector<Command> commands{
      shell("trap 'echo $? >" + file("got").string() + "; exit 1' TERM; echo $$ >" +
            file("pid").string() + "; sleep 0.3; kill -TERM $PPID; sleep 30 & wait"),
      shell("sleep 30"), shell("touch " + file("never").string())};
  const auto start = Steady::now();
  EXPECT_EQ(interruption([&] { runner.run_all(commands, 2); }), SIGTERM);
  EXPECT_LT(Steady::now() - start, 10s);
  EXPECT_TRUE(fs::exists(file("got")));
  EXPECT_TRUE(is_gone(file("pid")));
  EXPECT_FALSE(fs::exists(file("never")));
  EXPECT_EQ(runner.run(shell("echo halted")).out, "halted\n");
}

TEST_F(ProcessRunnerSignalTest, EachCaughtSignalKeepsItsNumber) {
  for (const auto& [name, number] : {std::pair{"INT", SIGINT}, std::pair{"HUP", SIGHUP}}) {
    const Command command = shell("kill -"s + name + " $PPID; exec sleep 30");
    EXPECT_EQ(interruption([&] { runner.run(command); }), number);
  }
}

TEST_F(ProcessRunnerSignalTest, AChildThatIgnoresTheSignalIsKilledAfterItsGrace) {
  Command command = shell("trap '' TERM; kill -TERM $PPID; sleep 30");
  command.grace = 300ms;
  const auto start = Steady::now();
  EXPECT_EQ(interruption([&] { runner.run(command); }), SIGTERM);
  EXPECT_GE(Steady::now() - start, 300ms);
  EXPECT_LT(Steady::now() - start, 10s);
}

TEST_F(ProcessRunnerSignalTest, ASecondSignalKills) {
  Command command = shell("trap '' INT; kill -INT $PPID; sleep 0.5; kill -INT $PPID; sleep 30");
  command.grace = 60s;
  const auto start = Steady::now();
  EXPECT_EQ(interruption([&] { runner.run(command); }), SIGINT);
  EXPECT_LT(Steady::now() - start, 10s);
  EXPECT_TRUE(runner.run(command_of("/bin/true")).ok());
}

TEST_F(ProcessRunnerSignalTest, ASignalBetweenTheCallsIsThrownByTheNext) {
  ::raise(SIGINT);
  ::raise(SIGTERM);  // both are reported by one throw: a halt after it must not be stopped again
  EXPECT_NE(interruption([&] { runner.run(shell("touch " + file("never").string())); }), 0);
  EXPECT_FALSE(fs::exists(file("never")));
  EXPECT_TRUE(runner.run(command_of("/bin/true")).ok());
  ::raise(SIGTERM);
  EXPECT_EQ(interruption([&] { runner.sleep(0ms); }), SIGTERM);
}

TEST_F(ProcessRunnerSignalTest, ASignalEndsASleep) {
  std::thread sender([] {
    std::this_thread::sleep_for(300ms);
    ::kill(::getpid(), SIGTERM);
  });
  const auto start = Steady::now();
  EXPECT_EQ(interruption([&] { runner.sleep(30s); }), SIGTERM);
  EXPECT_LT(Steady::now() - start, 10s);
  sender.join();
  EXPECT_NO_THROW(runner.sleep(10ms));
}

TEST_F(ProcessRunnerSignalTest, SleepsAtLeastTheDuration) {
  const auto start = Steady::now();
  runner.sleep(200ms);
  EXPECT_GE(Steady::now() - start, 200ms);
}

bool is_default(int signal) {
  struct sigaction action{};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

// What comes after us in the process, such as the default end by SIGINT, must work as before.
TEST(ProcessRunnerDispositions, AreRestoredByTheDestructor) {
  ::signal(SIGUSR1, SIG_DFL);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_DFL);
  {
    SystemProcessRunner runner;
    EXPECT_FALSE(is_default(SIGINT));
    EXPECT_FALSE(is_default(SIGPIPE));
    runner.run(command_of("/bin/true"));
  }
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) {
    EXPECT_TRUE(is_default(signal)) << signal;
  }
}

// A run under nohup goes on when the terminal closes, and so do its children.
TEST(ProcessRunnerDispositions, HangupStaysIgnoredUnderNohup) {
  const auto before = ::signal(SIGHUP, SIG_IGN);
  {
    SystemProcessRunner runner;
    ::raise(SIGHUP);
    EXPECT_EQ(runner.run(shell("kill -HUP $$; echo alive")).out, "alive\n");
  }
  ::signal(SIGHUP, before);
}

}  // namespace
}  // namespace dr::os
