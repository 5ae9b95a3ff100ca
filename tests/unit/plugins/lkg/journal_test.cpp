#include "plugins/lkg/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/atomic_file.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::lkg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class JournalTest : public testing::Test {
 protected:
  std::vector<Json> lines() const {
    std::vector<Json> events;
    for (const auto& line : split(os::read_file(m_journal.path()), '\n'))
      if (!line.empty()) events.push_back(data::read_json(line, "line"));
    return events;
  }

  test::TempDir m_dir;
  test::FakeClock m_clock;
  std::vector<std::string> m_warnings;
  Journal m_journal{m_clock, [this](const std::string& line) { m_warnings.push_back(line); }};
};

TEST_F(JournalTest, IsNamedByTimeAndTellsWhenInTheRun) {
  m_journal.open(m_dir.path() / "deploy_logs");
  EXPECT_EQ(m_journal.path(), m_dir.path() / "deploy_logs" / "restore-20260102T030405Z.jsonl");
  m_clock.advance(Millis(1'500));
  m_journal.add("phase", {{"phase", "halt"}});
  EXPECT_THAT(
      lines(),
      ElementsAre(Json{
          {"event", "phase"}, {"phase", "halt"}, {"ms", 1'500}, {"time", "2026-01-02T03:04:06Z"}}));
}

TEST_F(JournalTest, TwoRunsOfASecondHaveAFileEach) {
  m_journal.open(m_dir.path());
  Journal other(m_clock, [](const std::string&) {});
  other.open(m_dir.path());
  EXPECT_EQ(other.path(), m_dir.path() / "restore-20260102T030405Z-2.jsonl");
}

TEST_F(JournalTest, APlaceThatTakesNoneIsOneWarning) {
  // Protects a restore from a disk that cannot hold its journal.
  os::write_file(m_dir.path() / "file", "");
  m_journal.open(m_dir.path() / "file");
  m_journal.add("phase", {});
  m_journal.add("phase", {});
  EXPECT_THAT(m_warnings, ElementsAre(HasSubstr("no journal")));
  EXPECT_TRUE(m_journal.path().empty());
}

TEST_F(JournalTest, EachCallIsThereBeforeItRunsAndHowItEnded) {
  // Protects what a run that is killed leaves: the call that it died in.
  m_journal.open(m_dir.path());
  test::FakeProcessRunner fake;
  std::vector<std::string> seen;
  fake.handler = [&](const os::Command&) {
    seen.push_back(data::string_at(lines().back(), {"command"}));
    auto result = test::failed(1, "Error from server (Conflict): secret-value");
    result.out = "12345";
    result.elapsed = Millis(70);
    return result;
  };
  JournaledRunner runner(fake, m_journal);
  os::Command command;
  command.program = "/bin/kubectl";
  command.args = {"--token=abc", "replace", "-f", "-"};
  command.input = "secret-value";
  runner.run(command);
  EXPECT_THAT(seen, ElementsAre("/bin/kubectl '--token=***' replace -f -"));
  EXPECT_THAT(lines(), SizeIs(2));
  const Json result = lines().back();
  EXPECT_EQ(result.at("event"), "result");
  EXPECT_EQ(result.at("call"), 1);
  EXPECT_EQ(result.at("exitCode"), 1);
  EXPECT_EQ(result.at("took"), 70);
  EXPECT_EQ(result.at("bytes"), 5);
  const std::string text = os::read_file(m_journal.path());
  EXPECT_THAT(text, Not(HasSubstr("abc")));
  EXPECT_THAT(text, Not(HasSubstr("secret-value")));
}

TEST_F(JournalTest, CallsThatRunTogetherKeepTheirNumbers) {
  m_journal.open(m_dir.path());
  test::FakeProcessRunner fake;
  JournaledRunner runner(fake, m_journal);
  fake.push(test::succeeded());
  fake.push(test::succeeded("a"));
  auto killed = test::failed(-1, "");
  killed.signal = 9;
  killed.timed_out = true;
  fake.push(killed);
  runner.run_all(std::vector<os::Command>(1), 1);
  runner.run_all(std::vector<os::Command>(2), 2);
  const auto events = lines();
  ASSERT_THAT(events, SizeIs(6));
  EXPECT_EQ(events[4].at("call"), 2);
  EXPECT_EQ(events[4].at("bytes"), 1);
  EXPECT_EQ(events[5].at("call"), 3);
  EXPECT_EQ(events[5].at("signal"), 9);
  EXPECT_EQ(events[5].at("timedOut"), true);
}

TEST_F(JournalTest, WhatAnAnswerBringsIsACallOfItsOwn) {
  // Protects the numbers that tie an end to its call, and the size of what was read as it came.
  m_journal.open(m_dir.path());
  test::FakeProcessRunner fake;
  JournaledRunner runner(fake, m_journal);
  fake.push(test::succeeded("four"));
  fake.push(test::succeeded("three"));
  os::Fetch first;
  first.target = "/a";
  first.on_body = [](std::string_view) {};
  const auto follow_up = [](std::size_t index, std::string_view) {
    std::vector<os::Fetch> more(index == 0 ? 1 : 0);
    for (auto& fetch : more) fetch.target = "/b";
    return more;
  };
  runner.fetch_each({&first, 1}, 1, follow_up, [](std::size_t, const os::ProcessResult&) {});
  const auto events = lines();
  ASSERT_THAT(events, SizeIs(4));
  EXPECT_EQ(events[1].at("get"), "/b");
  EXPECT_EQ(events[1].at("call"), 2);
  EXPECT_EQ(events[2].at("call"), 1);
  EXPECT_EQ(events[2].at("bytes"), 4);
  EXPECT_EQ(events[3].at("call"), 2);
  EXPECT_EQ(events[3].at("bytes"), 5);
}

TEST_F(JournalTest, NothingIsThereBeforeItIsOpened) {
  test::FakeProcessRunner fake;
  fake.handler = [](const os::Command&) { return test::succeeded(); };
  JournaledRunner runner(fake, m_journal);
  runner.run(os::Command{});
  EXPECT_THAT(m_warnings, IsEmpty());
  m_journal.open(m_dir.path());
  EXPECT_THAT(lines(), IsEmpty());
}

}  // namespace
}  // namespace dr::lkg
