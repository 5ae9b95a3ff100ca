#include "common/registry/repository.hpp"

#include <gtest/gtest.h>

#include "common/base/error.hpp"
#include "tests/unit/common/registry/registry_builder.hpp"

namespace dr::registry {
namespace {

using namespace dr::test;

std::optional<RegistryImage> parse(const std::string& text) {
  return RegistryImage::parse(kube::ImageRef::parse(text));
}

TEST(RegistryImageTest, IsReadFromAReference) {
  const auto image =
      parse("us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/team/app:v1@" + digest_of('a'));
  ASSERT_TRUE(image);
  EXPECT_EQ(image->repository, k_repository);
  EXPECT_EQ(image->package, "team/app");
  EXPECT_EQ(image->text(), k_repository.path() + "/team/app@" + digest_of('a'));
}

// Another registry must become `unknown`, never a search in a wrong place.
TEST(RegistryImageTest, IsNoneOfAnotherRegistry) {
  for (const std::string name :
       {"ghcr.io/agenttrader-prod/trader-repo/app", "nginx", "gcr.io/agenttrader-prod/app",
        "us-east4-docker.pkg.dev/agenttrader-prod/trader-repo", "docker.pkg.dev/a-project/r/app",
        "us-east4-docker.pkg.dev:443/agenttrader-prod/trader-repo/app",
        "us-east4-docker.pkg.dev/example.com/agenttrader-prod/trader-repo/app",
        "us-east4-docker.pkg.dev.example.com/agenttrader-prod/trader-repo/app"}) {
    EXPECT_FALSE(parse(name + "@" + digest_of('a'))) << name;
  }
  EXPECT_FALSE(parse("us-east4-docker.pkg.dev/agenttrader-prod/trader-repo/app:v1"));
}

// The parts go into addresses and arguments of gcloud.
TEST(RepositoryTest, PartsThatAreNoneAreRefused) {
  EXPECT_NO_THROW(k_repository.validate());
  EXPECT_NO_THROW((Repository{"us", "agenttrader-prod", "r"}.validate()));
  for (const std::string bad :
       {"", "-x", "--help", "../x", "a/b", "A", "a b", "a_b", "a,b", "x-"}) {
    EXPECT_THROW((Repository{bad, "agenttrader-prod", "repo"}.validate()), Error) << bad;
    EXPECT_THROW((Repository{"us-east4", bad, "repo"}.validate()), Error) << bad;
    EXPECT_THROW((Repository{"us-east4", "agenttrader-prod", bad}.validate()), Error) << bad;
  }
  try {
    Repository{"us-east4", "agenttrader-prod", "a\x1b[2Jb"}.validate();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_STREQ(error.what(), "\"ab\" is not the name of a repository");
  }
}

}  // namespace
}  // namespace dr::registry
