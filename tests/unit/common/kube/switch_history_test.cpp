#include "common/kube/switch_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/common/kube/api_fixture.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::HasSubstr;

// A line of a watch, as the API server prints it.
std::string event_line(const std::string& type, const Json& data, const std::string& manager = "ci",
                       const std::string& time = "2026-01-02T03:00:09Z") {
  Json object = switch_with("1");
  object["data"] = data;
  object["metadata"]["managedFields"] =
      Json::array({{{"manager", "labeller"},
                    {"time", "2026-01-02T04:00:00Z"},
                    {"fieldsV1", {{"f:metadata", {{"f:labels", Json::object()}}}}}},
                   {{"manager", manager},
                    {"time", time},
                    {"fieldsV1", {{"f:data", {{"f:EXECUTION_HALTED", Json::object()}}}}}}});
  return data::write_json({{"type", type}, {"object", object}}, -1) + "\n";
}

const Json k_zero = {{"EXECUTION_HALTED", "0"}};
const Json k_one = {{"EXECUTION_HALTED", "1"}};

// Who wrote the value counts, not who touched the object later.
TEST(SwitchHistory, NamesTheWriterOfTheValue) {
  const SwitchEvent event = switch_event(event_line("MODIFIED", k_zero, "kubectl-edit"));
  EXPECT_EQ(event.type, SwitchEvent::Type::modified);
  EXPECT_EQ(event.value, "0");
  EXPECT_FALSE(event.halts());
  EXPECT_EQ(describe(event), "EXECUTION_HALTED=\"0\" by kubectl-edit at 2026-01-02T03:00:09Z");
  EXPECT_TRUE(switch_event(event_line("ADDED", k_one)).halts());
  EXPECT_EQ(describe(switch_event(event_line("ADDED", k_one, "agenttrader-dr"))),
            "created with EXECUTION_HALTED=\"1\" by this tool at 2026-01-02T03:00:09Z");
}

// What no event can be read from must not look like a halted switch.
TEST(SwitchHistory, NothingButAWholeEventIsOne) {
  for (const char* line :
       {"", "{", "[]", "null", "1", R"({"type":"MODIFIED"})", R"({"type":"MODIFIED","object":[]})",
        R"({"type":"ADDED","object":{"metadata":{}}})",
        R"({"type":"ERROR","object":{"kind":"Status","code":410}})"}) {
    EXPECT_EQ(switch_event(line).type, SwitchEvent::Type::lost) << line;
    EXPECT_FALSE(switch_event(line).halts()) << line;
  }
  EXPECT_FALSE(switch_event(event_line("DELETED", k_one)).halts());
  EXPECT_FALSE(switch_event(event_line("MODIFIED", Json::object())).halts());
  EXPECT_FALSE(switch_event(event_line("MODIFIED", {{"EXECUTION_HALTED", 1}})).halts());
}

class ReplayTest : public testing::Test {
 protected:
  std::string replay(os::ProcessResult answer) {
    api.answer_with(switch_watch_path("trading-floor", "100", "&timeoutSeconds=1"),
                    std::move(answer));
    return describe(replay_switch(api.kubectl(), "100"));
  }
  FakeApi api;
};

// A flip that was undone is still told, in order.
TEST_F(ReplayTest, TellsEveryChangeInOrder) {
  EXPECT_EQ(replay(succeeded(event_line("MODIFIED", k_zero, "eve", "2026-01-02T03:00:09Z") +
                             event_line("DELETED", k_zero) +
                             event_line("ADDED", k_one, "bob", "2026-01-02T03:00:11Z"))),
            "EXECUTION_HALTED=\"0\" by eve at 2026-01-02T03:00:09Z, then deleted (Kubernetes does "
            "not record by whom), then created with EXECUTION_HALTED=\"1\" by bob at "
            "2026-01-02T03:00:11Z");
}

// An empty replay was measured both for "nothing happened" and for a version of the future.
TEST_F(ReplayTest, SaysWhatCannotBeTold) {
  EXPECT_EQ(replay(succeeded()), "the API server tells of no change");
  EXPECT_EQ(replay(succeeded(R"({"type":"ERROR","object":{"code":410}})"
                             "\n")),
            "the API server no longer tells what happened");
  EXPECT_THAT(replay(failed(1, "Error from server (Forbidden): no watch\n")),
              HasSubstr("cannot be told: Error from server (Forbidden)"));
}

// A flood of changes, or a value of any size, must not bury the message.
TEST_F(ReplayTest, IsShort) {
  std::string lines;
  for (int i = 0; i < 500; ++i) {
    lines += event_line("MODIFIED", {{"EXECUTION_HALTED", std::string(500, 'x') + "\x1b[31m"}});
  }
  const std::string text = replay(succeeded(lines));
  EXPECT_THAT(text, HasSubstr("and 492 more"));
  EXPECT_LT(text.size(), 2000U);
}

}  // namespace
}  // namespace dr::kube
