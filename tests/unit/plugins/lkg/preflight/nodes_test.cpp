#include "plugins/lkg/preflight/nodes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dr::lkg {
namespace {

Json node() {
  return {{"metadata",
           {{"name", "n1"},
            {"labels",
             {{"kubernetes.io/arch", "amd64"}, {"kubernetes.io/os", "linux"}, {"cores", "8"}}}}},
          {"spec", Json::object()}};
}

Json tainted(const std::string& effect) {
  Json object = node();
  object["spec"]["taints"] =
      Json::array({{{"key", "dedicated"}, {"value", "gpu"}, {"effect", effect}}});
  return object;
}

Json with_affinity(const Json& terms) {
  return {
      {"affinity",
       {{"nodeAffinity",
         {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", terms}}}}}}}};
}

Json expression(const std::string& key, const std::string& wanted, const Json& values) {
  return {{"key", key}, {"operator", wanted}, {"values", values}};
}

Json term(const Json& one) {
  return {{"matchExpressions", Json::array({one})}};
}

TEST(Nodes, ASelectorWantsEachLabel) {
  // Protects against an image for another machine.
  EXPECT_EQ(unfit_because({{"nodeSelector", {{"kubernetes.io/arch", "amd64"}}}}, node()), "");
  EXPECT_EQ(unfit_because({{"nodeSelector", {{"kubernetes.io/arch", "arm64"}}}}, node()),
            "without label kubernetes.io/arch=arm64");
  EXPECT_EQ(unfit_because({{"nodeSelector", {{"pool", "gpu"}}}}, node()), "without label pool=gpu");
  EXPECT_EQ(unfit_because({{"os", {{"name", "windows"}}}}, node()), "of another operating system");
}

TEST(Nodes, OneTermOfAnAffinityIsEnough) {
  // Protects the scheduler's own reading: terms by or, the expressions of one by and.
  const auto fits = [](const Json& terms) {
    return unfit_because(with_affinity(terms), node()).empty();
  };
  EXPECT_TRUE(
      fits(Json::array({term(expression("kubernetes.io/arch", "In", {"arm64", "amd64"}))})));
  EXPECT_FALSE(fits(Json::array({term(expression("kubernetes.io/arch", "NotIn", {"amd64"}))})));
  EXPECT_TRUE(fits(Json::array({term(expression("pool", "NotIn", {"gpu"}))})));
  EXPECT_FALSE(fits(Json::array({term(expression("pool", "Exists", Json::array()))})));
  EXPECT_TRUE(fits(Json::array({term(expression("pool", "DoesNotExist", Json::array()))})));
  EXPECT_TRUE(fits(Json::array({term(expression("cores", "Gt", {"4"}))})));
  EXPECT_FALSE(fits(Json::array({term(expression("cores", "Lt", {"8"}))})));
  EXPECT_TRUE(fits(Json::array(
      {term(expression("pool", "In", {"gpu"})), term(expression("cores", "In", {"8"}))})));
  EXPECT_FALSE(fits(Json::array({Json::object()})));
  const Json by_name = {{"matchFields", Json::array({expression("metadata.name", "In", {"n2"})})}};
  EXPECT_FALSE(fits(Json::array({by_name})));
}

TEST(Nodes, ATaintNeedsItsToleration) {
  // Protects against nodes that are there, but for others.
  const auto because = [](const Json& toleration, const Json& where) {
    return unfit_because({{"tolerations", Json::array({toleration})}}, where);
  };
  EXPECT_EQ(unfit_because(Json::object(), tainted("NoSchedule")),
            "with taint dedicated=gpu:NoSchedule");
  EXPECT_EQ(unfit_because(Json::object(), tainted("PreferNoSchedule")), "");
  EXPECT_EQ(because({{"operator", "Exists"}}, tainted("NoExecute")), "");
  EXPECT_EQ(because({{"key", "dedicated"}, {"value", "gpu"}}, tainted("NoSchedule")), "");
  EXPECT_NE(because({{"key", "dedicated"}, {"value", "cpu"}}, tainted("NoSchedule")), "");
  EXPECT_NE(because({{"key", "dedicated"}, {"operator", "Exists"}, {"effect", "NoExecute"}},
                    tainted("NoSchedule")),
            "");
}

TEST(Nodes, ACordonedNodeTakesNothingThatDoesNotTolerateIt) {
  // Protects the minute before its controller has tainted it.
  Json cordoned = node();
  cordoned["spec"]["unschedulable"] = true;
  EXPECT_EQ(unfit_because(Json::object(), cordoned), "cordoned");
  EXPECT_EQ(unfit_because({{"tolerations", Json::array({{{"operator", "Exists"}}})}}, cordoned),
            "");
}

}  // namespace
}  // namespace dr::lkg
