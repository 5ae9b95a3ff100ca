#include "common/base/exit_code.hpp"

#include <gtest/gtest.h>

namespace dr {
namespace {

// Scripts read the numbers: a changed one breaks them.
TEST(ExitCode, ValuesAreFixed) {
  EXPECT_EQ(static_cast<int>(ExitCode::ok), 0);
  EXPECT_EQ(static_cast<int>(ExitCode::failed), 1);
  EXPECT_EQ(static_cast<int>(ExitCode::usage), 2);
  EXPECT_EQ(static_cast<int>(ExitCode::refused), 3);
  EXPECT_EQ(static_cast<int>(ExitCode::incomplete), 4);
  EXPECT_EQ(static_cast<int>(ExitCode::unsafe), 5);
  EXPECT_EQ(static_cast<int>(ExitCode::integrity), 6);
  EXPECT_EQ(static_cast<int>(ExitCode::hangup), 129);
  EXPECT_EQ(static_cast<int>(ExitCode::interrupted), 130);
  EXPECT_EQ(static_cast<int>(ExitCode::terminated), 143);
}

TEST(ExitCode, WorseFollowsTheDangerInBothOrders) {
  const ExitCode by_danger[] = {ExitCode::ok,        ExitCode::failed,     ExitCode::usage,
                                ExitCode::refused,   ExitCode::incomplete, ExitCode::interrupted,
                                ExitCode::integrity, ExitCode::unsafe};
  for (const ExitCode& less : by_danger) {
    for (const ExitCode& more : by_danger) {
      if (&more < &less) continue;
      EXPECT_EQ(worse(less, more), more);
      EXPECT_EQ(worse(more, less), more);
    }
  }
}

TEST(ExitCode, TheFirstInterruptionStays) {
  EXPECT_EQ(worse(ExitCode::terminated, ExitCode::interrupted), ExitCode::terminated);
}

}  // namespace
}  // namespace dr
