#include "common/os/clock.hpp"

#include <gtest/gtest.h>

namespace dr::os {
namespace {

TEST(SystemClock, AgreesWithTheSystem) {
  const SystemClock clock;
  const auto before = std::chrono::system_clock::now();
  const UtcTime now = clock.now();
  EXPECT_LE(now, std::chrono::system_clock::now());
  EXPECT_GT(now, before - std::chrono::seconds(1));

  const auto earlier = clock.steady();
  EXPECT_LE(earlier, clock.steady());
}

}  // namespace
}  // namespace dr::os
