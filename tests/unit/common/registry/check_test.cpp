#include "common/registry/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/registry/fake_registry.hpp"

namespace dr::registry {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string k_app = image_of("app", '1').text();
const std::string k_gone = image_of("app", '9').text();

// --- From the inventory

TEST(CheckTest, AnImageInTheInventoryIsPresent) {
  const auto checks = check_images(
      lkg_of({{"app", k_app}}), make_inventory({listed(make_row("app", '1', {"v1", "latest"}))}));
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_EQ(checks[0].image.component, "Deployment/app");
  EXPECT_EQ(checks[0].image.container, "main");
  EXPECT_EQ(checks[0].image.reference, k_app);
  EXPECT_EQ(checks[0].finding.verdict, Verdict::present);
  EXPECT_THAT(checks[0].finding.listed->tags(), ElementsAre("latest", "v1"));
  EXPECT_EQ(checks[0].as_of, k_listed_at);
}

// It may have been pushed after the inventory: only NOT_FOUND makes it missing.
TEST(CheckTest, AnImageThatTheInventoryLacksIsUnknown) {
  const auto checks =
      check_images(lkg_of({{"app", k_gone}}), make_inventory({listed(make_row("app", '1'))}));
  EXPECT_EQ(checks[0].finding.verdict, Verdict::unknown);
  EXPECT_THAT(checks[0].finding.next_step, HasSubstr("--live"));
  EXPECT_EQ(exit_code_of(checks), ExitCode::incomplete);
}

TEST(CheckTest, WhatTheInventoryCannotTellIsUnknown) {
  Inventory inventory = make_inventory({listed(make_row("app", '1'))});
  inventory.repos.emplace_back("failed-repo");
  inventory.errors["failed-repo"] = "UNAVAILABLE: x";
  const std::string project = "us-east4-docker.pkg.dev/agenttrader-prod/";
  const auto checks = check_images(
      lkg_of(
          {{"github", "ghcr.io/team/app@" + digest_of('1')},
           {"failed", project + "failed-repo/app@" + digest_of('1')},
           {"outside", project + "third-repo/app@" + digest_of('1')},
           {"far", "us-east1-docker.pkg.dev/agenttrader-prod/trader-repo/app@" + digest_of('1')}}),
      inventory);
  ASSERT_THAT(checks, SizeIs(4));
  for (const auto& check : checks) EXPECT_EQ(check.finding.verdict, Verdict::unknown);
  EXPECT_THAT(checks[0].finding.reason, HasSubstr("ghcr.io"));
  EXPECT_THAT(checks[1].finding.reason, HasSubstr("UNAVAILABLE: x"));
  EXPECT_THAT(checks[2].finding.reason, HasSubstr("third-repo"));
  EXPECT_THAT(checks[3].finding.reason, HasSubstr("us-east1"));
}

// A rename keeps the digest: worth knowing, but the name of the LKG cannot be pulled.
TEST(CheckTest, TheSameDigestUnderAnotherNameIsAHint) {
  const auto checks = check_images(lkg_of({{"app", image_of("old-name", '1').text()}}),
                                   make_inventory({listed(make_row("app", '1'))}));
  EXPECT_EQ(checks[0].finding.verdict, Verdict::unknown);
  EXPECT_THAT(checks[0].finding.other_names, ElementsAre(k_repository.path() + "/app"));
}

// An init container that cannot be pulled stops its pod too.
TEST(CheckTest, InitContainersAreImagesToo) {
  auto lkg = lkg_of({{"app", k_app}});
  Json& spec = lkg.objects[0]["spec"]["template"]["spec"];
  spec["initContainers"] = Json::array({{{"name", "migrate"}, {"image", k_gone}}});
  const auto images = images_of(lkg);
  ASSERT_THAT(images, SizeIs(2));
  std::vector<std::string> references = {images[0].reference, images[1].reference};
  EXPECT_THAT(references, testing::UnorderedElementsAre(k_app, k_gone));
}

// --- In the registry

class LiveCheckTest : public testing::Test {
 protected:
  LiveCheckTest() { registry.rows[k_repository.path()] = {make_row("app", '1', {"v1"})}; }

  Finding find(const std::string& reference) {
    const auto checks =
        check_images_live(lkg_of({{"x", reference}}), registry.gcloud(), k_listed_at);
    return checks.at(0).finding;
  }

  FakeRegistry registry;
};

TEST_F(LiveCheckTest, AListedImageIsPresentAndNotAskedForAgain) {
  const auto finding = find(k_app);
  EXPECT_EQ(finding.verdict, Verdict::present);
  EXPECT_THAT(finding.listed->tags(), ElementsAre("v1"));
  EXPECT_THAT(registry.runner.commands(), SizeIs(1));
}

TEST_F(LiveCheckTest, MissingIsWhatIsNotFoundByDigest) {
  registry.describe_errors[digest_of('9')] = k_not_found;
  const auto finding = find(image_of("team/app", '9').text());
  EXPECT_EQ(finding.verdict, Verdict::missing);
  EXPECT_THAT(finding.next_step, HasSubstr("rebuild"));
  EXPECT_THAT(registry.calls({"artifacts", "versions", "describe"}),
              ElementsAre(ElementsAre("artifacts", "versions", "describe", digest_of('9'),
                                      "--package=team/app", "--repository=trader-repo",
                                      "--location=us-east4", "--project=agenttrader-prod",
                                      "--format=json")));
}

TEST_F(LiveCheckTest, EveryOtherAnswerIsUnknown) {
  for (const std::string words :
       {"PERMISSION_DENIED: x (or it may not exist)", "UNAUTHENTICATED: x", "UNAVAILABLE: x",
        "INTERNAL: x", "HTTPError 404: <html>", "HTTPError 429: x", "FAILED_PRECONDITION: x",
        "Image not found."}) {
    registry.describe_errors[digest_of('9')] = words;
    const auto finding = find(k_gone);
    EXPECT_EQ(finding.verdict, Verdict::unknown) << words;
    EXPECT_EQ(finding.reason, words);
  }
}

TEST_F(LiveCheckTest, ADescriptionOfSomethingElseIsUnknown) {
  for (const std::string out : {"", "[]", "{}", "{\"name\": \"projects/p/versions/sha256:0\"}"}) {
    registry.runner.push(succeeded("[]"));
    registry.runner.push(succeeded(out));
    EXPECT_EQ(find(k_gone).verdict, Verdict::unknown) << out;
  }
}

// It was pushed while the repository was listed.
TEST_F(LiveCheckTest, ADescribedImageIsPresent) {
  EXPECT_EQ(find(k_gone).verdict, Verdict::present);
}

TEST_F(LiveCheckTest, AListingThatFailedMakesItsImagesUnknown) {
  registry.list_errors[k_repository.path()] = "UNAVAILABLE: x";
  const auto finding = find(k_app);
  EXPECT_EQ(finding.verdict, Verdict::unknown);
  EXPECT_EQ(finding.reason, "UNAVAILABLE: x");
  EXPECT_THAT(registry.calls({"artifacts", "versions"}), IsEmpty());
}

// The repository itself was deleted; each image is still asked for by digest.
TEST_F(LiveCheckTest, ARepositoryThatIsGoneMakesItsImagesMissing) {
  registry.list_errors[k_repository.path()] = k_not_found;
  registry.describe_errors[digest_of('1')] = k_not_found;
  EXPECT_EQ(find(k_app).verdict, Verdict::missing);
}

TEST_F(LiveCheckTest, HintsComeFromEveryListedRepository) {
  registry.describe_errors[digest_of('4')] = k_not_found;
  const Repository other{"us-east4", "agenttrader-prod", "other-repo"};
  Json row = make_row("tool", '4');
  row["package"] = other.path() + "/tool";
  registry.rows[other.path()] = {row};
  const auto checks = check_images_live(lkg_of({{"a", image_of("tool", '4').text()},
                                                {"b", other.path() + "/tool@" + digest_of('4')}}),
                                        registry.gcloud(), k_listed_at);
  EXPECT_EQ(checks[0].finding.verdict, Verdict::missing);
  EXPECT_THAT(checks[0].finding.other_names, ElementsAre(other.path() + "/tool"));
}

TEST_F(LiveCheckTest, AnImageOfTwoWorkloadsIsAskedForOnce) {
  registry.describe_errors[digest_of('9')] = k_not_found;
  const auto checks =
      check_images_live(lkg_of({{"a", k_gone}, {"b", k_gone}}), registry.gcloud(), k_listed_at);
  EXPECT_THAT(checks, SizeIs(2));
  EXPECT_THAT(registry.runner.commands(), SizeIs(2));
}

TEST_F(LiveCheckTest, OfAnotherRegistryNothingIsAsked) {
  EXPECT_EQ(find("ghcr.io/team/app@" + digest_of('1')).verdict, Verdict::unknown);
  EXPECT_THAT(registry.runner.commands(), IsEmpty());
}

TEST(CheckExitCodeTest, TheHigherDangerWins) {
  const auto code = [](const std::vector<Verdict>& verdicts) {
    std::vector<ImageCheck> checks(verdicts.size());
    for (std::size_t i = 0; i < verdicts.size(); ++i) checks[i].finding.verdict = verdicts[i];
    return exit_code_of(checks);
  };
  EXPECT_EQ(code({Verdict::present}), ExitCode::ok);
  EXPECT_EQ(code({Verdict::present, Verdict::missing}), ExitCode::failed);
  EXPECT_EQ(code({Verdict::unknown, Verdict::missing}), ExitCode::incomplete);
}

}  // namespace
}  // namespace dr::registry
