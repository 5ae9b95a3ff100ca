#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "common/base/error.hpp"
#include "common/os/process_runner.hpp"
#include "tests/unit/common/os/process_runner_fixture.hpp"

namespace dr::os {
namespace {

using namespace std::literals;
using test::is_gone;
using test::shell;
using testing::ElementsAre;
using Steady = std::chrono::steady_clock;

// What is watched beside a restore, and how its alarm stops what runs.
class BackgroundTest : public test::ProcessRunnerFixture {
 protected:
  LineHandler collect() {
    return [this](std::string_view line) -> std::optional<Error> {
      lines.emplace_back(line);
      return std::nullopt;
    };
  }
  static LineHandler alarm_on(const std::string& word) {
    return [word](std::string_view line) -> std::optional<Error> {
      if (line != word) return std::nullopt;
      return Error(ExitCode::unsafe, "alarm");
    };
  }
  // The alarm that `work` threw; a code of ok when it threw none.
  template <class Work>
  static Error alarm_of(Work work) {
    try {
      work();
    } catch (const Error& error) {
      return error;
    }
    return {ExitCode::ok, "no alarm"};
  }

  std::vector<std::string> lines;
};

TEST_F(BackgroundTest, LinesComeWhileOthersRunAndWhileItSleeps) {
  const auto background =
      runner.start(shell("echo a; printf 'b\\nc'; sleep 0.2; echo d; exec sleep 30"), collect());
  runner.run(shell("sleep 0.1"));
  EXPECT_THAT(lines, ElementsAre("a", "b"));
  for (int i = 0; i < 100 && lines.size() < 3; ++i) runner.sleep(50ms);
  EXPECT_THAT(lines, ElementsAre("a", "b", "cd")) << "a line is whole, however it comes";
  EXPECT_TRUE(background->is_running());
}

// The flip of a switch in the middle of a long write: the write is ended at once, and the last halt
// can still run after it.
TEST_F(BackgroundTest, AnAlarmEndsWhatRunsAndIsThrownOnce) {
  const auto background = runner.start(shell("sleep 0.3; echo 0; exec sleep 30"), alarm_on("0"));
  const auto start = Steady::now();
  const std::vector<Command> commands{shell("echo $$ >" + file("pid").string() + "; exec sleep 30"),
                                      shell("exec sleep 30"),
                                      shell("touch " + file("never").string())};
  EXPECT_EQ(alarm_of([&] { runner.run_all(commands, 2); }).code(), ExitCode::unsafe);
  EXPECT_LT(Steady::now() - start, 10s);
  EXPECT_TRUE(is_gone(file("pid")));
  EXPECT_FALSE(std::filesystem::exists(file("never")));
  EXPECT_EQ(runner.run(shell("echo halted")).out, "halted\n");
}

TEST_F(BackgroundTest, AnAlarmEndsASleep) {
  const auto background = runner.start(shell("sleep 0.2; echo 0; exec sleep 30"), alarm_on("0"));
  const auto start = Steady::now();
  EXPECT_EQ(alarm_of([&] { runner.sleep(30s); }).code(), ExitCode::unsafe);
  EXPECT_LT(Steady::now() - start, 10s);
  runner.sleep(1ms);
}

// The halt on the way out must not be stopped by an alarm of a watch that was given up.
TEST_F(BackgroundTest, ItsEndTakesItsAlarmBack) {
  auto background = runner.start(shell("echo 0; exec sleep 30"), alarm_on("0"));
  std::this_thread::sleep_for(300ms);  // its line is there by then, but nobody has looked
  background.reset();
  EXPECT_EQ(runner.run(shell("echo halted")).out, "halted\n");
}

TEST_F(BackgroundTest, IsKilledWithItsOwnerAndSeenWhenItEnds) {
  auto background = runner.start(
      shell("trap '' TERM; echo $$ >" + file("pid").string() + "; while :; do sleep 1; done"),
      collect());
  for (int i = 0; i < 100 && !std::filesystem::exists(file("pid")); ++i) runner.sleep(20ms);
  runner.sleep(50ms);
  background.reset();
  EXPECT_TRUE(is_gone(file("pid")));

  background = runner.start(shell("echo last"), collect());
  for (int i = 0; i < 100 && background->is_running(); ++i) runner.sleep(20ms);
  EXPECT_FALSE(background->is_running());
  EXPECT_THAT(lines, ElementsAre("last"));
}

// A line without an end must not fill the memory of a run that lasts for hours.
TEST_F(BackgroundTest, ALineThatIsTooLongIsDropped) {
  const auto background =
      runner.start(shell("head -c 9000000 /dev/zero; echo; echo whole; exec sleep 30"), collect());
  for (int i = 0; i < 200 && lines.empty(); ++i) runner.sleep(50ms);
  EXPECT_THAT(lines, ElementsAre("whole"));
}

TEST_F(BackgroundTest, OneThatCannotStartIsAnError) {
  Command command;
  command.program = "/nonexistent/kubectl";
  EXPECT_EQ(alarm_of([&] { runner.start(command, collect()); }).code(), ExitCode::usage);
}

}  // namespace
}  // namespace dr::os
