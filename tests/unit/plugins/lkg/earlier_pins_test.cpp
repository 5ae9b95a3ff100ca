#include "plugins/lkg/earlier_pins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;

const kube::ObjectKey k_web{"apps/v1", "Deployment", k_floor, "web"};

Json pin_record(const std::string& container, const std::string& original) {
  return {{"kind", "Deployment"},
          {"name", "web"},
          {"container", container},
          {"original", original},
          {"pinned", k_by_digest}};
}

// An LKG of Deployment/web with that template, every image of it pinned, and those records.
Lkg lkg_with(Json pod_template, const Json& records) {
  for (auto& container : pod_template["spec"]["containers"]) container["image"] = k_by_digest;
  auto objects = small_floor();
  objects[2]["spec"]["template"] = pod_template;
  return make_lkg(objects, {{"images", records}});
}

// How many LKGs were looked at, and whether one fitted.
struct Search {
  int visited = 0;
  bool found = false;
};

Search search(const std::vector<Lkg>& lkgs, const Json& pod_template) {
  Search search;
  const EarlierLkgs earlier = [&](const auto& visit) {
    for (const auto& lkg : lkgs) {
      ++search.visited;
      if (visit(lkg)) return;
    }
  };
  search.found = pins_of_earlier_lkg(earlier, k_web, pod_template).has_value();
  return search;
}

TEST(EarlierPins, StopAtTheFirstThatFits) {
  // Protects the choice of the newest, and the cost: later LKGs are not read.
  const Json pod_template = make_template("web:1");
  const Lkg fitting = lkg_with(pod_template, Json::array({pin_record("web", "web:1")}));
  const Search result = search({make_lkg(small_floor()), fitting, fitting}, pod_template);
  EXPECT_TRUE(result.found);
  EXPECT_EQ(result.visited, 2);
}

TEST(EarlierPins, DoNotFitOtherContainers) {
  // Protects against a pin for some containers only, or for a container of another name.
  Json two = make_template("web:1");
  two["spec"]["containers"].push_back(make_container("side", "web:1"));
  const Lkg one = lkg_with(make_template("web:1"), Json::array({pin_record("web", "web:1")}));
  EXPECT_FALSE(search({one}, two).found);
  EXPECT_FALSE(
      search(
          {lkg_with(two, Json::array({pin_record("web", "web:1"), pin_record("side", "web:1")}))},
          make_template("web:1"))
          .found);
  Json renamed = make_template("web:1");
  renamed["spec"]["containers"][0]["name"] = "trader";
  EXPECT_FALSE(search({one}, renamed).found);
}

TEST(EarlierPins, DoNotFitAnotherTag) {
  // Protects against the digest of the release before.
  const Lkg one = lkg_with(make_template("web:1"), Json::array({pin_record("web", "web:1")}));
  EXPECT_FALSE(search({one}, make_template("web:2")).found);
}

TEST(EarlierPins, NeedARecord) {
  // Protects against an incumbent's LKG, which does not say what its digests were pinned from.
  EXPECT_FALSE(
      search({lkg_with(make_template("web:1"), Json::array())}, make_template("web:1")).found);
}

}  // namespace
}  // namespace dr::lkg
