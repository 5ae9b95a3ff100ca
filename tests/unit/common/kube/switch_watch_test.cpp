#include "common/kube/switch_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/common/kube/api_fixture.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class SwitchWatchTest : public testing::Test {
 protected:
  SwitchWatchTest() { api.put(k_switch_path, switch_with("1")); }

  Halted halted() { return KillSwitch(api.kubectl()).read_back(); }
  static std::string line(const std::string& type, const Json& object) {
    return data::write_json({{"type", type}, {"object", object}}, -1);
  }
  std::string path() { return api.runner().backgrounds().back().args.back(); }

  FakeApi api;
};

// It starts at the proven version, so that nothing between the proof and its start is missed, and
// no limit of a request ends it.
TEST_F(SwitchWatchTest, StartsAtTheProvenVersion) {
  const SwitchWatch watch(api.kubectl(), halted());
  ASSERT_THAT(api.runner().backgrounds(), SizeIs(1));
  EXPECT_THAT(path(), HasSubstr("watch=true&fieldSelector=metadata.name%3Dagenttrader-kill-switch&"
                                "resourceVersion=1&"));
  const auto& args = api.runner().backgrounds()[0].args;
  EXPECT_THAT(args, Contains("--request-timeout=0"));
}

TEST_F(SwitchWatchTest, RaisesTheAlarmForEveryOtherValueAndForALoss) {
  const SwitchWatch watch(api.kubectl(), halted());
  Json anew = switch_with("1");
  anew["metadata"]["uid"] = "another";
  Json empty = switch_with("1");
  empty.erase("data");
  for (const auto& bad :
       {line("MODIFIED", switch_with("0")), line("MODIFIED", switch_with("1 ")),
        line("MODIFIED", empty), line("DELETED", switch_with("1")), line("ADDED", anew)}) {
    const auto alarm = api.runner().emit(bad);
    ASSERT_TRUE(alarm) << bad;
    EXPECT_EQ(alarm->code(), ExitCode::unsafe);
    EXPECT_THAT(alarm->what(), HasSubstr("the switch moved while this run worked"));
    EXPECT_THAT(alarm->next_step(), HasSubstr("scale the execution workloads"));
  }
}

// Our own restore of its labels makes a new version that still halts; and what is no event is no
// evidence of anything.
TEST_F(SwitchWatchTest, StaysSilentWhereNothingIsReleased) {
  const SwitchWatch watch(api.kubectl(), halted());
  Json labelled = switch_with("1");
  labelled["metadata"]["labels"]["app"] = "floor";
  for (const auto& line : {line("MODIFIED", labelled), std::string("{"), std::string()})
    EXPECT_FALSE(api.runner().emit(line)) << line;
}

// A server that goes away ends the watch without a word (measured).
TEST_F(SwitchWatchTest, StartsAgainFromTheSameVersion) {
  SwitchWatch watch(api.kubectl(), halted());
  watch.keep();
  EXPECT_THAT(api.runner().backgrounds(), SizeIs(1)) << "it still runs";
  api.runner().end_backgrounds();
  watch.keep();
  ASSERT_THAT(api.runner().backgrounds(), SizeIs(2));
  EXPECT_THAT(path(), HasSubstr("&resourceVersion=1&"));
}

// A version that the server has forgotten would end each watch at once.
TEST_F(SwitchWatchTest, StartsAtThePresentWhenItsVersionIsForgotten) {
  SwitchWatch watch(api.kubectl(), halted());
  EXPECT_FALSE(api.runner().emit(R"({"type":"ERROR","object":{"code":410}})"));
  api.runner().end_backgrounds();
  watch.keep();
  ASSERT_THAT(api.runner().backgrounds(), SizeIs(2));
  EXPECT_THAT(path(), Not(HasSubstr("resourceVersion=")));
  EXPECT_TRUE(api.runner().emit(line("ADDED", switch_with("0"))));
}

TEST_F(SwitchWatchTest, EndsWithItsOwner) {
  {
    const SwitchWatch watch(api.kubectl(), halted());
  }
  EXPECT_FALSE(api.runner().has_background());
}

}  // namespace
}  // namespace dr::kube
