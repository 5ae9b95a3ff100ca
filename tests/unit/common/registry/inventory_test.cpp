#include "common/registry/inventory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "tests/unit/common/registry/registry_builder.hpp"
#include "tests/unit/support/corruption.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::registry {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Without a checksum, as the incumbent script writes it.
std::string text_with(const std::function<void(Json&)>& change) {
  Json document = data::read_json(
      inventory_text(make_inventory({listed(make_row("app", '1', {"v1"}))})), "inventory");
  document.erase("sha256");
  change(document);
  return data::write_json(document);
}

Error refusal(const std::string& text) {
  try {
    parse_inventory(text, "a.json");
  } catch (const Error& error) {
    return error;
  }
  return {ExitCode::ok, "it was accepted"};
}

TEST(InventoryTest, GoesThereAndBack) {
  Inventory inventory =
      make_inventory({listed(make_row("team/app", '2')), listed(make_row("app", '1', {"v1"}))});
  inventory.repos.emplace_back("failed-repo");
  inventory.errors["failed-repo"] = "UNAVAILABLE: x: y";
  const std::string text = inventory_text(inventory);
  const Inventory again = parse_inventory(text, "a.json");
  EXPECT_EQ(inventory_text(again), text);
  EXPECT_EQ(again.errors, inventory.errors);
  ASSERT_THAT(again.images, SizeIs(2));
  EXPECT_EQ(again.images[0].text(), image_of("app", '1').text());
  EXPECT_THAT(again.images[0].tags(), ElementsAre("v1"));
  EXPECT_TRUE(again.images[0].is_index());
}

// Other tools read the file: its keys, its order and all that gcloud says of an image stay.
TEST(InventoryTest, TextHasTheKeysOfTheIncumbent) {
  const Json row = make_row("app", '1', {"v1"});
  const std::string text = inventory_text(make_inventory({listed(row)}));
  Json expected_row = row;
  expected_row["_repo"] = "trader-repo";
  const Json expected = {{"timestamp_utc", "2026-01-01T00:00:00Z"},
                         {"project", "agenttrader-prod"},
                         {"location", "us-east4"},
                         {"repos", {"trader-repo"}},
                         {"images", Json::array({expected_row})},
                         {"errors", Json::array()}};
  Json document = data::read_json(text, "inventory");
  EXPECT_EQ(text, data::write_json(document));
  EXPECT_EQ(document.erase("sha256"), 1U);
  EXPECT_EQ(document, expected);
}

// An image that a bit turned into another's would else count as present.
TEST(InventoryTest, EveryFlippedBitAndEveryCutIsRefused) {
  const TempDir dir;
  const auto file = dir.path() / "a.json";
  std::ofstream(file) << inventory_text(make_inventory({listed(make_row("app", '1', {"v1"}))}));
  each_flip_and_cut(file, [&](const std::string& what) {
    try {
      read_inventory(file);
      FAIL() << "believed with " << what;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ExitCode::integrity) << what;
    }
  });
  EXPECT_THAT(read_inventory(file).images, SizeIs(1));
}

TEST(InventoryTest, AMemberThatNobodyWritesIsRefused) {
  EXPECT_THAT(refusal(text_with([](Json& document) { document["rha256"] = "0"; })).what(),
              HasSubstr("/rha256 is not a member"));
}

// A listing that moves while it is paged repeats rows, and its order is not documented.
TEST(InventoryTest, ImagesAreSortedAndThereOnce) {
  const auto images = sorted_images({listed(make_row("b", '1')), listed(make_row("a", '2')),
                                     listed(make_row("a", '1', {"old"}, "2025-06-01T00:00:01Z")),
                                     listed(make_row("a", '1', {"new"}, "2025-06-01T00:00:02.5Z")),
                                     listed(make_row("b", '1'))});
  ASSERT_THAT(images, SizeIs(3));
  EXPECT_EQ(images[0].text(), image_of("a", '1').text());
  EXPECT_THAT(images[0].tags(), ElementsAre("new"));
  EXPECT_EQ(images[1].text(), image_of("a", '2').text());
  EXPECT_EQ(images[2].text(), image_of("b", '1').text());
}

// The incumbent script asks for no tags, and neither sorts nor removes what comes twice.
TEST(InventoryTest, OneOfTheIncumbentIsRead) {
  const std::string text = text_with([](Json& document) {
    document["images"].insert(document["images"].begin(), make_row("zzz", '9'));
    document["images"][0]["_repo"] = "trader-repo";
    document["images"][0]["tags"] = "";
    document["images"].push_back(document["images"][0]);
    document["repos"].push_back("other");
    document["errors"].push_back("other: ERROR: (gcloud.x)\nmore: y");
  });
  const Inventory inventory = parse_inventory(text, "a.json");
  EXPECT_THAT(inventory.images, SizeIs(2));
  EXPECT_THAT(inventory.images[1].tags(), IsEmpty());
  EXPECT_EQ(inventory.errors.at("other"), "ERROR: (gcloud.x) more: y");
}

// Half an inventory would make images look gone that are there.
TEST(InventoryTest, DamageIsAnIntegrityError) {
  const std::string whole = text_with([](Json&) {});
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, whole.size() / 2, whole.size() - 2}) {
    EXPECT_EQ(refusal(whole.substr(0, size)).code(), ExitCode::integrity) << size;
  }
  EXPECT_EQ(refusal("[]").code(), ExitCode::integrity);
  EXPECT_EQ(refusal("{\"repos\": [], \"repos\": []}").code(), ExitCode::integrity);
}

struct Damage {
  std::string place;
  std::function<void(Json&)> change;
};

TEST(InventoryTest, EachMemberIsChecked) {
  const std::vector<Damage> damages = {
      {"timestamp_utc", [](Json& d) { d.erase("timestamp_utc"); }},
      {"timestamp_utc", [](Json& d) { d["timestamp_utc"] = "yesterday"; }},
      {"project", [](Json& d) { d["project"] = 1; }},
      {"location", [](Json& d) { d["location"] = "us/east"; }},
      {"repos", [](Json& d) { d["repos"] = "trader-repo"; }},
      {"repos", [](Json& d) { d["repos"].push_back(7); }},
      {"images", [](Json& d) { d.erase("images"); }},
      {"images", [](Json& d) { d["images"] = Json::object(); }},
      {"/images/0", [](Json& d) { d["images"][0] = "x"; }},
      {"/_repo", [](Json& d) { d["images"][0]["_repo"] = "other"; }},
      {"_repo", [](Json& d) { d["images"][0].erase("_repo"); }},
      {"package", [](Json& d) { d["images"][0].erase("package"); }},
      {"/package", [](Json& d) { d["images"][0]["package"] = "ghcr.io/x/y"; }},
      {"/version", [](Json& d) { d["images"][0]["version"] = "sha256:1"; }},
      {"/tags", [](Json& d) { d["images"][0]["tags"] = "v1"; }},
      {"/tags", [](Json& d) { d["images"][0]["tags"] = {1}; }},
      {"createTime", [](Json& d) { d["images"][0]["createTime"] = 5; }},
      {"mediaType", [](Json& d) { d["images"][0]["metadata"]["mediaType"] = 5; }},
      {"errors", [](Json& d) { d.erase("errors"); }},
      {"/errors", [](Json& d) { d["errors"] = {"nobody: x"}; }},
      {"error and images", [](Json& d) { d["errors"] = {"trader-repo: x"}; }},
  };
  for (const auto& [place, change] : damages) {
    const Error error = refusal(text_with(change));
    EXPECT_EQ(error.code(), ExitCode::integrity) << place;
    EXPECT_THAT(error.what(), HasSubstr("a.json is damaged: "));
    EXPECT_THAT(error.what(), HasSubstr(place));
    EXPECT_THAT(error.next_step(), HasSubstr("kubectl arsnap snapshot"));
  }
}

// None is not the same as an empty one.
TEST(InventoryTest, AMissingFileIsAnError) {
  const TempDir directory;
  try {
    read_inventory(inventory_path(directory.path()));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_THAT(error.what(), HasSubstr("audit_artifacts/artifacts_snapshot.json"));
    EXPECT_THAT(error.next_step(), HasSubstr("kubectl arsnap snapshot"));
  }
}

TEST(InventoryTest, CoversWhatItListedWhole) {
  Inventory inventory = make_inventory({});
  inventory.repos.emplace_back("failed-repo");
  inventory.errors["failed-repo"] = "UNAVAILABLE: x";
  const auto& [location, project, name] = k_repository;
  EXPECT_EQ(inventory.gap(k_repository), "");
  EXPECT_THAT(inventory.gap({location, project, "failed-repo"}), HasSubstr("UNAVAILABLE: x"));
  EXPECT_THAT(inventory.gap({location, project, "another"}), HasSubstr("does not cover"));
  EXPECT_THAT(inventory.gap({"us-east1", project, name}), HasSubstr("does not cover"));
  EXPECT_THAT(inventory.gap({location, "another-project", name}), HasSubstr("does not cover"));
}

}  // namespace
}  // namespace dr::registry
