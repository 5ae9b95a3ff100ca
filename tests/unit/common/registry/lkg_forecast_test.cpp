#include "common/registry/lkg_forecast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/registry/fake_registry.hpp"

namespace dr::registry {
namespace {

using namespace dr::test;
using testing::HasSubstr;
using testing::SizeIs;

// Deletes tagged images 300 days after their creation, untagged ones after 400.
const Json k_policies = {
    {"cleanupPolicies",
     {{"t",
       {{"id", "t"},
        {"action", "DELETE"},
        {"condition", {{"tagState", "TAGGED"}, {"olderThan", "25920000s"}}}}},
      {"u",
       {{"id", "u"},
        {"action", "DELETE"},
        {"condition", {{"tagState", "UNTAGGED"}, {"olderThan", "34560000s"}}}}}}}};

class LkgForecastTest : public testing::Test {
 protected:
  LkgForecastTest() {
    registry.rows[k_repository.path()] = {make_row("app", '1', {"v1"}), make_row("app", '2')};
    registry.settings["trader-repo"] = k_policies;
  }
  LkgForecast run(const std::vector<std::pair<std::string, std::string>>& images) {
    return forecast_lkg(lkg_of(images), registry.gcloud(), k_listed_at);
  }

  FakeRegistry registry;
};

TEST_F(LkgForecastTest, TheEarliestDateIsThatOfTheFirstImage) {
  const auto result = run({{"b", image_of("app", '2').text()}, {"a", image_of("app", '1').text()}});
  ASSERT_THAT(result.images, SizeIs(2));
  EXPECT_EQ(rfc3339(result.images[0].forecast.from.value()), "2026-07-06T00:00:00Z");
  EXPECT_EQ(rfc3339(result.earliest.value()), "2026-03-28T00:00:00Z");
  EXPECT_EQ(exit_code_of(result), ExitCode::ok);
  EXPECT_THAT(registry.runner.commands(), SizeIs(2)) << "a listing and a description";
}

TEST_F(LkgForecastTest, WhatMayGoNowIsAFailure) {
  registry.rows[k_repository.path()] = {make_row("app", '1', {"v1"}, "2020-01-01T00:00:00Z")};
  const auto result = run({{"a", image_of("app", '1').text()}});
  EXPECT_EQ(result.earliest, k_listed_at);
  EXPECT_EQ(exit_code_of(result), ExitCode::failed);
}

TEST_F(LkgForecastTest, AnImageThatIsGoneIsMissing) {
  registry.describe_errors[digest_of('9')] = k_not_found;
  const auto result = run({{"a", image_of("app", '9').text()}});
  EXPECT_EQ(result.images[0].forecast.outlook, Outlook::missing);
  EXPECT_EQ(exit_code_of(result), ExitCode::failed);
}

// No answer is never "kept".
TEST_F(LkgForecastTest, WhatCouldNotBeReadIsUnknown) {
  EXPECT_EQ(exit_code_of(run({{"a", "ghcr.io/team/app@" + digest_of('1')}})), ExitCode::incomplete);
  EXPECT_EQ(run({{"a", image_of("app", '9').text()}}).images[0].forecast.outlook, Outlook::unknown)
      << "it is there, but nobody listed its age";
  registry.runner.push(succeeded(Json(registry.rows[k_repository.path()]).dump()));
  registry.runner.push(failed(1, "ERROR: (gcloud.x) PERMISSION_DENIED: x"));
  const auto result = run({{"a", image_of("app", '1').text()}});
  EXPECT_EQ(result.images[0].forecast.outlook, Outlook::unknown);
  EXPECT_THAT(result.images[0].forecast.reason, HasSubstr("PERMISSION_DENIED: x"));
  registry.list_errors[k_repository.path()] = "UNAVAILABLE: x";
  EXPECT_EQ(run({{"a", image_of("app", '1').text()}}).images[0].forecast.outlook, Outlook::unknown);
}

}  // namespace
}  // namespace dr::registry
