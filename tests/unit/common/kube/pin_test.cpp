#include "common/kube/pin.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "common/base/error.hpp"
#include "common/kube/detail.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Json k_owner = make_deployment("web", 1);

// A pod of the template whose main containers run `image_id`.
Json pod_of(const Json& pod_template, const std::string& name,
            const std::string& image_id = "docker.io/library/web@" + k_digest_a) {
  return make_pod(k_owner, name, pod_template.at("spec"), image_id);
}

// By brief pods, as a capture does.
std::vector<PinnedImage> pin(const Json& pod_template, std::vector<Json> pods) {
  std::vector<const Json*> pointers;
  for (Json& pod : pods) {
    reduce(pod, Detail::brief);
    pointers.push_back(&pod);
  }
  return pin_images(pod_template, pointers);
}

// The pin of the only container.
PinnedImage pin_one(const Json& pod_template, const std::vector<Json>& pods) {
  const std::vector<PinnedImage> pins = pin(pod_template, pods);
  EXPECT_EQ(pins.size(), 1U);
  return pins.at(0);
}

Json& first_status(Json& pod) {
  return pod["status"]["containerStatuses"][0];
}

// --- Pinned

TEST(Pin, TakesTheDigestThatEveryPodRuns) {
  const Json pod_template = make_template("web:1");
  const PinnedImage image =
      pin_one(pod_template, {pod_of(pod_template, "a"), pod_of(pod_template, "b")});
  EXPECT_EQ(image.container, "web");
  EXPECT_FALSE(image.init);
  EXPECT_EQ(image.original, "web:1");
  EXPECT_EQ(image.pinned, "web@" + k_digest_a);
  EXPECT_EQ(image.refusal, "");
  EXPECT_THAT(image.notes, IsEmpty());
  EXPECT_THAT(image.pods, ElementsAre("a", "b"));
}

struct Repositories {
  std::string original;
  std::string image_id;
  std::string pinned;
};

void PrintTo(const Repositories& repositories, std::ostream* out) {
  *out << repositories.original;
}

class PinRepository : public testing::TestWithParam<Repositories> {};

TEST_P(PinRepository, IsComparedCompletedAndKeptAsWritten) {
  const Json pod_template = make_template(GetParam().original);
  const PinnedImage image = pin_one(pod_template, {pod_of(pod_template, "a", GetParam().image_id)});
  EXPECT_EQ(image.pinned, GetParam().pinned) << image.refusal;
}

INSTANTIATE_TEST_SUITE_P(
    Forms, PinRepository,
    testing::Values(
        Repositories{"nginx", "docker.io/library/nginx@" + k_digest_a, "nginx@" + k_digest_a},
        Repositories{"nginx:1", "docker-pullable://nginx@" + k_digest_a, "nginx@" + k_digest_a},
        Repositories{"library/nginx:1", "docker.io/library/nginx@" + k_digest_a,
                     "library/nginx@" + k_digest_a},
        Repositories{"index.docker.io/org/app:1", "docker.io/org/app@" + k_digest_a,
                     "index.docker.io/org/app@" + k_digest_a},
        Repositories{"registry:5000/app:1", "registry:5000/app@" + k_digest_a,
                     "registry:5000/app@" + k_digest_a},
        Repositories{"us-docker.pkg.dev/p/r/web:1", "us-docker.pkg.dev/p/r/web@" + k_digest_a,
                     "us-docker.pkg.dev/p/r/web@" + k_digest_a}));

TEST(Pin, DigestInTheTemplateIsKeptAsWritten) {
  const std::string original = "web:1@" + k_digest_a;
  const Json pod_template = make_template(original);
  const PinnedImage image = pin_one(pod_template, {pod_of(pod_template, "a")});
  EXPECT_EQ(image.pinned, original);
  EXPECT_THAT(image.pods, ElementsAre("a"));
  EXPECT_THAT(image.notes, IsEmpty());
}

TEST(Pin, DigestInTheTemplateNeedsNoPod) {
  const std::string original = "web@" + k_digest_a;
  EXPECT_EQ(pin_one(make_template(original), {}).pinned, original);
}

TEST(Pin, DigestInTheTemplateStandsAgainstAnotherReport) {
  // An index in the template, its manifest for one platform in the status.
  const std::string original = "web@" + k_digest_a;
  const Json pod_template = make_template(original);
  const PinnedImage image =
      pin_one(pod_template, {pod_of(pod_template, "a", "docker.io/library/web@" + k_digest_b)});
  EXPECT_EQ(image.pinned, original);
  EXPECT_THAT(image.pods, IsEmpty());
  EXPECT_THAT(image.notes,
              ElementsAre(AllOf(HasSubstr("pod a on node-of-a"), HasSubstr(k_digest_b))));
}

TEST(Pin, AnotherPodCoversAnUnusableOne) {
  const Json pod_template = make_template("web:1");
  const PinnedImage image =
      pin_one(pod_template, {pod_of(pod_template, "a", k_digest_b), pod_of(pod_template, "b")});
  EXPECT_EQ(image.pinned, "web@" + k_digest_a);
  EXPECT_THAT(image.pods, ElementsAre("b"));
  EXPECT_THAT(image.notes, ElementsAre(HasSubstr("pod a on node-of-a")));
}

TEST(Pin, InjectedAndEphemeralContainersAreIgnored) {
  const Json pod_template = make_template("web:1");
  Json pod = pod_of(pod_template, "a");
  pod["spec"]["containers"].push_back(make_container("injected", "proxy:1"));
  pod["status"]["containerStatuses"].push_back(running_status("injected", k_digest_b));
  pod["spec"]["ephemeralContainers"] = Json::array({make_container("debug", "busybox")});
  pod["status"]["ephemeralContainerStatuses"] = Json::array({running_status("web", k_digest_b)});
  EXPECT_EQ(pin_one(pod_template, {pod}).pinned, "web@" + k_digest_a);
}

// --- Init containers, sidecars, Jobs

class PinInit : public testing::Test {
 protected:
  // The pin of the init container of a pod in which it has that state.
  PinnedImage pin_in_state(const Json& state) {
    m_template["spec"]["initContainers"] = Json::array({m_init});
    Json pod = pod_of(m_template, "a");
    Json status = running_status("setup", "docker.io/library/setup@" + k_digest_b);
    status["state"] = state;
    pod["status"]["initContainerStatuses"] = Json::array({status});
    const std::vector<PinnedImage> pins = pin(m_template, {pod});
    EXPECT_EQ(pins.size(), 2U);
    EXPECT_EQ(pins.at(0).pinned, "web@" + k_digest_a);
    EXPECT_TRUE(pins.at(1).init);
    return pins.at(1);
  }

  const Json m_running = {{"running", Json::object()}};
  Json m_template = make_template("web:1");
  Json m_init = make_container("setup", "setup:1");
};

TEST_F(PinInit, PlainOneCountsWhenItEndedWithZero) {
  EXPECT_EQ(pin_in_state(ended_state(0)).pinned, "setup@" + k_digest_b);
  EXPECT_THAT(pin_in_state(ended_state(1, "Error")).refusal, HasSubstr("ended with exit code 1"));
}

TEST_F(PinInit, SidecarMustRun) {
  m_init["restartPolicy"] = "Always";
  EXPECT_EQ(pin_in_state(m_running).pinned, "setup@" + k_digest_b);
  EXPECT_THAT(pin_in_state(ended_state(0)).refusal, HasSubstr("ended with exit code 0"));
}

TEST(Pin, JobContainerCountsWhenItEndedWithZero) {
  Json pod_template = make_template("web:1");
  Json pod = pod_of(pod_template, "a");
  first_status(pod)["state"] = ended_state(0);
  EXPECT_THAT(pin_one(pod_template, {pod}).refusal, HasSubstr("ended with exit code 0"));

  for (const char* policy : {"Never", "OnFailure"}) {
    pod_template["spec"]["restartPolicy"] = policy;
    EXPECT_EQ(pin_one(pod_template, {pod}).pinned, "web@" + k_digest_a);
  }
  first_status(pod)["state"] = ended_state(2, "Error");
  EXPECT_THAT(pin_one(pod_template, {pod}).refusal, HasSubstr("ended with exit code 2"));
}

// --- Refused

TEST(Pin, MixedDigestsAreRefusedWithPodAndNode) {
  const Json pod_template = make_template("web:1");
  const PinnedImage image =
      pin_one(pod_template, {pod_of(pod_template, "a"), pod_of(pod_template, "b"),
                             pod_of(pod_template, "c", "docker.io/library/web@" + k_digest_b)});
  EXPECT_EQ(image.pinned, "");
  EXPECT_THAT(image.pods, IsEmpty());
  EXPECT_EQ(image.refusal,
            "the pods run different digests: pod a on node-of-a runs docker.io/library/web@" +
                k_digest_a + ", and 1 more; pod c on node-of-c runs docker.io/library/web@" +
                k_digest_b);
}

TEST(Pin, RewrittenImageIsRefused) {
  for (const std::string& original : {std::string("web:1"), "web@" + k_digest_a}) {
    const Json pod_template = make_template(original);
    Json pod = pod_of(pod_template, "b");
    pod["spec"]["containers"][0]["image"] = "mirror.local/" + original;
    const PinnedImage image = pin_one(pod_template, {pod_of(pod_template, "a"), pod});
    EXPECT_EQ(image.pinned, "");
    EXPECT_THAT(image.refusal,
                AllOf(HasSubstr("pod b on node-of-b has image \"mirror.local/" + original),
                      HasSubstr("the template says \"" + original)));
  }
}

TEST(Pin, MissingContainerIsRefused) {
  const Json pod_template = make_template("web:1");
  Json pod = pod_of(pod_template, "a");
  pod["spec"]["containers"][0]["name"] = "other";
  EXPECT_THAT(pin_one(pod_template, {pod}).refusal,
              HasSubstr("pod a on node-of-a has no such container"));
}

TEST(Pin, InventedRepositoryIsRefused) {
  const Json pod_template = make_template("web:1");
  const PinnedImage image =
      pin_one(pod_template,
              {pod_of(pod_template, "a", "docker.io/library/import-2026-01-02@" + k_digest_a)});
  EXPECT_EQ(image.pinned, "");
  EXPECT_THAT(image.refusal,
              AllOf(HasSubstr("not an image of docker.io/library/web"),
                    HasSubstr("pod a on node-of-a runs docker.io/library/import-2026-01-02@")));
}

class PinUnusable : public testing::TestWithParam<std::string> {};

TEST_P(PinUnusable, ImageIdIsRefusedAndQuoted) {
  const Json pod_template = make_template("web:1");
  const PinnedImage image = pin_one(pod_template, {pod_of(pod_template, "a", GetParam())});
  EXPECT_EQ(image.pinned, "");
  EXPECT_THAT(image.refusal, HasSubstr("pod a on node-of-a imageID \"" + GetParam() +
                                       "\" names no repository digest"));
}

INSTANTIATE_TEST_SUITE_P(ImageIds, PinUnusable,
                         testing::Values("", k_digest_a, "docker://" + k_digest_a,
                                         std::string(64, 'a'), "docker.io/library/web:1"));

TEST(Pin, WaitingContainerIsNotTrusted) {
  // Its imageID is that of the instance before.
  const Json pod_template = make_template("web:1");
  for (const char* reason : {"CrashLoopBackOff", "ImagePullBackOff", "ContainerCreating"}) {
    const Json pod = spoiled(pod_of(pod_template, "a"), waiting_state(reason));
    EXPECT_EQ(pin_one(pod_template, {pod}).refusal,
              "no pod proves a digest: pod a on node-of-a waits (" + std::string(reason) + ")");
  }
}

TEST(Pin, PodWithoutStatusIsNotTrusted) {
  const Json pod_template = make_template("web:1");
  Json pod = pod_of(pod_template, "a");
  pod["status"].erase("containerStatuses");
  EXPECT_THAT(pin_one(pod_template, {pod}).refusal, HasSubstr("has no container status"));
}

TEST(Pin, TagWithoutPodIsRefused) {
  EXPECT_EQ(pin_one(make_template("web:1"), {}).refusal, "no pod runs it");
}

TEST(Pin, StatusImageIsNeverRead) {
  const Json pod_template = make_template("web:1");
  Json pod = pod_of(pod_template, "a", "");
  first_status(pod)["image"] = "docker.io/library/web@" + k_digest_a;
  EXPECT_EQ(pin_one(pod_template, {pod}).pinned, "");
}

TEST(Pin, BadReferenceIsARefusalOfThatContainerOnly) {
  Json pod_template = make_template("web:1");
  pod_template["spec"]["containers"].push_back(make_container("bad", "Bad:1"));
  const std::vector<PinnedImage> pins = pin(pod_template, {pod_of(pod_template, "a")});
  ASSERT_EQ(pins.size(), 2U);
  EXPECT_EQ(pins[0].pinned, "web@" + k_digest_a);
  EXPECT_THAT(pins[1].refusal, HasSubstr("\"Bad:1\" is not an image reference"));
}

// --- Image volumes

Json template_with_volume(const std::string& reference) {
  Json pod_template = make_template("web:1");
  pod_template["spec"]["volumes"] =
      Json::array({{{"name", "scratch"}, {"emptyDir", Json::object()}},
                   {{"name", "web"}, {"image", {{"reference", reference}}}}});
  return pod_template;
}

TEST(Pin, ImageVolumeMustBeByDigest) {
  const Json tagged = template_with_volume("model:1");
  const std::vector<PinnedImage> refused = pin(tagged, {pod_of(tagged, "a")});
  ASSERT_EQ(refused.size(), 2U);
  EXPECT_EQ(refused[1].container, "web");
  EXPECT_THAT(refused[1].refusal, HasSubstr("image volume \"model:1\" is not by digest"));

  const Json by_digest = template_with_volume("model@" + k_digest_b);
  const std::vector<PinnedImage> kept = pin(by_digest, {pod_of(by_digest, "a")});
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[1].pinned, "model@" + k_digest_b);
}

// --- Applying

TEST(Pin, ApplyWritesEveryContainer) {
  Json pod_template = make_template("web:1");
  pod_template["spec"]["containers"].push_back(make_container("proxy", "proxy@" + k_digest_b));
  pod_template["spec"]["initContainers"] = Json::array({make_container("setup", "web:1")});
  Json pod = pod_of(pod_template, "a");
  Json setup = running_status("setup", "docker.io/library/web@" + k_digest_a);
  setup["state"] = ended_state(0);
  pod["status"]["initContainerStatuses"] = Json::array({setup});

  apply_pins(pod_template, pin(pod_template, {pod}));
  EXPECT_THAT(images_of(pod_template),
              ElementsAre("web@" + k_digest_a, "proxy@" + k_digest_b, "web@" + k_digest_a));
}

TEST(Pin, ApplyDoesNotTakeAVolumeForAContainerOfItsName) {
  Json pod_template = template_with_volume("model@" + k_digest_b);
  apply_pins(pod_template, pin(pod_template, {pod_of(pod_template, "a")}));
  EXPECT_THAT(images_of(pod_template), ElementsAre("web@" + k_digest_a, "model@" + k_digest_b));
}

TEST(Pin, ApplyRefusesWhatIsNotPinnedAndChangesNothing) {
  Json pod_template = make_template("web:1");
  const Json before = pod_template;
  EXPECT_THROW(apply_pins(pod_template, pin(pod_template, {})), Error);
  EXPECT_THROW(apply_pins(pod_template, {}), Error);

  // Pins of another state of the template.
  const std::vector<PinnedImage> pins = pin(pod_template, {pod_of(pod_template, "a")});
  Json moved_on = make_template("web:2");
  EXPECT_THROW(apply_pins(moved_on, pins), Error);
  EXPECT_EQ(pod_template, before);
}

TEST(Pin, ImagesOfAnEmptyTemplate) {
  EXPECT_THAT(images_of(Json{{"spec", Json::object()}}), IsEmpty());
}

}  // namespace
}  // namespace dr::kube
