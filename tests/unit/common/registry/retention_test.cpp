#include "common/registry/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/registry/registry_builder.hpp"

namespace dr::registry {
namespace {

using namespace dr::test;
using testing::HasSubstr;

// The images were created on 2025-06-01, and it is 2026-01-01: 214 days later.
constexpr std::string_view k_100_days = "8640000s";
constexpr std::string_view k_300_days = "25920000s";
constexpr std::string_view k_400_days = "34560000.0s";

Json policy(const std::string& action, const Json& condition) {
  return {{"id", "x"}, {"action", action}, {"condition", condition}};
}

Json delete_all() {
  return policy("DELETE", {{"tagState", "ANY"}});
}

class RetentionTest : public testing::Test {
 protected:
  // The forecast for app@1, which has the tag v1.
  Forecast run(const Json& policies, const Json& more = Json::object()) {
    Json repository = {{"cleanupPolicies", policies}};
    repository.update(more);
    return forecast(image_of("app", '1'), sorted_images(images), parse_retention(repository),
                    k_listed_at);
  }

  std::vector<ListedImage> images = {listed(make_row("app", '1', {"v1"}))};
};

TEST_F(RetentionTest, WithoutADeletePolicyEverythingIsKept) {
  EXPECT_EQ(run(Json::object()).outlook, Outlook::kept);
  EXPECT_EQ(run({{"k", policy("KEEP", {{"tagState", "TAGGED"}})}}).outlook, Outlook::kept);
}

TEST_F(RetentionTest, ADeletePolicyNamesItself) {
  const auto result = run({{"old", delete_all()}});
  EXPECT_EQ(result.outlook, Outlook::deletable);
  EXPECT_EQ(result.policy, "old");
  EXPECT_FALSE(result.from);
}

TEST_F(RetentionTest, ConditionsSelectAndAllMustHold) {
  const std::vector<std::pair<Json, Outlook>> cases = {
      {{{"tagState", "TAGGED"}}, Outlook::deletable},
      {{{"tagState", "tagged"}}, Outlook::deletable},
      {{{"tagState", "UNTAGGED"}}, Outlook::kept},
      {Json::object(), Outlook::deletable},
      {{{"tagPrefixes", {"x", "v"}}}, Outlook::deletable},
      {{{"tagPrefixes", {"x"}}}, Outlook::kept},
      {{{"packageNamePrefixes", {"ap"}}}, Outlook::deletable},
      {{{"packageNamePrefixes", {"team"}}}, Outlook::kept},
      {{{"versionNamePrefixes", {"sha256:11"}}}, Outlook::deletable},
      {{{"versionNamePrefixes", {"sha256:2"}}}, Outlook::kept},
      {{{"olderThan", k_100_days}}, Outlook::deletable},
      {{{"olderThan", k_300_days}}, Outlook::deletable_later},
      {{{"newerThan", k_100_days}}, Outlook::kept},
      {{{"newerThan", k_300_days}}, Outlook::deletable},
      {{{"olderThan", k_300_days}, {"newerThan", k_100_days}}, Outlook::kept},
      {{{"tagState", "TAGGED"}, {"packageNamePrefixes", {"team"}}}, Outlook::kept},
  };
  for (const auto& [condition, outlook] : cases) {
    EXPECT_EQ(name_of(run({{"d", policy("DELETE", condition)}}).outlook), name_of(outlook))
        << condition.dump();
  }
}

TEST_F(RetentionTest, TheDateIsTheAgeThatThePolicyNames) {
  const auto result = run({{"d", policy("Delete", {{"olderThan", k_300_days}})}});
  EXPECT_EQ(rfc3339(result.from.value()), "2026-03-28T00:00:00Z");
}

// Keep wins over delete, for as long as it matches.
TEST_F(RetentionTest, AKeepPolicyWinsWhileItMatches) {
  const auto kept = run({{"d", delete_all()}, {"k", policy("KEEP", {{"tagPrefixes", {"v"}}})}});
  EXPECT_EQ(kept.outlook, Outlook::kept);
  EXPECT_EQ(kept.policy, "k");
  const auto later = run({{"d", delete_all()}, {"k", policy("KEEP", {{"newerThan", k_300_days}})}});
  EXPECT_EQ(later.outlook, Outlook::deletable_later);
  EXPECT_EQ(rfc3339(later.from.value()), "2026-03-28T00:00:00Z");
  const auto two = run({{"d", delete_all()},
                        {"k1", policy("KEEP", {{"newerThan", k_300_days}})},
                        {"k2", policy("KEEP", {{"newerThan", k_400_days}})}});
  EXPECT_EQ(rfc3339(two.from.value()), "2026-07-06T00:00:00Z");
  const auto other = run({{"d", delete_all()}, {"k", policy("KEEP", {{"tagPrefixes", {"lkg-"}}})}});
  EXPECT_EQ(other.outlook, Outlook::deletable);
}

// What is kept by its rank is not kept for good: the next pushes push it out.
TEST_F(RetentionTest, TheNewestVersionsOfAPackageAreKept) {
  const auto newest = [](int count) {
    return Json{{"id", "n"}, {"action", "KEEP"}, {"mostRecentVersions", {{"keepCount", count}}}};
  };
  images.push_back(listed(make_row("app", '2', {}, "2025-07-01T00:00:00Z")));
  images.push_back(listed(make_row("app", '3', {}, "2025-05-01T00:00:00Z")));
  images.push_back(listed(make_row("other", '4', {}, "2025-08-01T00:00:00Z")));
  EXPECT_EQ(run({{"d", delete_all()}, {"n", newest(1)}}).outlook, Outlook::deletable);
  const auto kept = run({{"d", delete_all()}, {"n", newest(3)}});
  EXPECT_EQ(kept.outlook, Outlook::kept);
  EXPECT_EQ(kept.policy, "n");
  EXPECT_EQ(kept.reason, "until 2 newer versions of its package are pushed");
  Json of_team = newest(3);
  of_team["mostRecentVersions"]["packageNamePrefixes"] = {"team"};
  EXPECT_EQ(run({{"d", delete_all()}, {"n", of_team}}).outlook, Outlook::deletable);
}

TEST_F(RetentionTest, ADryRunAndImmutableTagsDeleteNothing) {
  EXPECT_EQ(run({{"d", delete_all()}}, {{"cleanupPolicyDryRun", true}}).outlook, Outlook::kept);
  const Json immutable = {{"dockerConfig", {{"immutableTags", true}}}};
  EXPECT_EQ(run({{"d", delete_all()}}, immutable).outlook, Outlook::kept);
  images = {listed(make_row("app", '1'))};
  EXPECT_EQ(run({{"d", delete_all()}}, immutable).outlook, Outlook::deletable) << "it has no tag";
}

// An index keeps its parts, which are listed as images without a tag.
TEST_F(RetentionTest, APossiblePartOfAnIndexIsTold) {
  Json part = make_row("app", '1');
  part["metadata"]["mediaType"] = "application/vnd.oci.image.manifest.v1+json";
  images = {listed(part)};
  EXPECT_THAT(run({{"d", delete_all()}}).reason, HasSubstr("unless it is part of an index"));
  images = {listed(make_row("app", '1'))};
  EXPECT_EQ(run({{"d", delete_all()}}).reason, "a delete policy matches it");
}

// A pull is nothing that a listing shows.
TEST_F(RetentionTest, APolicyByLastPullIsUnknownUnlessItDecidesNothing) {
  const Json stale = {{"moreStaleThan", k_100_days}};
  EXPECT_EQ(run({{"d", policy("DELETE", stale)}}).outlook, Outlook::unknown);
  EXPECT_EQ(run({{"d", delete_all()}, {"k", policy("KEEP", stale)}}).outlook, Outlook::unknown);
  EXPECT_EQ(run({{"k", policy("KEEP", stale)}}).outlook, Outlook::kept);
  EXPECT_EQ(run({{"d", policy("DELETE", stale)}, {"k", policy("KEEP", {{"tagState", "TAGGED"}})}})
                .outlook,
            Outlook::kept);
}

TEST_F(RetentionTest, WithoutACreationTimeAnAgeIsUnknown) {
  Json row = make_row("app", '1', {"v1"});
  row["createTime"] = nullptr;
  images = {listed(row)};
  EXPECT_EQ(run({{"d", policy("DELETE", {{"olderThan", k_100_days}})}}).outlook, Outlook::unknown);
  EXPECT_EQ(run({{"d", policy("DELETE", {{"tagState", "UNTAGGED"}})}}).outlook, Outlook::kept);
}

// What we do not understand is never "kept".
TEST_F(RetentionTest, AnUnknownFormIsUnknown) {
  const std::vector<Json> forms = {
      {{"id", "x"}, {"action", "ARCHIVE"}, {"condition", Json::object()}},
      {{"id", "x"}, {"action", "DELETE"}},
      {{"id", "x"}, {"condition", Json::object()}},
      {{"id", "x"}, {"action", "KEEP"}, {"condition", Json::object()}, {"schedule", "daily"}},
      policy("KEEP", {{"labels", {"x"}}}),
      policy("KEEP", {{"tagState", "TAG_STATE_UNSPECIFIED"}}),
      policy("KEEP", {{"olderThan", "30d"}}),
      policy("KEEP", {{"olderThan", "-1s"}}),
      policy("KEEP", {{"olderThan", 5}}),
      policy("KEEP", {{"olderThan", "99999999999999999s"}}),
      policy("KEEP", {{"tagPrefixes", "v"}}),
      policy("KEEP", {{"tagPrefixes", {1}}}),
      {{"id", "x"}, {"action", "KEEP"}, {"mostRecentVersions", {{"keepCount", 0}}}},
      {{"id", "x"}, {"action", "DELETE"}, {"mostRecentVersions", {{"keepCount", 3}}}},
      {{"id", "x"},
       {"action", "KEEP"},
       {"condition", Json::object()},
       {"mostRecentVersions", {{"keepCount", 3}}}},
      "x",
  };
  for (const auto& form : forms) {
    const auto result = run({{"odd", form}});
    EXPECT_EQ(result.outlook, Outlook::unknown) << form.dump();
    EXPECT_THAT(result.reason, HasSubstr("odd")) << form.dump();
  }
  EXPECT_EQ(run(Json::array()).outlook, Outlook::unknown);
  EXPECT_EQ(run(Json::object(), {{"cleanupPolicyDryRun", "yes"}}).outlook, Outlook::unknown);
}

}  // namespace
}  // namespace dr::registry
