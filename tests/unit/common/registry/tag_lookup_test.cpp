#include "common/registry/tag_lookup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/common/registry/fake_registry.hpp"

namespace dr::registry {
namespace {

using namespace dr::test;
using testing::SizeIs;

class TagLookupTest : public testing::Test {
 protected:
  TagLookupTest() { m_fake.rows[k_repository.path()] = {make_row("app", 'b', {"v1", "latest"})}; }

  static std::string found(TagLookup lookup, const std::string& image) {
    const auto digest = lookup.digest_of(kube::ImageRef::parse(image));
    return digest ? digest->text() : "unknown";
  }
  static std::string app(const std::string& tag) { return k_repository.path() + "/app" + tag; }

  FakeRegistry m_fake;
};

TEST_F(TagLookupTest, TheInventoryIsAskedFirst) {
  const auto inventory = make_inventory({listed(make_row("app", 'a', {"v1"}))});
  EXPECT_EQ(found({inventory, m_fake.gcloud()}, app(":v1")), digest_of('a'));
  EXPECT_THAT(m_fake.runner.commands(), SizeIs(0));
}

TEST_F(TagLookupTest, TheRegistryIsAskedForWhatTheInventoryLacks) {
  const auto inventory = make_inventory({listed(make_row("app", 'a', {"v0"}))});
  EXPECT_EQ(found({inventory, m_fake.gcloud()}, app(":v1")), digest_of('b'));
  EXPECT_EQ(found({std::nullopt, m_fake.gcloud()}, app("")), digest_of('b'));
}

TEST_F(TagLookupTest, AnInventoryWithAGapIsNotBelieved) {
  // Protects against the digest of an older list of a repository that failed since.
  auto inventory = make_inventory({});
  inventory.errors[k_repository.name] = "PERMISSION_DENIED";
  EXPECT_EQ(found({inventory, std::nullopt}, app(":v1")), "unknown");
}

TEST_F(TagLookupTest, OneListingServesAllImagesOfARepository) {
  TagLookup lookup(std::nullopt, m_fake.gcloud());
  lookup.digest_of(kube::ImageRef::parse(app(":v1")));
  lookup.digest_of(kube::ImageRef::parse(app(":v2")));
  EXPECT_THAT(m_fake.runner.commands(), SizeIs(1));
}

TEST_F(TagLookupTest, UnknownIsNotADigest) {
  EXPECT_EQ(found({std::nullopt, m_fake.gcloud()}, app(":v2")), "unknown");
  EXPECT_EQ(found({std::nullopt, m_fake.gcloud()}, "ghcr.io/team/app:v1"), "unknown");
  m_fake.list_errors[k_repository.path()] = "PERMISSION_DENIED: no";
  EXPECT_EQ(found({std::nullopt, m_fake.gcloud()}, app(":v1")), "unknown");
  EXPECT_EQ(found({std::nullopt, std::nullopt}, app(":v1")), "unknown");
}

TEST_F(TagLookupTest, ATagOnTwoDigestsTellsNothing) {
  // A paged list is no snapshot: the tag moved while it was read.
  const auto inventory =
      make_inventory({listed(make_row("app", 'a', {"v1"})), listed(make_row("app", 'b', {"v1"}))});
  EXPECT_EQ(found({inventory, std::nullopt}, app(":v1")), "unknown");
}

}  // namespace
}  // namespace dr::registry
