#include "common/base/error.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <type_traits>

namespace dr {
namespace {

TEST(Error, WhileDoingKeepsCodeAndNextStep) {
  const Error error =
      Error(ExitCode::incomplete, "no reply", "try again").while_doing("failed to list pods");
  EXPECT_STREQ(error.what(), "failed to list pods: no reply");
  EXPECT_EQ(error.code(), ExitCode::incomplete);
  EXPECT_EQ(error.next_step(), "try again");
}

// The name of an object may be hostile, and a message goes into logs and files as well.
TEST(Error, IsOneLineThatDoesNothingToATerminal) {
  const Error error(ExitCode::failed, "Service/a\nb\x1b[2J\u202e: expected x");
  EXPECT_STREQ(error.what(), "Service/a b: expected x");
  EXPECT_STREQ(error.while_doing("in \x07y").what(), "in y: Service/a b: expected x");
}

TEST(Error, AsChangesTheCodeOnly) {
  const Error error = Error(ExitCode::failed, "line 3", "look at it").as(ExitCode::integrity);
  EXPECT_STREQ(error.what(), "line 3");
  EXPECT_EQ(error.code(), ExitCode::integrity);
  EXPECT_EQ(error.next_step(), "look at it");
}

TEST(Interrupted, HasTheCodeOfAShell) {
  EXPECT_EQ(Interrupted{SIGINT}.code(), ExitCode::interrupted);
  EXPECT_EQ(Interrupted{SIGTERM}.code(), ExitCode::terminated);
  EXPECT_EQ(Interrupted{SIGHUP}.code(), ExitCode::hangup);
}

// A handler of errors must not swallow Ctrl-C.
static_assert(!std::is_base_of_v<std::exception, Interrupted>);

}  // namespace
}  // namespace dr
