#include "common/cli/live_progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "common/os/environment.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/fake_process_runner.hpp"

namespace dr::cli {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<BlockLine>& lines) {
  std::vector<std::string> result;
  for (const auto& line : lines) result.push_back(line.text);
  return result;
}

ProgressState rollout() {
  ProgressState state;
  state.phase = "rollout";
  state.elapsed = Millis(12'345);
  state.limit = std::chrono::minutes(5);
  state.waiting = {{"Deployment/a", {"1 of 2 pods ready", false}},
                   {"Deployment/broken", {"ImagePullBackOff: no such image", true}}};
  return state;
}

TEST(ProgressBlock, SaysHowFarItIsTroublesFirst) {
  // Protects whoever waits from not knowing for what.
  EXPECT_THAT(
      texts(block_of(rollout(), 80)),
      ElementsAre("rollout: 12.3s of 5m00s", "  Deployment/broken  ImagePullBackOff: no such image",
                  "  Deployment/a       1 of 2 pods ready"));
  EXPECT_EQ(block_of(rollout(), 80)[1].color, Color::red);
  EXPECT_EQ(block_of(rollout(), 80)[2].color, Color::none);
}

TEST(ProgressBlock, IsCutToTheScreen) {
  // Protects the redraw: a line that the terminal breaks would be two.
  ProgressState state = rollout();
  state.waiting["Deployment/b"] = {"wäiting för ümlauts", false};
  for (std::size_t columns = 1; columns < 60; ++columns) {
    for (const auto& line : block_of(state, columns)) EXPECT_LE(line.text.size(), columns * 2);
  }
  EXPECT_EQ(block_of(rollout(), 20)[1].text, "  Deployment/brok...");
}

TEST(ProgressBlock, NamesAtMostEight) {
  // Protects the screen from a floor of a hundred workloads.
  ProgressState state = rollout();
  for (char c = 'c'; c < 'z'; ++c)
    state.waiting[std::string("Deployment/") + c] = {"0 of 1 pods ready", false};
  const auto lines = texts(block_of(state, 80));
  EXPECT_EQ(lines.size(), 10U);
  EXPECT_EQ(lines.back(), "  and 17 more");
}

struct LiveProgressTest : testing::Test {
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{out, err, "kubectl lkg"};
  FakeClock clock;
  FakeProcessRunner runner;
  os::Environment environment{std::map<std::string, std::string>{}};
  Runtime runtime{runner, clock, environment, terminal};

  std::string take() {
    const std::string text = err.str();
    err.str("");
    return text;
  }
};

TEST_F(LiveProgressTest, WithoutATerminalThereAreLinesAlone) {
  // Protects logs from control characters, and from a line a second.
  LiveProgress progress(runtime);
  TickingRunner ticking(runner, progress);
  progress.phase("rollout", std::chrono::minutes(5));
  progress.wait_for("Deployment/a", "1 of 2 pods ready", false);
  ticking.sleep(std::chrono::seconds(9));
  progress.line("halted");
  EXPECT_EQ(take(), "[   0.0s] halted\n");
}

TEST_F(LiveProgressTest, ABlockStaysBelowTheLinesAndGoesAtTheEnd) {
  // Protects the screen of whoever waits, and the shell's prompt after it.
  terminal.set_live(true);
  {
    LiveProgress progress(runtime);
    progress.phase("rollout", std::chrono::minutes(5));
    EXPECT_EQ(take(), "rollout: 0s of 5m00s\n");
    progress.wait_for("Deployment/a", "1 of 2 pods ready", false);
    EXPECT_EQ(take(), "\r\x1b[1A\x1b[Jrollout: 0s of 5m00s\n  Deployment/a  1 of 2 pods ready\n");
    terminal.warn("careful");
    EXPECT_EQ(take(),
              "\r\x1b[2A\x1b[Jkubectl lkg: warning: careful\n"
              "rollout: 0s of 5m00s\n  Deployment/a  1 of 2 pods ready\n");
    progress.done("Deployment/a");
    take();
  }
  EXPECT_EQ(take(), "\r\x1b[1A\x1b[J");
}

TEST_F(LiveProgressTest, TheTimeGoesOnWhileItWaits) {
  // Protects from a screen that looks hung.
  terminal.set_live(true);
  LiveProgress progress(runtime);
  TickingRunner ticking(runner, progress);
  runner.on_sleep = [&](Millis duration) { clock.advance(duration); };
  progress.phase("rollout");
  take();
  ticking.sleep(std::chrono::milliseconds(2500));
  const std::string shown = take();
  EXPECT_THAT(shown, HasSubstr("rollout: 1.0s\n"));
  EXPECT_THAT(shown, HasSubstr("rollout: 2.0s\n"));
}

TEST_F(LiveProgressTest, TheResultTakesTheBlockAwayFirst) {
  // Protects the result, which may be on the same screen.
  terminal.set_live(true);
  LiveProgress progress(runtime);
  progress.phase("verify");
  take();
  terminal.print("done\n");
  EXPECT_EQ(take(), "\r\x1b[1A\x1b[J");
  EXPECT_EQ(out.str(), "done\n");
}

TEST_F(LiveProgressTest, QuietShowsNoBlock) {
  // Protects -q.
  terminal.set_live(true);
  terminal.set_quiet(true);
  LiveProgress progress(runtime);
  progress.phase("verify");
  progress.line("halted");
  EXPECT_THAT(take(), IsEmpty());
}

}  // namespace
}  // namespace dr::cli
