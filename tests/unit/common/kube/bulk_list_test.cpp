#include "common/kube/bulk_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/kube/object.hpp"
#include "tests/unit/common/kube/api_fixture.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<ListedResource> k_resources = {{"v1", "ConfigMap", "configmaps"},
                                                 {"apps/v1", "Deployment", "deployments"},
                                                 {"example.com/v1", "Widget", "widgets"}};
const std::string k_widgets_path = "/apis/example.com/v1/namespaces/trading-floor/widgets";

std::vector<std::string> names_of(const Reply& reply) {
  std::vector<std::string> names;
  for (const auto& item : reply.value.at("items")) names.push_back(display(item));
  return names;
}

// A list of the API server leaves the type of its items out; a backup without it could not be put
// back.
TEST(ListAllTest, TellsTheTypeOfEachItem) {
  FakeApi api;
  Json bare = {{"metadata", {{"name", "w"}}}};
  api.put(k_core_path + "configmaps", raw_list({make_object("v1", "ConfigMap", "a")}, "1"));
  api.put(k_widgets_path, raw_list({bare}, "1"));
  const auto replies = list_all(api.kubectl(), k_resources);
  EXPECT_THAT(names_of(replies[0]), ElementsAre("ConfigMap/a"));
  EXPECT_THAT(names_of(replies[2]), ElementsAre("Widget.example.com/w"));
}

TEST(ListAllTest, AFailureIsPutDownToItsOwnResource) {
  FakeApi api;
  api.put(k_core_path + "configmaps", raw_list({make_object("v1", "ConfigMap", "a")}, "1"));
  api.refuse(k_widgets_path, "Error from server (Forbidden): no\n");
  const auto replies = list_all(api.kubectl(), k_resources);
  EXPECT_FALSE(replies[0].error);
  ASSERT_TRUE(replies[2].error);
  EXPECT_EQ(replies[2].error->reason, ApiReason::forbidden);
}

TEST(ListAllTest, NothingToListIsNoProcess) {
  FakeApi api;
  EXPECT_THAT(list_all(api.kubectl(), {}), IsEmpty());
  EXPECT_THAT(api.reads(), IsEmpty());
}

}  // namespace
}  // namespace dr::kube
