#include "common/registry/listing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/registry/fake_registry.hpp"

namespace dr::registry {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Repository k_other{"us-east4", "agenttrader-prod", "other-repo"};

// What gcloud prints when its listing of one repository is `out`.
Listing list_one(const os::ProcessResult& result) {
  FakeProcessRunner runner;
  runner.push(result);
  const gcloud::Gcloud gcloud(runner, os::Environment({}), "/opt/gcloud");
  return list_repositories({&k_repository, 1}, gcloud).front();
}

TEST(ListingTest, IsOneCallForEachRepository) {
  FakeRegistry registry;
  registry.rows[k_repository.path()] = {make_row("app", '1')};
  registry.rows[k_other.path()] = {};
  const std::vector<Repository> repositories = {k_repository, k_other};
  const auto listings = list_repositories(repositories, registry.gcloud());
  ASSERT_THAT(listings, SizeIs(2));
  EXPECT_THAT(listings[0].images, SizeIs(1));
  EXPECT_THAT(listings[1].images, IsEmpty());
  EXPECT_FALSE(listings[1].error);
  ASSERT_THAT(registry.runner.commands(), SizeIs(2));
  EXPECT_THAT(registry.runner.commands()[0].args,
              ElementsAre("artifacts", "docker", "images", "list", k_repository.path(),
                          "--include-tags", "--page-size=1000", "--format=json"));
}

// An empty list would say that every image is gone.
TEST(ListingTest, AFailureIsNeverAnEmptyRepository) {
  os::ProcessResult late = succeeded("[]");
  late.timed_out = true;
  const std::string row = make_row("app", '1').dump();
  Json of_other = make_row("app", '1');
  of_other["package"] = k_other.path() + "/app";
  for (const auto& result :
       {failed(1, "ERROR: (gcloud.x) UNAVAILABLE: x"), failed(1, ""), late, succeeded(""),
        succeeded("{}"), succeeded("null"), succeeded("[" + row), succeeded("[" + row + "] []"),
        succeeded("[" + row + ", {}]"), succeeded("[" + of_other.dump() + "]")}) {
    const auto listing = list_one(result);
    EXPECT_TRUE(listing.error) << result.out;
    EXPECT_THAT(listing.images, IsEmpty()) << result.out;
  }
}

TEST(SnapshotTest, HoldsWhatCouldBeReadAndNamesTheRest) {
  FakeRegistry registry;
  registry.rows[k_repository.path()] = {make_row("app", '2'), make_row("app", '1', {"v1"})};
  registry.list_errors[k_other.path()] = "PERMISSION_DENIED: no (a@example.com)";
  const std::vector<Repository> repositories = {k_other, k_repository};
  const auto snapshot = take_snapshot(repositories, registry.gcloud(), k_listed_at);
  const auto& inventory = snapshot.inventory;
  EXPECT_EQ(inventory.time, k_listed_at);
  EXPECT_THAT(inventory.repos, ElementsAre("other-repo", "trader-repo"));
  ASSERT_THAT(inventory.images, SizeIs(2));
  EXPECT_EQ(inventory.images[0].digest(), digest_of('1'));
  EXPECT_EQ(inventory.errors.at("other-repo"), "PERMISSION_DENIED: no (***)");
  EXPECT_EQ(snapshot.reasons.at("other-repo"), gcloud::Reason::forbidden);
  EXPECT_NO_THROW(parse_inventory(inventory_text(inventory), "what was written"));
}

TEST(FindImageTest, ComparesNameAndDigest) {
  const auto images = sorted_images({listed(make_row("team/app", '1')),
                                     listed(make_row("app", '1')), listed(make_row("app", '3'))});
  EXPECT_EQ(find_image(images, image_of("team/app", '1'))->text(),
            image_of("team/app", '1').text());
  EXPECT_EQ(find_image(images, image_of("app", '2')), nullptr);
  EXPECT_EQ(find_image(images, image_of("team", '1')), nullptr);
  EXPECT_EQ(find_image({}, image_of("app", '1')), nullptr);
  EXPECT_THAT(other_names_of(images, image_of("old", '1')),
              ElementsAre(k_repository.path() + "/app", k_repository.path() + "/team/app"));
  EXPECT_THAT(other_names_of(images, image_of("app", '3')), IsEmpty());
}

}  // namespace
}  // namespace dr::registry
