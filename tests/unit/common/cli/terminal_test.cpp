#include "common/cli/terminal.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <sstream>

#include "common/os/environment.hpp"

namespace dr::cli {
namespace {

using Variables = std::map<std::string, std::string>;

struct TerminalTest : testing::Test {
  bool takes_color(ColorMode mode, const Variables& variables, bool is_tty) {
    terminal.set_color(mode, os::Environment(variables), is_tty, false);
    return terminal.out_color();
  }

  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{out, err, "kubectl lkg"};
};

TEST_F(TerminalTest, PrintsTheResultAsItIsOnStdout) {
  terminal.print("a\x1b[1m\n");
  EXPECT_EQ(out.str(), "a\x1b[1m\n");
  EXPECT_EQ(err.str(), "");
}

TEST_F(TerminalTest, WritesEverythingElseOnStderr) {
  terminal.info("reading 12 kinds");
  terminal.warn("the LKG is old");
  terminal.error("failed to read Deployment/web: timed out", "try again");
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(err.str(),
            "reading 12 kinds\n"
            "kubectl lkg: warning: the LKG is old\n"
            "kubectl lkg: error: failed to read Deployment/web: timed out\n"
            "try again\n");
}

TEST_F(TerminalTest, KeepsControlCharactersFromTheTerminal) {
  terminal.info("a\x1b[2Jb");
  terminal.warn("a\rb");
  terminal.error("a\nb", "c\x07");
  EXPECT_EQ(err.str().find_first_of("\x1b\r\x07"), std::string::npos);
  EXPECT_EQ(err.str(), "ab\nkubectl lkg: warning: a b\nkubectl lkg: error: a b\nc\n");
}

TEST_F(TerminalTest, QuietSilencesInfoOnly) {
  terminal.set_quiet(true);
  terminal.info("info");
  terminal.warn("warning");
  terminal.error("error", "");
  terminal.print("result\n");
  EXPECT_EQ(err.str(), "kubectl lkg: warning: warning\nkubectl lkg: error: error\n");
  EXPECT_EQ(out.str(), "result\n");
}

TEST_F(TerminalTest, TakesColorFromTheFlagFirst) {
  EXPECT_TRUE(takes_color(ColorMode::always, {{"NO_COLOR", "1"}}, false));
  EXPECT_FALSE(takes_color(ColorMode::never, {{"CLICOLOR_FORCE", "1"}}, true));
}

TEST_F(TerminalTest, TakesColorFromTheEnvironmentNext) {
  EXPECT_FALSE(takes_color(ColorMode::automatic, {{"NO_COLOR", ""}}, true));
  EXPECT_FALSE(
      takes_color(ColorMode::automatic, {{"NO_COLOR", "1"}, {"CLICOLOR_FORCE", "1"}}, true));
  EXPECT_TRUE(takes_color(ColorMode::automatic, {{"CLICOLOR_FORCE", "1"}}, false));
  EXPECT_FALSE(takes_color(ColorMode::automatic, {{"CLICOLOR_FORCE", "0"}}, false));
}

TEST_F(TerminalTest, TakesColorFromTheStreamLast) {
  EXPECT_TRUE(takes_color(ColorMode::automatic, {{"TERM", "xterm"}}, true));
  EXPECT_FALSE(takes_color(ColorMode::automatic, {{"TERM", "dumb"}}, true));
  EXPECT_FALSE(takes_color(ColorMode::automatic, {{"TERM", "xterm"}}, false));
}

TEST_F(TerminalTest, ColorsEachStreamByItsOwnRule) {
  terminal.set_color(ColorMode::automatic, os::Environment(Variables{}), false, true);
  EXPECT_EQ(terminal.paint(Color::red, "x"), "x");
  terminal.error("x", "");
  EXPECT_EQ(err.str(), "kubectl lkg: \x1b[31merror:\x1b[0m x\n");
}

TEST_F(TerminalTest, PaintsWhenStdoutTakesColor) {
  terminal.set_color(ColorMode::always, os::Environment(Variables{}), false, false);
  EXPECT_EQ(terminal.paint(Color::green, "ok"), "\x1b[32mok\x1b[0m");
  EXPECT_EQ(terminal.paint(Color::none, "ok"), "ok");
  EXPECT_EQ(terminal.paint(Color::bold, ""), "");
}

TEST_F(TerminalTest, FlushTellsThatTheResultWasLost) {
  EXPECT_TRUE(terminal.flush());
  out.setstate(std::ios::badbit);
  EXPECT_FALSE(terminal.flush());
}

}  // namespace
}  // namespace dr::cli
