#include "common/base/columns.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dr {
namespace {

TEST(Cut, KeepsWhatFitsAndMarksWhatDoesNot) {
  EXPECT_EQ(cut("trader", 6), "trader");
  EXPECT_EQ(cut("traders", 6), "tra...");
  EXPECT_EQ(cut("traders", 2), "..");
  EXPECT_EQ(cut("", 0), "");
}

TEST(Cut, CountsCharactersAndNotBytes) {
  EXPECT_EQ(cut("größer", 6), "größer");
  EXPECT_EQ(cut("größere", 6), "grö...");
}

// An object's name from a cluster; it took minutes when each character was cut off by itself.
TEST(Cut, AMebibyteTakesNoTime) {
  EXPECT_EQ(cut(std::string(1U << 20U, 'x'), 80).size(), 80U);
}

}  // namespace
}  // namespace dr
