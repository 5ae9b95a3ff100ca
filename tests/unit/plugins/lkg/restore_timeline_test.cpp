#include "plugins/lkg/restore_timeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.hpp"

namespace dr::lkg {
namespace {

const std::string k_journal =
    R"({"event":"start","lkg":"L","namespace":"trading-floor","ms":0}
{"event":"phase","phase":"halt","ms":10}
{"event":"phase","phase":"waves","ms":50}
{"event":"wave","wave":"config","ms":60}
{"event":"phase","phase":"rollout","ms":100}
{"event":"rollouts","deadline":1000,"soak":0,"ms":100}
{"event":"workload","workload":"Deployment/web","settled":false,"ms":110}
{"event":"workload","workload":"Deployment/api","settled":false,"ms":110}
{"event":"workload","workload":"Deployment/web","settled":true,"ms":300}
{"event":"end","exitCode":4,"ms":400}
)";

Json bar(const char* lane, const char* name, int from, int to, bool good) {
  return {{"lane", lane}, {"name", name}, {"from", from}, {"to", to}, {"good", good}};
}

TEST(RestoreTimeline, EndsEachBarWhereTheJournalDoes) {
  const Json timeline = timeline_of(k_journal, "restore-1.jsonl");
  EXPECT_EQ(timeline.at("bars"),
            Json({bar("phase", "halt", 10, 50, true), bar("phase", "waves", 50, 100, true),
                  bar("wave", "config", 60, 100, true), bar("phase", "rollout", 100, 400, false),
                  bar("workload", "Deployment/web", 110, 300, true),
                  bar("workload", "Deployment/api", 110, 400, false)}));
  EXPECT_EQ(timeline.at("exitCode"), 4);
  EXPECT_EQ(timeline.at("deadline"), 1100);
}

TEST(RestoreTimeline, TellsARestoreThatDidNotComeToItsEnd) {
  const std::string killed = k_journal.substr(0, k_journal.find("{\"event\":\"end\""));
  const Json timeline = timeline_of(killed, "restore-1.jsonl");
  EXPECT_TRUE(timeline.at("exitCode").is_null());
  EXPECT_EQ(timeline.at("ms"), 300);
}

TEST(RestoreTimeline, NamesTheLineThatIsDamaged) {
  const auto cause = [](const std::string& text) -> std::string {
    try {
      timeline_of(text, "restore-1.jsonl");
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string first = k_journal.substr(0, k_journal.find('\n') + 1);
  EXPECT_EQ(cause(""), "restore-1.jsonl: it is empty");
  EXPECT_EQ(cause(first + "{\"event\""), "restore-1.jsonl, line 2: it is cut off");
  EXPECT_EQ(cause(first + first),
            "restore-1.jsonl, line 2: a journal has one event start, its first");
  EXPECT_EQ(cause("{\"event\":\"phase\",\"ms\":0}\n"),
            "restore-1.jsonl, line 1: a journal has one event start, its first");
  EXPECT_EQ(cause(k_journal + "{\"event\":\"phase\",\"phase\":\"x\",\"ms\":500}\n"),
            "restore-1.jsonl, line 11: an event after the end");
  EXPECT_EQ(cause(first + "{\"event\":\"phase\",\"phase\":\"x\",\"ms\":5}\n"
                          "{\"event\":\"phase\",\"phase\":\"y\",\"ms\":4}\n"),
            "restore-1.jsonl, line 3: ms goes back, or is not there");
  EXPECT_EQ(cause(first + "{\"event\":\"rollouts\",\"deadline\":9223372036854775807,\"ms\":1}\n"),
            "restore-1.jsonl, line 2: deadline is no time of a restore");
  EXPECT_THAT(cause(first + "{]\n"), testing::StartsWith("restore-1.jsonl, line 2: "));
}

}  // namespace
}  // namespace dr::lkg
