#include "common/kube/discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/error.hpp"
#include "tests/unit/common/kube/api_fixture.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// As kubectl 1.36 prints it, blanks cut.
const std::string k_table =
    "bindings                v1           true    Binding      create                  \n"
    "configmaps       cm     v1           true    ConfigMap    create,get,list,watch   \n"
    "namespaces       ns     v1           false   Namespace    get,list                \n"
    "deployments      deploy apps/v1      true    Deployment   create,get,list         all\n"
    "widgets          wd,wi  example.com/v1 true  Widget       get,list                all,mine\n";

const Json k_groups = {
    {"groups",
     Json::array(
         {{{"name", "apps"}, {"preferredVersion", {{"groupVersion", "apps/v1"}}}},
          {{"name", "example.com"}, {"preferredVersion", {{"groupVersion", "example.com/v1"}}}},
          {{"name", "metrics.k8s.io"},
           {"preferredVersion", {{"groupVersion", "metrics.k8s.io/v1beta1"}}}}})}};

class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() {
    m_api.answer_with("api-resources", succeeded(k_table));
    m_api.put("/apis", k_groups);
  }
  FakeApi m_api;
};

TEST(ParseApiResources, ReadsRowsWithAndWithoutShortNamesAndCategories) {
  // Protects against taking an empty column for its neighbour.
  const auto resources = parse_api_resources(k_table);
  ASSERT_THAT(resources, SizeIs(5));
  EXPECT_EQ(resources[0].kind, "Binding");
  EXPECT_FALSE(resources[0].listable);
  EXPECT_THAT(resources[0].short_names, IsEmpty());
  EXPECT_TRUE(resources[1].namespaced && resources[1].listable);
  EXPECT_EQ(resources[1].name(), "configmaps");
  EXPECT_FALSE(resources[2].namespaced);
  EXPECT_EQ(resources[3].name(), "deployments.apps");
  EXPECT_THAT(resources[4].short_names, ElementsAre("wd", "wi"));
  EXPECT_EQ(resources[4].api_version, "example.com/v1");
}

TEST(ParseApiResources, RefusesWhatIsNoRow) {
  // Protects against a backup of fewer kinds after a change of kubectl's table.
  for (const std::string line :
       {"pods po v1 Pod list", "pods", "a b c v1 true Pod list", "pods po v1 true"}) {
    EXPECT_THROW(parse_api_resources("configmaps cm v1 true ConfigMap list\n" + line + "\n"), Error)
        << line;
  }
}

TEST_F(DiscoveryTest, NamesTheGroupThatKubectlLeftOut) {
  // kubectl says nothing of a dead group: the list of groups tells.
  m_api.refuse("/apis/metrics.k8s.io/v1beta1",
               "Error from server (ServiceUnavailable): the server is currently unable to handle "
               "the request\n");
  const auto found = discover(m_api.kubectl());
  EXPECT_THAT(found.resources, SizeIs(5));
  ASSERT_THAT(found.dead, SizeIs(1));
  EXPECT_EQ(found.dead[0].group_version, "metrics.k8s.io/v1beta1");
  EXPECT_THAT(found.dead[0].error.text, HasSubstr("currently unable"));
}

TEST_F(DiscoveryTest, AGroupThatAnswersByItselfIsNotDead) {
  // Protects against calling a group dead that came up meanwhile, and its resources lost.
  m_api.put("/apis/metrics.k8s.io/v1beta1",
            {{"resources", Json::array({{{"name", "pods"},
                                         {"kind", "PodMetrics"},
                                         {"namespaced", true},
                                         {"verbs", {"get", "list"}}},
                                        {{"name", "pods/status"},
                                         {"kind", "PodMetrics"},
                                         {"namespaced", true},
                                         {"verbs", {"get"}}}})}});
  const auto found = discover(m_api.kubectl());
  EXPECT_THAT(found.dead, IsEmpty());
  ASSERT_THAT(found.resources, SizeIs(6));
  EXPECT_EQ(found.resources[5].name(), "pods.metrics.k8s.io");
  EXPECT_TRUE(found.resources[5].listable);
}

TEST_F(DiscoveryTest, AGroupThatHasGoneMeanwhileIsNotDead) {
  // Protects a capture from a CustomResourceDefinition that somebody deletes at that moment.
  m_api.refuse("/apis/metrics.k8s.io/v1beta1",
               "Error from server (NotFound): the server could not find the requested resource\n");
  const auto found = discover(m_api.kubectl());
  EXPECT_THAT(found.dead, IsEmpty());
  EXPECT_THAT(found.resources, SizeIs(5));
}

TEST_F(DiscoveryTest, ExitCodeOneWithATableIsAnAnswer) {
  // kubectl without aggregated discovery fails when a group is dead, and prints the others.
  auto result = failed(1, "error: unable to retrieve the complete list of server APIs\n");
  result.out = k_table;
  m_api.answer_with("api-resources", result);
  m_api.refuse("/apis/metrics.k8s.io/v1beta1", "Error from server (ServiceUnavailable): x\n");
  EXPECT_THAT(discover(m_api.kubectl()).dead, SizeIs(1));
}

TEST_F(DiscoveryTest, NothingToListIsAFailure) {
  // Protects against an empty backup that looks complete.
  m_api.answer_with("api-resources", succeeded("bindings v1 true Binding create\n"));
  EXPECT_THROW(discover(m_api.kubectl()), Error);
  m_api.answer_with("api-resources", failed(1, "error: no configuration\n"));
  EXPECT_THROW(discover(m_api.kubectl()), Error);
}

// Its verbs would be read as none, and every kind as one that cannot be listed.
TEST_F(DiscoveryTest, AKubectlThatIsTooOldIsRefusedByName) {
  // Measured with 1.25.0.
  m_api.answer_with("api-resources",
                    succeeded("configmaps  cm  v1  true  ConfigMap  [create get list]\n"));
  try {
    discover(m_api.kubectl());
    FAIL() << "an unreadable table was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_THAT(error.what(), HasSubstr("too old"));
  }
}

TEST_F(DiscoveryTest, ACutTableIsAFailure) {
  auto result = succeeded(k_table);
  result.truncated = true;
  m_api.answer_with("api-resources", result);
  EXPECT_THROW(discover(m_api.kubectl()), Error);
}

}  // namespace
}  // namespace dr::kube
