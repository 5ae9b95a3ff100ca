#include "plugins/drbackup/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/error.hpp"
#include "tests/unit/common/backup/backup_builder.hpp"

namespace dr::backup {
namespace {

using namespace dr::test;
using testing::IsEmpty;
using testing::SizeIs;

Comparison compare_with(const Backup& right) {
  return compare(small_backup(), right, "live");
}

TEST(CompareBackups, EqualOnesHaveNoChange) {
  const auto found = compare_with(small_backup("20260103T030405Z"));
  EXPECT_THAT(found.changes, IsEmpty());
  EXPECT_THAT(found.not_compared, IsEmpty());
  EXPECT_EQ(found.objects, 4U);
}

TEST(CompareBackups, NamesChangedAddedAndRemovedObjects) {
  Backup right = small_backup();
  right.objects[0]["data"]["x"] = "9";
  right.objects[1] = kept("v1", "ConfigMap", "c");
  const auto found = compare_with(right);
  ASSERT_THAT(found.changes, SizeIs(3));
  EXPECT_EQ(found.changes[0].change, Change::changed);
  ASSERT_THAT(found.changes[0].differences, SizeIs(1));
  EXPECT_EQ(found.changes[0].differences[0].pointer, "/data/x");
  EXPECT_EQ(found.changes[1].change, Change::removed);
  EXPECT_EQ(found.changes[1].key.name, "b");
  EXPECT_EQ(found.changes[2].change, Change::added);
  EXPECT_EQ(found.changes[2].file, "cm__c.yaml");
}

TEST(CompareBackups, OfEvidenceOnlyWhatItHoldsCounts) {
  // Protects against a namespace full of "added" objects that the restore had not to change.
  Backup left = small_backup();
  left.evidence = {"", "20260102T030405Z-11111111"};
  left.objects = {left.objects[0], kept("v1", "Pod", "web-0")};
  left.coverage = {left.coverage[0], coverage("pods", "v1", "Pod", "pod")};
  Backup right = small_backup();
  right.objects[0]["data"]["x"] = "9";
  const auto found = compare(left, right, "live");
  ASSERT_THAT(found.changes, SizeIs(1));
  EXPECT_EQ(found.changes[0].differences[0].pointer, "/data/x");
  ASSERT_THAT(found.not_compared, SizeIs(1));
  EXPECT_EQ(found.not_compared[0].resource, "pods");
  EXPECT_FALSE(found.unknown());
}

TEST(CompareBackups, AKindThatCouldNotBeReadIsUnknownNotGone) {
  Backup right = small_backup();
  right.coverage[0].outcome = Outcome::forbidden;
  right.coverage[0].count = 0;
  right.objects.erase(right.objects.begin(), right.objects.begin() + 2);
  const auto found = compare_with(right);
  EXPECT_THAT(found.changes, IsEmpty());
  ASSERT_THAT(found.not_compared, SizeIs(1));
  EXPECT_TRUE(found.unknown());
  EXPECT_EQ(found.not_compared[0].reason, "live: forbidden");
}

TEST(CompareBackups, AKindOfADeadGroupIsUnknownNotGone) {
  Backup right = small_backup();
  right.coverage.pop_back();
  right.objects.pop_back();
  right.dead_groups = {{"example.com/v1", "does not answer", false}};
  const auto found = compare_with(right);
  EXPECT_THAT(found.changes, IsEmpty());
  EXPECT_TRUE(found.unknown());
}

// The group's name ends like the dead one's, and is another.
TEST(CompareBackups, ADeadGroupHidesNoKindOfAnotherOne) {
  Backup left = small_backup();
  left.coverage.push_back(
      coverage("carts.shop.example.com", "shop.example.com/v1", "Cart", "carts.shop.example.com"));
  left.objects.push_back(kept("shop.example.com/v1", "Cart", "c"));
  Backup right = small_backup();
  right.dead_groups = {{"example.com/v1", "does not answer", false}};
  const auto found = compare(left, right, "live");
  ASSERT_THAT(found.changes, SizeIs(1));
  EXPECT_EQ(found.changes[0].key.display(), "Cart.shop.example.com/c");
}

TEST(CompareBackups, AKindThatIsNoLongerServedIsGone) {
  Backup right = small_backup();
  right.coverage.pop_back();
  right.objects.pop_back();
  const auto found = compare_with(right);
  ASSERT_THAT(found.changes, SizeIs(1));
  EXPECT_EQ(found.changes[0].key.display(), "Widget.example.com/w");
  EXPECT_EQ(found.changes[0].change, Change::removed);
  EXPECT_FALSE(found.unknown());
}

TEST(CompareBackups, AKindThatNobodyAskedForIsNotCompared) {
  Backup right = small_backup();
  right.selection.kinds = {"cm", "deploy"};
  right.coverage.pop_back();
  right.objects.pop_back();
  const auto found = compare_with(right);
  EXPECT_THAT(found.changes, IsEmpty());
  ASSERT_THAT(found.not_compared, SizeIs(1));
  EXPECT_FALSE(found.unknown());
}

TEST(CompareBackups, ExclusionsOfEitherSideCount) {
  Backup right = small_backup();
  right.objects.erase(right.objects.begin());
  right.coverage[0].count = 1;
  right.selection.exclude = {"cm/a*"};
  EXPECT_THAT(compare_with(right).changes, IsEmpty());
}

TEST(CompareBackups, NodePortsCountOnOneClusterOnly) {
  const auto with_port = [](int port) {
    Backup backup = small_backup();
    backup.coverage.push_back(coverage("services", "v1", "Service", "svc"));
    backup.objects.push_back(
        kept("v1", "Service", "s",
             {{"spec",
               {{"ports", Json::array({{{"name", "http"}, {"port", 80}, {"nodePort", port}}})}}}}));
    return backup;
  };
  Backup right = with_port(30002);
  EXPECT_THAT(compare(with_port(30001), right, "live").changes, SizeIs(1));
  right.provenance.cluster_uid = "uid-2";
  EXPECT_THAT(compare(with_port(30001), right, "live").changes, IsEmpty());
}

TEST(CompareBackups, DifferentNamespacesAreRefused) {
  Backup right = small_backup();
  right.provenance.ns = "another";
  EXPECT_THROW(compare_with(right), Error);
}

TEST(CompareBackups, ANewApiVersionOfAKindIsAChangeOfTheObject) {
  Backup right = small_backup();
  right.coverage[2].api_version = "example.com/v2";
  right.objects[3]["apiVersion"] = "example.com/v2";
  const auto found = compare_with(right);
  ASSERT_THAT(found.changes, SizeIs(1));
  EXPECT_EQ(found.changes[0].differences.at(0).pointer, "/apiVersion");
}

}  // namespace
}  // namespace dr::backup
