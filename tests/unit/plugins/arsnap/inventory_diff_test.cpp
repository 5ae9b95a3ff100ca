#include "plugins/arsnap/inventory_diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/registry/registry_builder.hpp"

namespace dr::arsnap {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// "came app@1", "tag-moved app@2 v1" and so on.
std::vector<std::string> lines_of(const InventoryDiff& diff) {
  std::vector<std::string> lines;
  for (const auto& change : diff.changes) {
    const auto slash = change.image.rfind('/');
    const auto colon = change.image.rfind(':');
    std::string line = std::string(name_of(change.change)) + " " +
                       change.image.substr(slash + 1, change.image.find('@') - slash) +
                       change.image[colon + 1];
    if (!change.tag.empty()) line += " " + change.tag;
    lines.push_back(line);
  }
  return lines;
}

TEST(InventoryDiffTest, EqualImagesAreNoDifference) {
  auto later = make_inventory({listed(make_row("app", '1', {"a", "b"}))});
  later.time += std::chrono::hours(1);
  const auto diff = compare(make_inventory({listed(make_row("app", '1', {"b", "a"}))}), later);
  EXPECT_THAT(diff.changes, IsEmpty());
  EXPECT_THAT(diff.not_compared, IsEmpty());
}

TEST(InventoryDiffTest, ImagesComeAndGo) {
  const auto diff =
      compare(make_inventory({listed(make_row("app", '1', {"v1"})), listed(make_row("app", '2'))}),
              make_inventory({listed(make_row("app", '2')), listed(make_row("new", '1', {"v1"}))}));
  EXPECT_THAT(lines_of(diff), ElementsAre("came new@1", "went app@1"));
  EXPECT_THAT(diff.changes[0].tags, ElementsAre("v1"));
}

TEST(InventoryDiffTest, TagsAreAddedRemovedAndMoved) {
  const auto diff = compare(make_inventory({listed(make_row("app", '1', {"latest", "old"})),
                                            listed(make_row("app", '2'))}),
                            make_inventory({listed(make_row("app", '1')),
                                            listed(make_row("app", '2', {"latest", "x"}))}));
  EXPECT_THAT(lines_of(diff),
              ElementsAre("tag-moved app@2 latest", "tag-added app@2 x", "tag-removed app@1 old"));
  EXPECT_EQ(diff.changes[0].old_image, image_of("app", '1').text());
}

// Whoever deploys by tag gets another image now, also when the old one is gone.
TEST(InventoryDiffTest, ATagThatMovedToANewImageIsTold) {
  const auto diff = compare(make_inventory({listed(make_row("app", '1', {"latest"}))}),
                            make_inventory({listed(make_row("app", '2', {"latest"}))}));
  EXPECT_THAT(lines_of(diff), ElementsAre("came app@2", "went app@1", "tag-moved app@2 latest"));
}

// A repository that could not be read would look like one whose images all went.
TEST(InventoryDiffTest, WhatIsNotWholeInBothIsNotCompared) {
  const auto before = make_inventory({listed(make_row("app", '1'))});
  auto failed = make_inventory({});
  failed.errors["trader-repo"] = "UNAVAILABLE: x";
  const auto diff = compare(before, failed);
  EXPECT_THAT(diff.changes, IsEmpty());
  EXPECT_THAT(diff.not_compared, ElementsAre(HasSubstr("UNAVAILABLE: x")));
  EXPECT_THAT(compare(failed, before).not_compared, SizeIs(1));

  auto other = make_inventory({});
  other.repos = {"other-repo"};
  EXPECT_THAT(compare(before, other).changes, IsEmpty());
  EXPECT_THAT(compare(before, other).not_compared,
              ElementsAre(HasSubstr("other-repo"), HasSubstr("trader-repo")));
  auto far = before;
  far.location = "us-east1";
  far.images.clear();
  EXPECT_THAT(compare(before, far).changes, IsEmpty());
  EXPECT_THAT(compare(before, far).not_compared, SizeIs(2));
}

}  // namespace
}  // namespace dr::arsnap
