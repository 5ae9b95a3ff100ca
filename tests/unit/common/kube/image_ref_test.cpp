#include "common/kube/image_ref.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "common/base/error.hpp"

namespace dr::kube {
namespace {

const std::string k_hex(64, 'a');
const std::string k_sha = "sha256:" + k_hex;

TEST(Digest, IsSha256And64LowerCaseDigits) {
  ASSERT_TRUE(Digest::parse(k_sha));
  EXPECT_EQ(Digest::parse(k_sha)->text(), k_sha);
  EXPECT_EQ(*Digest::parse(k_sha), *Digest::parse(k_sha));
}

class NoDigest : public testing::TestWithParam<std::string> {};

TEST_P(NoDigest, IsRefused) {
  EXPECT_FALSE(Digest::parse(GetParam())) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(
    Texts, NoDigest,
    testing::Values("", "sha256:", k_hex, "sha256:" + std::string(32, 'a'),
                    "sha256:" + std::string(63, 'a'), "sha256:" + std::string(65, 'a'),
                    "sha256:" + std::string(64, 'A'), "sha256:" + std::string(64, 'g'),
                    "sha512:" + std::string(128, 'a'), k_sha + "\n", " " + k_sha));

struct Parsed {
  std::string text;
  std::string name;
  std::string tag;
  bool has_digest;
  std::string repository;
};

void PrintTo(const Parsed& parsed, std::ostream* out) {
  *out << parsed.text;
}

class ImageRefText : public testing::TestWithParam<Parsed> {};

TEST_P(ImageRefText, IsTakenApartAndCompleted) {
  const Parsed& expected = GetParam();
  const ImageRef ref = ImageRef::parse(expected.text);
  EXPECT_EQ(ref.name, expected.name);
  EXPECT_EQ(ref.tag, expected.tag);
  EXPECT_EQ(ref.digest.has_value(), expected.has_digest);
  EXPECT_EQ(ref.repository(), expected.repository);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ImageRefText,
    testing::Values(
        Parsed{"nginx", "nginx", "", false, "docker.io/library/nginx"},
        Parsed{"nginx:1.27", "nginx", "1.27", false, "docker.io/library/nginx"},
        Parsed{"library/nginx", "library/nginx", "", false, "docker.io/library/nginx"},
        Parsed{"docker.io/nginx", "docker.io/nginx", "", false, "docker.io/library/nginx"},
        Parsed{"index.docker.io/nginx", "index.docker.io/nginx", "", false,
               "docker.io/library/nginx"},
        Parsed{"index.docker.io/org/app:v1", "index.docker.io/org/app", "v1", false,
               "docker.io/org/app"},
        Parsed{"org/app", "org/app", "", false, "docker.io/org/app"},
        Parsed{"registry:5000/app:v1", "registry:5000/app", "v1", false, "registry:5000/app"},
        Parsed{"registry:5000/app", "registry:5000/app", "", false, "registry:5000/app"},
        Parsed{"registry:5000", "registry", "5000", false, "docker.io/library/registry"},
        Parsed{"localhost/app", "localhost/app", "", false, "localhost/app"},
        Parsed{"[::1]:5000/app:v1", "[::1]:5000/app", "v1", false, "[::1]:5000/app"},
        Parsed{"REGISTRY/app", "REGISTRY/app", "", false, "REGISTRY/app"},
        Parsed{"us-docker.pkg.dev/p/r/web:2026-01-02", "us-docker.pkg.dev/p/r/web", "2026-01-02",
               false, "us-docker.pkg.dev/p/r/web"},
        Parsed{"web@" + k_sha, "web", "", true, "docker.io/library/web"},
        Parsed{"gcr.io/p/web:v1@" + k_sha, "gcr.io/p/web", "v1", true, "gcr.io/p/web"},
        Parsed{"a-b__c---d/e.f_g:_T.1-x", "a-b__c---d/e.f_g", "_T.1-x", false,
               "docker.io/a-b__c---d/e.f_g"}));

class NoImageRef : public testing::TestWithParam<std::string> {};

TEST_P(NoImageRef, IsRefusedByName) {
  try {
    ImageRef::parse(GetParam());
    FAIL() << GetParam();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_THAT(error.what(), testing::HasSubstr("is not an image reference"));
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, NoImageRef,
                         testing::Values("", "Nginx", "docker.io/Library/nginx", "org/App",
                                         "nginx:", "nginx:-x", "nginx:.x", "nginx@",
                                         "nginx@sha256:abc", "nginx@sha512:" + k_hex,
                                         "nginx@sha256:" + std::string(64, 'A'), "@" + k_sha,
                                         "a//b", "/a", "a/", "a/b:c/d", "a b", " a", "a\n", "a..b",
                                         "a.-b", "a___b", "-a", "a-", "a.b:port/c", "-a.b/c",
                                         "[::1/c", "[]/c", ":5000/c", "https://a.b/c", k_hex,
                                         "a@" + k_sha + "@" + k_sha));

TEST(ImageRef, LengthsAreLimited) {
  EXPECT_THROW(ImageRef::parse("nginx:" + std::string(129, 'x')), Error);
  EXPECT_THROW(ImageRef::parse(std::string(256, 'a')), Error);
  EXPECT_EQ(ImageRef::parse(std::string(255, 'a')).name.size(), 255U);
  EXPECT_EQ(ImageRef::parse("nginx:" + std::string(128, 'x')).tag.size(), 128U);
}

TEST(ImageRef, PinKeepsTheNameAsWrittenAndDropsTheTag) {
  const Digest digest = *Digest::parse(k_sha);
  EXPECT_EQ(ImageRef::parse("nginx:1.27").pinned_to(digest), "nginx@" + k_sha);
  EXPECT_EQ(ImageRef::parse("r:5000/a:1").pinned_to(digest), "r:5000/a@" + k_sha);
}

struct Reported {
  std::string image_id;
  std::string repository;
};

void PrintTo(const Reported& reported, std::ostream* out) {
  *out << reported.image_id;
}

class RunningImageId : public testing::TestWithParam<Reported> {};

TEST_P(RunningImageId, NamesARepositoryDigest) {
  const auto image = RunningImage::parse(GetParam().image_id);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->repository, GetParam().repository);
  EXPECT_EQ(image->digest.text(), k_sha);
}

INSTANTIATE_TEST_SUITE_P(
    Runtimes, RunningImageId,
    testing::Values(
        Reported{"docker-pullable://nginx@" + k_sha, "docker.io/library/nginx"},  // dockershim
        Reported{"docker-pullable://gcr.io/p/web@" + k_sha, "gcr.io/p/web"},      // cri-dockerd
        Reported{"docker.io/library/nginx@" + k_sha, "docker.io/library/nginx"},  // containerd
        Reported{"registry:5000/web@" + k_sha, "registry:5000/web"},              // CRI-O
        Reported{"docker.io/library/import-2026-01-02@" + k_sha,                  // kind load
                 "docker.io/library/import-2026-01-02"},
        Reported{"gcr.io/p/web:v1@" + k_sha, "gcr.io/p/web"}));

class NoRunningImage : public testing::TestWithParam<std::string> {};

TEST_P(NoRunningImage, PinsNothing) {
  EXPECT_FALSE(RunningImage::parse(GetParam())) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(
    Runtimes, NoRunningImage,
    testing::Values("",                   // never created
                    "docker://" + k_sha,  // docker: the image's configuration
                    k_sha,                // containerd: likewise
                    k_hex,                // CRI-O: storage id
                    "nginx:1.27",         // a tag
                    "nginx@sha256:" + std::string(32, 'a'), "docker-pullable://" + k_sha,
                    "docker://nginx@" + k_sha,  // no prefix but docker-pullable
                    "containerd://nginx@" + k_sha, "a b@" + k_sha, "nginx@" + k_sha + " "));

}  // namespace
}  // namespace dr::kube
