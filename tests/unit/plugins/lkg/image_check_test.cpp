#include "plugins/lkg/image_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/error.hpp"

namespace dr::lkg {
namespace {

using registry::Verdict;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

registry::ImageCheck checked(const std::string& name, Verdict verdict, const std::string& reason) {
  registry::ImageCheck check;
  check.image.component = "Deployment/" + name;
  check.image.container = "main";
  check.image.reference = name + "@sha256:0";
  check.finding.verdict = verdict;
  check.finding.reason = reason;
  check.finding.next_step = "rebuild and push";
  check.source = "inventory";
  check.as_of = UtcTime{};
  return check;
}

TEST(CheckImages, NobodyAskedIsNoRow) {
  EXPECT_THAT(check_images({}), IsEmpty());
}

TEST(CheckImages, UnknownIsAWarningWithItsReasonAndAge) {
  const auto rows = check_images([] {
    return std::vector{checked("a", Verdict::present, ""), checked("b", Verdict::unknown, "403"),
                       checked("b", Verdict::unknown, "403")};
  });
  EXPECT_THAT(warnings_of(rows), ElementsAre(AllOf(HasSubstr("b@sha256:0"), HasSubstr("403"),
                                                   HasSubstr("inventory of 1970-01-01"))));
  EXPECT_FALSE(has_stops(rows));
}

TEST(CheckImages, MissingIsAStopThatNamesEach) {
  // Protects the floor from a restore whose pods could never start.
  const auto rows = check_images([] {
    return std::vector{checked("a", Verdict::missing, ""), checked("b", Verdict::unknown, ""),
                       checked("c", Verdict::missing, "")};
  });
  ASSERT_TRUE(has_stops(rows));
  EXPECT_THAT(rows.back().detail, AllOf(HasSubstr("a@sha256:0 (Deployment/a)"),
                                        HasSubstr("c@sha256:0"), Not(HasSubstr("b@sha256:0"))));
  EXPECT_EQ(rows.back().cure, "rebuild and push");
}

}  // namespace
}  // namespace dr::lkg
