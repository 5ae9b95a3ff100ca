#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "plugins/lkg/restore/restore.hpp"
#include "tests/unit/plugins/lkg/restore/restore_world.hpp"

// What must hold of a restore whatever happens at any of its kubectl calls.
namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::AnyOf;
using testing::HasSubstr;

// --- The invariants

// No body and no patch says anything but "1".
void expect_halting_bodies(const World& world) {
  const std::string key = "\"EXECUTION_HALTED\":";
  for (const auto& call : world.calls()) {
    std::string text = call.input;
    for (const auto& arg : call.args) text += "\n" + arg;
    for (std::size_t at = 0; (at = text.find(key, at)) != std::string::npos;) {
      at = text.find_first_not_of(' ', at + key.size());
      EXPECT_EQ(text.substr(at, 3), "\"1\"");
    }
  }
}

// Index of the first read of the switch after a write of it; the number of calls when there is
// none.
std::size_t first_read_back(const World& world) {
  bool is_written = false;
  for (std::size_t i = 0; i < world.calls().size(); ++i) {
    if (is_written && is_switch_read(world.calls()[i])) return i;
    is_written = is_written || is_switch_write(world.calls()[i]);
  }
  return world.calls().size();
}

void expect_halt_before_other_writes(const World& world) {
  const std::size_t halted = first_read_back(world);
  for (std::size_t i = 0; i < world.calls().size() && i < halted; ++i) {
    const auto& call = world.calls()[i];
    const bool creates_namespace = call.input.find("\"Namespace\"") != std::string::npos;
    EXPECT_TRUE(!is_mutation(call) || is_switch_write(call) || creates_namespace) << "call " << i;
  }
}

bool ends_with_halt_and_read_back(const World& world) {
  std::vector<os::Command> calls = world.calls();
  std::erase_if(calls, [](const os::Command& call) {
    const bool replays = call.args.back().find("?watch=true") != std::string::npos;
    return replays || is_lock_call(call);
  });
  return calls.size() >= 2 && is_switch_write(calls[calls.size() - 2]) &&
         is_switch_read(calls.back());
}

// The restore of the switch's own labels: until it is read back, another version cannot be told
// from the one that it made.
bool is_switch_replace(const os::Command& call) {
  return is_switch_write(call) && verb_and_args(call).front() == "replace";
}

bool wrote_anything(const World& world) {
  return std::any_of(world.calls().begin(), world.calls().end(), is_mutation);
}

// All that must hold of every run, good or bad.
void expect_invariants(World& world, const RestoreResult& result) {
  expect_halting_bodies(world);
  expect_halt_before_other_writes(world);
  // Nothing can trade in a namespace that is not there.
  if (wrote_anything(world) && world.cluster().find("Namespace", k_floor) != nullptr) {
    EXPECT_TRUE(ends_with_halt_and_read_back(world));
  }
  if (result.halted_at_end == true) {
    EXPECT_EQ(world.cluster().switch_value(), "1");
  }
  if (result.code == ExitCode::ok) {
    EXPECT_TRUE(world.is_restored(good_lkg()));
    EXPECT_EQ(result.halted_at_end, true);
    EXPECT_THAT(world.switch_as_seen(), testing::ElementsAre("1"));
  }
}

// --- The worlds that are spoiled

struct Start {
  std::string name;
  World (*make)();
};

World absent_floor() {
  return {};
}

void PrintTo(const Start& start, std::ostream* out) {
  *out << start.name;
}

const Start k_drifted{"drifted", drifted_world};
const Start k_absent{"absent", absent_floor};

// How many calls a run makes that nothing disturbs, and where its first read-back is.
struct Length {
  std::size_t calls;
  std::size_t read_back;
};

Length length_of(const Start& start) {
  World world = start.make();
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::ok) << result.error;
  expect_invariants(world, result);
  return {world.calls().size(), first_read_back(world)};
}

// --- Failures

struct Fault {
  std::string name;
  os::ProcessResult (*inflict)(World&, const os::Command&);
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

os::ProcessResult internal_error() {
  return failed(1, "Error from server (InternalError): an error on the server\n");
}

const std::vector<Fault> k_faults = {
    {"no_effect", [](World&, const os::Command&) { return internal_error(); }},
    {"lost_reply",
     [](World& world, const os::Command& command) {
       world.cluster().answer(command);
       return internal_error();
     }},
    {"timeout",
     [](World& world, const os::Command& command) {
       world.clock().advance(command.timeout);
       auto result = failed(-1, "");
       result.timed_out = true;
       return result;
     }},
    {"empty_output",
     [](World& world, const os::Command& command) {
       world.cluster().answer(command);
       return succeeded();
     }},
    {"truncated_output",
     [](World& world, const os::Command& command) {
       auto result = world.cluster().answer(command);
       result.out.resize(result.out.size() / 2);
       return result;
     }},
    {"claimed_success",
     [](World& world, const os::Command& command) {
       FakeCluster elsewhere = world.cluster();
       return elsewhere.answer(command);
     }},
};

class RestoreFault : public testing::TestWithParam<std::tuple<Start, Fault>> {};

TEST_P(RestoreFault, EndsHaltedWhereverItStrikes) {
  // Protects the absolute rule from every failure of every call: halted and read back at the end,
  // and never reported as done when it is not.
  const auto& [start, fault] = GetParam();
  const std::size_t calls = length_of(start).calls;
  for (std::size_t k = 0; k < calls; ++k) {
    SCOPED_TRACE(fault.name + " at call " + std::to_string(k));
    World world = start.make();
    world.intercept = [&, inflict = fault.inflict](std::size_t call, const os::Command& command) {
      return call == k ? std::optional(inflict(world, command)) : std::nullopt;
    };
    const auto result = world.restore(good_lkg(), quick());
    expect_invariants(world, result);
    EXPECT_EQ(result.error.empty(), result.code == ExitCode::ok);
    if (!wrote_anything(world)) {
      EXPECT_NE(result.code, ExitCode::ok);
    }
  }
}

TEST_P(RestoreFault, IsMendedByTheNextRun) {
  // Protects "run the restore again", the next step that every failure names.
  const auto& [start, fault] = GetParam();
  const std::size_t calls = length_of(start).calls;
  for (std::size_t k = 0; k < calls; k += 5) {
    SCOPED_TRACE(fault.name + " at call " + std::to_string(k));
    World world = start.make();
    world.intercept = [&, inflict = fault.inflict](std::size_t call, const os::Command& command) {
      return call == k ? std::optional(inflict(world, command)) : std::nullopt;
    };
    world.restore(good_lkg(), quick());
    world.intercept = nullptr;
    const auto result = world.restore(good_lkg(), quick());
    EXPECT_EQ(result.code, ExitCode::ok) << result.error;
    expect_invariants(world, result);
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, RestoreFault,
                         testing::Combine(testing::Values(k_drifted, k_absent),
                                          testing::ValuesIn(k_faults)),
                         [](const auto& test) {
                           return std::get<0>(test.param).name + "_" + std::get<1>(test.param).name;
                         });

TEST(RestoreFault, MistakeOfOursEndsHalted) {
  // Protects the last halt from an exception that nobody foresaw.
  const std::size_t calls = length_of(k_drifted).calls;
  for (const std::size_t k : {calls / 3, calls / 2, calls - 3}) {
    World world = drifted_world();
    world.intercept = [&](std::size_t call,
                          const os::Command&) -> std::optional<os::ProcessResult> {
      if (call == k) throw std::runtime_error("not foreseen");
      return std::nullopt;
    };
    const auto result = world.restore(good_lkg(), quick());
    EXPECT_THAT(result.code, AnyOf(ExitCode::failed, ExitCode::incomplete));
    EXPECT_THAT(result.error, HasSubstr("not foreseen"));
    expect_invariants(world, result);
  }
}

TEST(RestoreFault, LostReplyToOurOwnSwitchWriteIsNoAttack) {
  // Protects the meaning of "unsafe": a new version that we made ourselves is no stranger's.
  World world = drifted_world();
  world.intercept = [&](std::size_t,
                        const os::Command& command) -> std::optional<os::ProcessResult> {
    if (!is_switch_replace(command)) return std::nullopt;
    world.cluster().answer(command);
    return internal_error();
  };
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::incomplete) << result.error;
  EXPECT_EQ(result.halted_at_end, true);
  expect_invariants(world, result);
}

TEST(RestoreFault, DeadClusterAfterTheHaltIsUnsafe) {
  // Protects the report: a halt that cannot be read back at the end is not claimed.
  const std::size_t read_back = length_of(k_drifted).read_back;
  World world = drifted_world();
  world.intercept = [&](std::size_t call, const os::Command&) {
    return call > read_back ? std::optional(internal_error()) : std::nullopt;
  };
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::unsafe);
  EXPECT_NE(result.halted_at_end, true);
  EXPECT_TRUE(ends_with_halt_and_read_back(world));
}

// --- An adversary

struct Attack {
  std::string name;
  void (*strike)(FakeCluster&);
};

void PrintTo(const Attack& attack, std::ostream* out) {
  *out << attack.name;
}

void set_switch(FakeCluster& cluster, const std::string& value) {
  cluster.edit("ConfigMap", k_switch, [&](Json& o) { o["data"]["EXECUTION_HALTED"] = value; });
}

const std::vector<Attack> k_attacks = {
    {"unhalts", [](FakeCluster& cluster) { set_switch(cluster, "0"); }},
    {"unhalts_for_a_moment",
     [](FakeCluster& cluster) {
       set_switch(cluster, "0");
       set_switch(cluster, "1");
     }},
    {"deletes", [](FakeCluster& cluster) { cluster.remove("ConfigMap", k_switch); }},
    {"makes_anew",
     [](FakeCluster& cluster) {
       Json object = cluster.at("ConfigMap", k_switch);
       object["metadata"].erase("uid");
       cluster.remove("ConfigMap", k_switch);
       cluster.write(object);
     }},
};

class RestoreAttack : public testing::TestWithParam<Attack> {};

TEST_P(RestoreAttack, IsUnsafeAndHaltedAgain) {
  // Protects against a switch that moves during the run, which reading its value alone would miss.
  const auto [calls, read_back] = length_of(k_drifted);
  for (std::size_t k = read_back; k + 1 < calls; ++k) {
    SCOPED_TRACE(GetParam().name + " after call " + std::to_string(k));
    World world = drifted_world();
    world.between = [&](std::size_t call) {
      if (call == k) GetParam().strike(world.cluster());
    };
    const auto result = world.restore(good_lkg(), quick());
    EXPECT_EQ(result.code, ExitCode::unsafe) << result.error;
    EXPECT_EQ(world.cluster().switch_value(), "1");
    expect_invariants(world, result);
  }
}

TEST_P(RestoreAttack, OutweighsAnyOtherEnd) {
  // Protects the exit code: a refusal or failure must not hide that the switch moved.
  const auto [calls, read_back] = length_of(k_drifted);
  World world = drifted_world();
  auto options = quick();
  options.expect_plan = "another";
  world.between = [&, at = read_back](std::size_t call) {
    if (call == at) GetParam().strike(world.cluster());
  };
  const auto result = world.restore(good_lkg(), options);
  EXPECT_EQ(result.code, ExitCode::unsafe) << result.error;
  EXPECT_THAT(result.error, HasSubstr("no longer the expected one"));
}

INSTANTIATE_TEST_SUITE_P(Calls, RestoreAttack, testing::ValuesIn(k_attacks),
                         [](const auto& test) { return test.param.name; });

// --- Signals

class RestoreSignal : public testing::TestWithParam<bool> {};

TEST_P(RestoreSignal, EndsHaltedWhereverItArrives) {
  // Protects against Ctrl-C and a job's end: the halt is written and read back on the way out,
  // whether or not the call that was interrupted took effect.
  const Start& start = k_drifted;
  const std::size_t calls = length_of(start).calls;
  for (std::size_t k = 0; k < calls; ++k) {
    SCOPED_TRACE("signal at call " + std::to_string(k));
    World world = start.make();
    world.intercept = [&](std::size_t call,
                          const os::Command& command) -> std::optional<os::ProcessResult> {
      if (call != k) return std::nullopt;
      if (GetParam()) world.cluster().answer(command);
      throw Interrupted{SIGINT};
    };
    const auto result = world.restore(good_lkg(), quick());
    EXPECT_EQ(result.code, ExitCode::interrupted) << result.error;
    EXPECT_THAT(result.error, HasSubstr("interrupted by signal 2"));
    expect_invariants(world, result);
    if (wrote_anything(world)) {
      EXPECT_EQ(world.cluster().switch_value(), "1");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Effects, RestoreSignal, testing::Bool(), [](const auto& test) {
  return test.param ? "after_the_effect" : "before_the_effect";
});

TEST(RestoreSignal, WhileWaitingEndsHalted) {
  // Protects the longest part of a restore: signals mostly arrive in a sleep.
  World world = drifted_world();
  world.on_sleep = [&] {
    world.on_sleep = nullptr;
    throw Interrupted{SIGTERM};
  };
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::terminated);
  EXPECT_TRUE(ends_with_halt_and_read_back(world));
  EXPECT_EQ(result.halted_at_end, true);
}

TEST(RestoreSignal, ThatStopsTheLastHaltTwiceIsUnsafe) {
  // Protects the report: a halt that nobody read back is not claimed.
  const std::size_t calls = length_of(k_drifted).calls;
  World world = drifted_world();
  world.intercept = [&](std::size_t call, const os::Command&) -> std::optional<os::ProcessResult> {
    if (call + 2 >= calls) throw Interrupted{SIGINT};
    return std::nullopt;
  };
  const auto result = world.restore(good_lkg(), quick());
  EXPECT_EQ(result.code, ExitCode::unsafe);
  EXPECT_NE(result.halted_at_end, true);
}

}  // namespace
}  // namespace dr::lkg
