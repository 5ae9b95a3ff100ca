#include "plugins/lkg/custom_kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;

// A server that serves these resources, and a group that does not answer when it is named.
class CustomKindsTest : public testing::Test {
 protected:
  std::vector<std::string> discovered() {
    FakeProcessRunner runner;
    runner.handler = [&](const os::Command& command) {
      const auto args = verb_and_args(command);
      if (args.front() == "config") return FakeCluster(m_clock).answer(command);
      if (args.front() == "api-resources") return succeeded(m_resources);
      if (args.back() == "/apis") return succeeded(data::write_json(groups()));
      return failed(1,
                    "Error from server (ServiceUnavailable): the server is currently unable to "
                    "handle the request\n");
    };
    std::vector<std::string> names;
    for (const auto* kind : discover_custom_kinds(make_kubectl(runner)))
      names.push_back(kind->name() + " " + kind->api_version);
    return names;
  }

  Json groups() const {
    Json list = Json::array();
    if (!m_dead_group.empty()) {
      list.push_back(
          {{"name", m_dead_group}, {"preferredVersion", {{"groupVersion", m_dead_group + "/v1"}}}});
    }
    return {{"groups", list}};
  }

  FakeClock m_clock;
  std::string m_resources =
      "configmaps cm v1 true ConfigMap create,delete,get,list,update\n"
      "widgets w shop.example.com/v1 true Widget create,get,list,patch,update,watch\n"
      "classes shop.example.com/v1 false Class create,get,list,update\n"
      "views shop.example.com/v1 true View get,list\n"
      "workflows wf argoproj.io/v1alpha1 true Workflow create,get,list,update\n"
      "rollouts ro argoproj.io/v1alpha1 true Rollout create,get,list,update\n"
      "ciliumendpoints cep cilium.io/v2 true CiliumEndpoint create,get,list,update\n"
      "pods metrics.k8s.io/v1beta1 true PodMetrics get,list\n";
  std::string m_dead_group;
};

TEST_F(CustomKindsTest, AreWhatUsersWriteInTheNamespace) {
  // Protects the floor's operators from being left out, and the floor from what must not be written
  // again: what is made from other objects, and what runs once when it is created.
  EXPECT_THAT(discovered(), ElementsAre("widgets.shop.example.com shop.example.com/v1",
                                        "rollouts.argoproj.io argoproj.io/v1alpha1"));
}

TEST_F(CustomKindsTest, AGroupThatDoesNotAnswerMayHoldObjects) {
  // Protects "whole or none", but for metrics, whose server is often the one that is down.
  m_dead_group = "metrics.k8s.io";
  EXPECT_EQ(discovered().size(), 2U);
  m_dead_group = "shop.example.org";
  try {
    discovered();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_THAT(error.what(), HasSubstr("shop.example.org/v1"));
  }
}

}  // namespace
}  // namespace dr::lkg
