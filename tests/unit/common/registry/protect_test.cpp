#include "common/registry/protect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/registry/fake_registry.hpp"

namespace dr::registry {
namespace {

using namespace dr::test;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string k_tag_1 = "lkg-111111111111";

class ProtectTest : public testing::Test {
 protected:
  std::vector<TagStep> plan(const std::vector<RegistryImage>& images) {
    return plan_tags(images, search_live(images, registry.gcloud()));
  }
  std::vector<TagStep> protect(const std::vector<RegistryImage>& images) {
    return apply_tags(plan(images), registry.gcloud());
  }
  std::vector<std::vector<std::string>> writes() const {
    return registry.calls({"artifacts", "tags"});
  }

  FakeRegistry registry;
  std::vector<Json>& rows = registry.rows[k_repository.path()];
};

TEST_F(ProtectTest, CreatesTheTagInOneCall) {
  rows = {make_row("team/app", '1', {"v1"})};
  const auto steps = protect({image_of("team/app", '1')});
  EXPECT_EQ(steps[0].action, TagAction::create);
  EXPECT_TRUE(steps[0].carries_tag);
  EXPECT_THAT(writes(), ElementsAre(ElementsAre(
                            "artifacts", "tags", "create", k_tag_1, "--version=" + digest_of('1'),
                            "--package=team%2Fapp", "--repository=trader-repo",
                            "--location=us-east4", "--project=agenttrader-prod", "--format=json")));
}

TEST_F(ProtectTest, APlanWritesNothing) {
  rows = {make_row("app", '1')};
  EXPECT_EQ(plan({image_of("app", '1')})[0].action, TagAction::create);
  EXPECT_THAT(writes(), IsEmpty());
}

TEST_F(ProtectTest, ATagThatIsThereIsLeft) {
  rows = {make_row("app", '1', {k_tag_1})};
  const auto steps = protect({image_of("app", '1')});
  EXPECT_EQ(steps[0].action, TagAction::none);
  EXPECT_TRUE(steps[0].carries_tag);
  EXPECT_THAT(writes(), IsEmpty());
}

// Never deleted first: a failure between the two would lose the tag.
TEST_F(ProtectTest, ATagOnAnotherDigestIsMoved) {
  rows = {make_row("app", '1'), make_row("app", '2', {k_tag_1})};
  EXPECT_TRUE(protect({image_of("app", '1')})[0].carries_tag);
  ASSERT_THAT(writes(), SizeIs(1));
  EXPECT_THAT(writes()[0], Contains("update"));
}

TEST_F(ProtectTest, TheSameTagOfAnotherPackageIsNoConflict) {
  rows = {make_row("app", '1'), make_row("other", '2', {k_tag_1})};
  EXPECT_EQ(plan({image_of("app", '1')})[0].action, TagAction::create);
}

TEST_F(ProtectTest, AMissingImageIsNotTagged) {
  registry.describe_errors[digest_of('9')] = k_not_found;
  const auto steps = protect({image_of("app", '9')});
  EXPECT_EQ(steps[0].verdict, Verdict::missing);
  EXPECT_FALSE(steps[0].carries_tag);
  EXPECT_THAT(writes(), IsEmpty());
}

TEST_F(ProtectTest, ARefusedTagHidesNoOther) {
  rows = {make_row("app", '1'), make_row("app", '2')};
  registry.tag_errors[k_tag_1] = "PERMISSION_DENIED: x";
  const auto steps = protect({image_of("app", '1'), image_of("app", '2')});
  EXPECT_FALSE(steps[0].carries_tag);
  EXPECT_EQ(steps[0].reason, "PERMISSION_DENIED: x");
  EXPECT_TRUE(steps[1].carries_tag);
}

// gcloud's exit code alone proves nothing about which digest the tag is on.
TEST_F(ProtectTest, AnAnswerAboutAnotherDigestIsNoSuccess) {
  rows = {make_row("app", '1')};
  const auto steps = plan({image_of("app", '1')});
  registry.runner.push(succeeded(Json{{"version", "x/versions/" + digest_of('2')}}.dump()));
  EXPECT_FALSE(apply_tags(steps, registry.gcloud())[0].carries_tag);
  registry.runner.push(succeeded(""));
  EXPECT_FALSE(apply_tags(steps, registry.gcloud())[0].carries_tag);
}

// Two runs at once: the other one made the tag between our listing and our write.
TEST_F(ProtectTest, ATagThatAppearedMeanwhileIsLookedAtAgain) {
  registry.tag_errors[k_tag_1] = "ALREADY_EXISTS: x";
  rows = {make_row("app", '1')};
  auto steps = plan({image_of("app", '1')});
  rows = {make_row("app", '1', {k_tag_1})};
  const auto same = apply_tags(steps, registry.gcloud());
  EXPECT_TRUE(same[0].carries_tag);
  EXPECT_EQ(same[0].reason, "");
  EXPECT_THAT(registry.calls({"artifacts", "tags", "update"}), IsEmpty());

  rows = {make_row("app", '1'), make_row("app", '2', {k_tag_1})};
  const auto moved = apply_tags(steps, registry.gcloud());
  EXPECT_TRUE(moved[0].carries_tag);
  EXPECT_EQ(moved[0].action, TagAction::move);

  rows = {make_row("app", '1')};
  const auto odd = apply_tags(steps, registry.gcloud());
  EXPECT_FALSE(odd[0].carries_tag);
  EXPECT_EQ(odd[0].reason, "ALREADY_EXISTS: x");
}

// The listing does not show which index an image belongs to.
TEST_F(ProtectTest, APossiblePartOfAnIndexIsMarked) {
  Json part = make_row("app", '1');
  part["metadata"]["mediaType"] = "application/vnd.oci.image.manifest.v1+json";
  Json tagged = make_row("app", '2', {"v2"});
  tagged["metadata"]["mediaType"] = part["metadata"]["mediaType"];
  rows = {part, tagged, make_row("app", '3')};
  const auto steps = plan({image_of("app", '1'), image_of("app", '2'), image_of("app", '3')});
  EXPECT_TRUE(steps[0].may_be_part);
  EXPECT_FALSE(steps[1].may_be_part);
  EXPECT_FALSE(steps[2].may_be_part);
}

}  // namespace
}  // namespace dr::registry
