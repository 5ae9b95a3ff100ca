#include "common/kube/managed_fields.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/support/floor_builder.hpp"

namespace dr::kube {
namespace {

using test::make_object;

// What one manager has, as the server keeps record of it.
Json entry(const Json& fields, const std::string& api_version = "apps/v1",
           const std::string& operation = "Apply", const std::string& manager = "somebody") {
  return {{"manager", manager},
          {"operation", operation},
          {"apiVersion", api_version},
          {"fieldsType", "FieldsV1"},
          {"fieldsV1", fields}};
}

Json deployment(const Json& entries) {
  Json object = make_object("apps/v1", "Deployment", "web");
  object["spec"] = {{"later", 1},
                    {"map", {{"set", 1}, {"later", 1}}},
                    {"tolerations", Json::array({{{"key", "a"}, {"later", 1}}})},
                    {"members", Json::array({"a", "b"})},
                    {"containers", Json::array({{{"name", "first"}, {"later", 1}},
                                                {{"name", "web"}, {"later", 1}}})}};
  object["metadata"]["managedFields"] = entries;
  return object;
}

const Json k_leaf = Json::object();
const Json k_fields = Json::parse(R"({"f:spec": {
  "f:map": {".": {}, "f:set": {}},
  "f:tolerations": {},
  "f:members": {"v:\"a\"": {}},
  "f:containers": {"k:{\"name\":\"first\"}": {".": {}, "f:name": {}, "f:later": {}},
                   "k:{\"name\":\"web\"}": {".": {}, "f:name": {}}}}})");

// A default that came with a newer server must not look like drift for ever: no write removes it.
TEST(ManagedFields, WhatTheServerFilledInNobodySet) {
  const Json live = deployment(Json::array({entry(k_fields)}));
  EXPECT_FALSE(is_set_by_somebody(live, "/spec/later"));
  EXPECT_FALSE(is_set_by_somebody(live, "/spec/map/later"));
  EXPECT_FALSE(is_set_by_somebody(live, "/spec/containers/1/later"));
  EXPECT_FALSE(is_set_by_somebody(live, "/spec/members/1"));

  // Who made a map has it, even when all that is in it is another's by now.
  const Json made = {{"f:spec", k_leaf}};
  EXPECT_FALSE(
      is_set_by_somebody(deployment(Json::array({entry(made), entry(k_fields)})), "/spec/later"));
  EXPECT_TRUE(is_set_by_somebody(deployment(Json::array({entry(made)})), "/spec/later"));
}

// What somebody added must be seen, wherever it is.
TEST(ManagedFields, WhatAnybodyHasIsSet) {
  const Json live = deployment(Json::array({entry({{"f:metadata", k_leaf}}), entry(k_fields)}));
  EXPECT_TRUE(is_set_by_somebody(live, "/spec/map"));
  EXPECT_TRUE(is_set_by_somebody(live, "/spec/map/set"));
  EXPECT_TRUE(is_set_by_somebody(live, "/spec/containers/0/later"));
  EXPECT_TRUE(is_set_by_somebody(live, "/spec/containers/1"));
  EXPECT_TRUE(is_set_by_somebody(live, "/spec/members/0"));
}

// Where the record cannot tell, a field counts as drift: an addition must not hide behind it.
TEST(ManagedFields, InDoubtSomebodySetIt) {
  EXPECT_TRUE(
      is_set_by_somebody(deployment(Json::array({entry(k_fields)})), "/spec/tolerations/0/later"))
      << "an atomic list is recorded as a whole";
  EXPECT_TRUE(is_set_by_somebody(deployment(Json::array()), "/spec/later")) << "cleared";
  EXPECT_TRUE(
      is_set_by_somebody(deployment(Json::array({entry(k_fields, "apps/v1beta1")})), "/spec/later"))
      << "another version may call it otherwise";
  EXPECT_TRUE(is_set_by_somebody(deployment(Json::array({entry(k_fields)})), "/spec/containers/7"));
  Json status = entry(k_fields, "apps/v1beta1");
  status["subresource"] = "status";
  EXPECT_FALSE(
      is_set_by_somebody(deployment(Json::array({status, entry(k_fields)})), "/spec/later"))
      << "a status says nothing of a spec";
}

// A replace that takes a foreign value away brings the default in its place, under our name; what
// we really set is in our apply as well.
TEST(ManagedFields, OfACustomResourceOurReplaceSetsNothing) {
  Json live = make_object("shop.example.com/v1", "Widget", "one");
  live["spec"]["later"] = "x";
  const Json fields = {{"f:spec", {{"f:later", k_leaf}}}};
  const auto with = [&](const std::string& operation, const std::string& manager) {
    live["metadata"]["managedFields"] =
        Json::array({entry(fields, "shop.example.com/v1", operation, manager)});
    return is_set_by_somebody(live, "/spec/later");
  };
  EXPECT_TRUE(with("Apply", "agenttrader-dr"));
  EXPECT_TRUE(with("Update", "mallory"));
  EXPECT_TRUE(with("Update", "agenttrader-dr")) << "no record of what we set";
  live["metadata"]["managedFields"].push_back(
      entry({{"f:spec", {{"f:size", k_leaf}}}}, "shop.example.com/v1", "Apply", "agenttrader-dr"));
  EXPECT_FALSE(is_set_by_somebody(live, "/spec/later"));
}

}  // namespace
}  // namespace dr::kube
