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
using testing::SizeIs;
using testing::UnorderedElementsAre;

const std::vector<ListedResource> k_resources = {{"v1", "ConfigMap", "configmaps"},
                                                 {"apps/v1", "Deployment", "deployments"},
                                                 {"v1", "Service", "services"},
                                                 {"v1", "ServiceAccount", "serviceaccounts"},
                                                 {"example.com/v1", "Widget", "widgets"}};
const std::string k_widgets_path = "/apis/example.com/v1/namespaces/trading-floor/widgets";

class ListAllTest : public testing::Test {
 protected:
  ListAllTest() {
    m_api.on_list = [this](const std::vector<std::string>& words) { return answer(words.at(1)); };
  }

  os::ProcessResult answer(const std::string& names) {
    m_lists.push_back(names);
    if (names == m_refused) return failed(1, "Error from server (Forbidden): no\n");
    return succeeded(data::write_json({{"kind", "List"}, {"items", m_items[names]}}));
  }

  static std::vector<std::string> names_of(const Reply& reply) {
    std::vector<std::string> names;
    for (const auto& item : reply.value.at("items")) names.push_back(display(item));
    return names;
  }

  FakeApi m_api;
  std::map<std::string, std::vector<Json>> m_items;  // by the names asked for
  std::vector<std::string> m_lists;
  std::string m_refused;
};

TEST_F(ListAllTest, AFewProcessesListEverything) {
  // Protects the speed of a backup: the process is what costs.
  m_items["configmaps.v1.,widgets.v1.example.com"] = {make_object("v1", "ConfigMap", "a"),
                                                      make_object("example.com/v1", "Widget", "w"),
                                                      make_object("v1", "ConfigMap", "b")};
  const auto replies = list_all(m_api.kubectl(), k_resources);
  EXPECT_THAT(m_lists,
              UnorderedElementsAre("configmaps.v1.,widgets.v1.example.com", "deployments.v1.apps",
                                   "services.v1.", "serviceaccounts.v1."));
  EXPECT_THAT(names_of(replies[0]), ElementsAre("ConfigMap/a", "ConfigMap/b"));
  EXPECT_THAT(names_of(replies[1]), IsEmpty());
  EXPECT_THAT(names_of(replies[4]), ElementsAre("Widget.example.com/w"));
  EXPECT_THAT(m_api.reads(), IsEmpty());
}

TEST_F(ListAllTest, AFailureIsPutDownToItsOwnResource) {
  // One refused kind fails the whole process; the others of it must not be lost.
  m_refused = "configmaps.v1.,widgets.v1.example.com";
  m_api.put(k_core_path + "configmaps", raw_list({make_object("v1", "ConfigMap", "a")}, "1"));
  m_api.refuse(k_widgets_path, "Error from server (Forbidden): no\n");
  const auto replies = list_all(m_api.kubectl(), k_resources);
  EXPECT_THAT(m_api.reads(), ElementsAre(k_core_path + "configmaps", k_widgets_path));
  EXPECT_THAT(names_of(replies[0]), ElementsAre("ConfigMap/a"));
  ASSERT_TRUE(replies[4].error);
  EXPECT_EQ(replies[4].error->reason, ApiReason::forbidden);
  EXPECT_FALSE(replies[1].error);
}

TEST_F(ListAllTest, AnswersThatAreNotTheListsAreReadAgain) {
  // Protects against objects that nobody asked for, and against half an answer.
  m_api.put(k_core_path + "services", raw_list({make_object("v1", "Service", "s")}, "1"));
  const std::vector<ListedResource> one = {k_resources[2]};
  m_items["services.v1."] = {make_object("v1", "Secret", "s")};
  EXPECT_THAT(names_of(list_all(m_api.kubectl(), one).front()), ElementsAre("Service/s"));
  for (const char* text : {"", "{}", "{\"items\": [", "{\"items\": [{}]}"}) {
    m_api.on_list = [&](const auto&) { return succeeded(text); };
    EXPECT_THAT(names_of(list_all(m_api.kubectl(), one).front()), ElementsAre("Service/s")) << text;
  }
  EXPECT_THAT(m_api.reads(), SizeIs(5));
}

TEST_F(ListAllTest, NothingToListIsNoProcess) {
  EXPECT_THAT(list_all(m_api.kubectl(), {}), IsEmpty());
  EXPECT_THAT(m_lists, IsEmpty());
}

}  // namespace
}  // namespace dr::kube
