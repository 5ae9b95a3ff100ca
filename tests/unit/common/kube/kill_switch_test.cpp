#include "common/kube/kill_switch.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "common/base/error.hpp"
#include "common/kube/object.hpp"
#include "tests/unit/common/kube/switch_model.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string k_dead_webhook =
    "Error from server (InternalError): Internal error occurred: failed calling webhook "
    "\"guard.example.com\": failed to call webhook: Post \"https://hook.ns.svc:443/x?timeout=2s\": "
    "service \"hook\" not found\n";

// The error that `act` throws; a code of `ok` when it throws none.
Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  return {ExitCode::ok, "nothing was thrown"};
}

os::ProcessResult timed_out() {
  os::ProcessResult result = failed(1, "");  // an exit code of -1 is no answer to FakeApi
  result.timed_out = true;
  return result;
}

std::vector<std::string> verbs(SwitchModel& model) {
  std::vector<std::string> verbs;
  for (const auto& command : model.api().writes()) verbs.push_back(words_of(command).front());
  return verbs;
}

// --- halt

// The patch touches the one key and has no precondition, which could only make halting fail.
TEST(Halt, PatchesTheKeyAloneAndReadsItBack) {
  SwitchModel model(switch_with("0"));
  model.edit([](Json& object) { object["data"]["REASON"] = "none"; });
  const Halted halted = model.kill_switch().halt();

  EXPECT_EQ(model.value(), "1");
  EXPECT_EQ(model.live()->at("data").at("REASON"), "none");
  EXPECT_EQ(halted.ns(), "trading-floor");
  EXPECT_EQ(halted.uid(), "uid-ConfigMap-agenttrader-kill-switch");
  EXPECT_EQ(halted.resource_version(), resource_version_of(*model.live()));
  EXPECT_EQ(halted.object().at("kind"), "ConfigMap");
  ASSERT_THAT(model.api().writes(), SizeIs(1));
  EXPECT_THAT(
      words_of(model.api().writes()[0]),
      ElementsAre("patch", "configmap", "agenttrader-kill-switch", "--field-manager=agenttrader-dr",
                  "--type=merge", "-p", R"({"data":{"EXECUTION_HALTED":"1"}})", "-o", "name"));
}

// Halting twice must not disturb the proof of the first time.
TEST(Halt, OfAHaltedSwitchKeepsItsVersion) {
  SwitchModel model(switch_with("1"));
  const Halted first = model.kill_switch().halt();
  const Halted second = model.kill_switch().halt();
  EXPECT_EQ(first.resource_version(), second.resource_version());
}

TEST(Halt, CreatesAMissingSwitch) {
  SwitchModel model(std::nullopt);
  const Halted halted = model.kill_switch().halt();
  EXPECT_EQ(model.value(), "1");
  EXPECT_EQ(halted.uid(), uid_of(*model.live()));
  EXPECT_THAT(verbs(model), ElementsAre("patch", "create"));
  EXPECT_EQ(model.bodies().back(), Json::parse(R"({"apiVersion": "v1", "kind": "ConfigMap",
              "metadata": {"name": "agenttrader-kill-switch", "namespace": "trading-floor"},
              "data": {"EXECUTION_HALTED": "1"}})"));
}

// Someone creates it with "0" between our patch and our create.
TEST(Halt, OverwritesASwitchThatAppearsMeanwhile) {
  SwitchModel model(std::nullopt);
  int writes = 0;
  model.before_write = [&] {
    if (++writes == 2) model.recreate(switch_with("0"));
  };
  model.kill_switch().halt();
  EXPECT_EQ(model.value(), "1");
  EXPECT_THAT(verbs(model), ElementsAre("patch", "create", "patch"));
}

// A mistyped namespace is no danger to trading: it must not read as one, nor create anything.
TEST(Halt, OfAMissingNamespaceFails) {
  SwitchModel model(std::nullopt);
  model.has_namespace = false;
  const Error error = error_of([&] { model.kill_switch().halt(); });
  EXPECT_EQ(error.code(), ExitCode::failed);
  EXPECT_THAT(error.what(), HasSubstr("namespace trading-floor does not exist"));
  EXPECT_FALSE(model.live());
}

// An immutable ConfigMap can only be made anew, and stays changeable then.
TEST(Halt, ReplacesAnImmutableSwitch) {
  Json frozen = switch_with("0");
  frozen["immutable"] = true;
  frozen["data"]["REASON"] = "none";
  SwitchModel model(frozen);
  const Halted halted = model.kill_switch().halt();

  EXPECT_EQ(model.value(), "1");
  EXPECT_FALSE(model.live()->contains("immutable"));
  EXPECT_EQ(model.live()->at("data").at("REASON"), "none");
  EXPECT_NE(halted.uid(), "uid-ConfigMap-agenttrader-kill-switch");
  EXPECT_THAT(words_of(model.api().writes().at(1)),
              AllOf(Contains("replace"), Contains("--force")));
}

// A refused patch is no reason to delete a switch that may be changed.
TEST(Halt, NeverReplacesAMutableSwitch) {
  Json open = switch_with("0");
  open["immutable"] = false;
  SwitchModel model(open);
  model.refused_write = failed(1, k_dead_webhook);
  EXPECT_EQ(error_of([&] { model.kill_switch().halt(); }).code(), ExitCode::unsafe);
  EXPECT_THAT(verbs(model), Each("patch"));
}

// Deleting a switch that already halts would only open a gap.
TEST(Halt, LeavesAnImmutableSwitchThatHalts) {
  Json frozen = switch_with("1");
  frozen["immutable"] = true;
  SwitchModel model(frozen);
  model.kill_switch().halt();
  EXPECT_THAT(verbs(model), ElementsAre("patch"));
}

// A dead webhook refuses even a write that changes nothing (measured): what counts is what is
// read.
TEST(Halt, HoldsWhenARefusedSwitchReadsOne) {
  SwitchModel model(switch_with("1"));
  model.refused_write = failed(1, k_dead_webhook);
  EXPECT_EQ(model.kill_switch().halt().resource_version(), "1");
}

TEST(Halt, IsUnsafeWhenARefusedSwitchReadsZero) {
  SwitchModel model(switch_with("0"));
  model.refused_write = failed(1, k_dead_webhook);
  const Error error = error_of([&] { model.kill_switch().halt(); });
  EXPECT_EQ(error.code(), ExitCode::unsafe);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("EXECUTION_HALTED=\"0\""), HasSubstr("guard.example")));
  EXPECT_THAT(error.next_step(), HasSubstr("scale the execution workloads"));
  EXPECT_THAT(verbs(model), SizeIs(5));
  EXPECT_THAT(model.api().runner().sleeps(), SizeIs(4));
}

// The reply was lost, the write was not: only a read can tell.
TEST(Halt, HoldsAfterALostReply) {
  SwitchModel model(switch_with("0"));
  model.lost_reply = timed_out();
  model.kill_switch().halt();
  EXPECT_EQ(model.value(), "1");
}

// rc 0 alone proves nothing: a mutating policy turned the value back (measured).
TEST(Halt, RepeatsUntilItReadsOne) {
  SwitchModel model(switch_with("0"));
  int reads = 0;
  model.before_read = [&] {
    if (++reads <= 2) model.set("0");
  };
  model.kill_switch().halt();
  EXPECT_EQ(model.value(), "1");
  EXPECT_EQ(reads, 3);

  model.before_read = [&] { model.set("0"); };
  EXPECT_EQ(error_of([&] { model.kill_switch().halt(); }).code(), ExitCode::unsafe);
}

// --- What proves nothing

struct Unproven {
  std::string name;
  os::ProcessResult read;
};

void PrintTo(const Unproven& unproven, std::ostream* out) {
  *out << unproven.name;
}

Unproven reading(const std::string& name, const std::function<void(Json&)>& spoil) {
  Json object = switch_with("1");
  spoil(object);
  return {name, succeeded(data::write_json(object))};
}

Unproven valued(const std::string& name, const Json& value) {
  return reading(name, [&](Json& object) { object["data"]["EXECUTION_HALTED"] = value; });
}

class UnprovenSwitch : public testing::TestWithParam<Unproven> {};

// Anything but a whole switch with exactly the string "1" is unsafe, in every path that proves, and
// never another error.
TEST_P(UnprovenSwitch, IsUnsafe) {
  SwitchModel model(switch_with("1"));
  const KillSwitch kill_switch = model.kill_switch();
  const Halted before = kill_switch.halt();
  model.broken_read = GetParam().read;
  EXPECT_EQ(error_of([&] { kill_switch.read_back(); }).code(), ExitCode::unsafe);
  EXPECT_EQ(error_of([&] { kill_switch.halt(); }).code(), ExitCode::unsafe);
  EXPECT_EQ(error_of([&] { kill_switch.align(switch_with("1"), before); }).code(),
            ExitCode::unsafe);
  const std::size_t writes = model.api().writes().size();
  EXPECT_EQ(error_of([&] { kill_switch.require_unchanged(before); }).code(), ExitCode::unsafe);
  EXPECT_GT(model.api().writes().size(), writes) << "it must halt again";
}

INSTANTIATE_TEST_SUITE_P(
    Values, UnprovenSwitch,
    testing::Values(valued("zero", "0"), valued("trailing blank", "1 "), valued("newline", "1\n"),
                    valued("empty", ""), valued("word", "true"), valued("number", 1),
                    valued("boolean", true), valued("null", nullptr),
                    reading("no key", [](Json& o) { o["data"].erase("EXECUTION_HALTED"); }),
                    reading("other key", [](Json& o) { o["data"] = {{"execution_halted", "1"}}; }),
                    reading("no data", [](Json& o) { o.erase("data"); }),
                    reading("data of another type", [](Json& o) { o["data"] = "1"; }),
                    reading("dying",
                            [](Json& o) {
                              o["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
                            }),
                    reading("no uid", [](Json& o) { o["metadata"].erase("uid"); }),
                    reading("no version", [](Json& o) { o["metadata"].erase("resourceVersion"); }),
                    reading("no metadata", [](Json& o) { o.erase("metadata"); })));

INSTANTIATE_TEST_SUITE_P(
    Reads, UnprovenSwitch,
    testing::Values(
        Unproven{"empty output", succeeded()},
        Unproven{"truncated", succeeded(R"({"data":{"EXEC)")}, Unproven{"a list", succeeded("[]")},
        Unproven{"null", succeeded("null")}, Unproven{"a string", succeeded("\"1\"")},
        Unproven{"timed out", timed_out()},
        Unproven{"forbidden",
                 failed(1,
                        "Error from server (Forbidden): configmaps \"agenttrader-kill-switch\" is "
                        "forbidden: User \"jane\" cannot get resource\n")},
        Unproven{"unreachable", failed(1, "The connection to the server 10.0.0.1 was refused\n")},
        Unproven{"silent", failed(1, "")},
        Unproven{"absent",
                 failed(1,
                        "Error from server (NotFound): configmaps \"agenttrader-kill-switch\" not "
                        "found\n")}));

TEST(ReadBack, ProvesAHaltedSwitchWithoutAWrite) {
  SwitchModel model(switch_with("1"));
  EXPECT_EQ(model.kill_switch().read_back().resource_version(), "1");
  EXPECT_THAT(model.api().writes(), IsEmpty());
}

// --- require_unchanged

TEST(RequireUnchanged, AcceptsTheSameVersionWithoutAWrite) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().read_back();
  model.kill_switch().require_unchanged(before);
  EXPECT_THAT(model.api().writes(), IsEmpty());
}

struct Move {
  std::string found;  // what the error must say
  std::function<void(SwitchModel&)> make;
};

void PrintTo(const Move& move, std::ostream* out) {
  *out << move.found;
}

class SwitchMoved : public testing::TestWithParam<Move> {};

// Whatever was done to the switch meanwhile, even undone again, the run is unsafe and the switch
// reads "1" after it.
TEST_P(SwitchMoved, IsUnsafeAndHaltedAgain) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  GetParam().make(model);
  const Error error = error_of([&] { model.kill_switch().require_unchanged(before); });
  EXPECT_EQ(error.code(), ExitCode::unsafe);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(GetParam().found), HasSubstr("halted again since")));
  EXPECT_EQ(model.value(), "1");
}

INSTANTIATE_TEST_SUITE_P(
    Moves, SwitchMoved,
    testing::Values(
        Move{"reads EXECUTION_HALTED=\"0\"", [](SwitchModel& m) { m.set("0"); }},
        Move{"reads EXECUTION_HALTED=\"1 \"", [](SwitchModel& m) { m.set("1 "); }},
        Move{"has no key EXECUTION_HALTED",
             [](SwitchModel& m) { m.edit([](Json& o) { o["data"] = Json::object(); }); }},
        Move{"was deleted", [](SwitchModel& m) { m.remove(); }},
        Move{"was deleted and created anew", [](SwitchModel& m) { m.recreate(switch_with("1")); }},
        Move{"was written by somebody else",
             [](SwitchModel& m) {
               m.set("0");
               m.set("1");
             }},
        Move{"was written by somebody else",
             [](SwitchModel& m) { m.edit([](Json& o) { o["metadata"]["labels"]["a"] = "b"; }); }}));

// The move is told first when halting again fails too.
TEST(RequireUnchanged, TellsTheMoveWhenHaltingAgainFails) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  model.set("0");
  model.refused_write = failed(1, k_dead_webhook);
  const Error error = error_of([&] { model.kill_switch().require_unchanged(before); });
  EXPECT_EQ(error.code(), ExitCode::unsafe);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("while this run worked, and halting again failed"),
                                  Not(HasSubstr("halted again since"))));
}

// The namespace going away in the middle of a run is no usage mistake.
TEST(RequireUnchanged, IsUnsafeWhenTheNamespaceIsGone) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  model.remove();
  model.has_namespace = false;
  const Error error = error_of([&] { model.kill_switch().require_unchanged(before); });
  EXPECT_EQ(error.code(), ExitCode::unsafe);
}

// One answer that is lost on the way is no reason to give up a restore.
TEST(RequireUnchanged, LooksAgainWhenItCannotRead) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  int reads = 0;
  model.before_read = [&] {
    model.broken_read.reset();
    if (++reads <= 2) model.broken_read = failed(1, "Error from server (TooManyRequests): slow\n");
  };
  const auto writes = model.api().writes().size();
  model.kill_switch().require_unchanged(before);
  EXPECT_EQ(model.api().writes().size(), writes) << "no halt was needed";

  // Three in a row: the switch is halted again, which shows as well that nobody wrote it.
  reads = -1;
  model.kill_switch().require_unchanged(before);
  EXPECT_EQ(model.api().writes().size(), writes + 1);
}

// The operator must learn who did it and when, even if it reads "1" again.
TEST(RequireUnchanged, TellsWhoMovedTheSwitchAndWhen) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  model.set("0");
  model.set("1");
  model.events =
      R"({"type":"MODIFIED","object":{"metadata":{"uid":"u","managedFields":[{"manager":"kubectl-edit","time":"2026-01-02T03:00:09Z","fieldsV1":{"f:data":{"f:EXECUTION_HALTED":{}}}}]},"data":{"EXECUTION_HALTED":"0"}}})"
      "\n";
  const Error error = error_of([&] { model.kill_switch().require_unchanged(before); });
  EXPECT_THAT(error.what(),
              HasSubstr("EXECUTION_HALTED=\"0\" by kubectl-edit at 2026-01-02T03:00:09Z"));
}

// A server that hangs must be told from one that answers within half a minute or so, whatever
// limits the user gave; and only a few calls may wait for it.
TEST(Halt, HasShortLimitsOfItsOwn) {
  SwitchModel model(switch_with("1"));
  os::ProcessResult hung = timed_out();
  hung.elapsed = std::chrono::seconds(8);
  model.refused_write = hung;
  model.broken_read = hung;
  const Error error = error_of([&] { model.kill_switch().halt(); });
  EXPECT_EQ(error.code(), ExitCode::unsafe);
  EXPECT_THAT(model.api().writes(), SizeIs(2));
  for (const auto& command : model.api().runner().commands()) {
    if (words_of(command).front() == "config") continue;
    EXPECT_LE(command.timeout, std::chrono::seconds(15));
    const auto limits =
        std::count(command.args.begin(), command.args.end(), "--request-timeout=8s");
    EXPECT_EQ(limits, 1);
  }
}

// --- The second switch

const std::string k_safety_path = k_core_path + "configmaps/agenttrader-safety";

Json safety_with(const Json& data) {
  Json object = make_object("v1", "ConfigMap", "agenttrader-safety");
  object["data"] = data;
  return object;
}

TEST(Safety, IsLeftAloneWhereItHoldsOrIsNotThere) {
  FakeApi api;
  api.on_write = [](const os::Command&) { return failed(1, "no write was due\n"); };
  EXPECT_FALSE(KillSwitch(api.kubectl()).hold_safety());
  for (const Json& data : {Json{{"KILL_SWITCH", "true"}}, Json{{"OTHER", "x"}}}) {
    api.put(k_safety_path, safety_with(data));
    EXPECT_FALSE(KillSwitch(api.kubectl()).hold_safety());
  }
  EXPECT_THAT(api.writes(), IsEmpty());
}

TEST(Safety, IsSetToTrueAndReadBack) {
  FakeApi api;
  api.put(k_safety_path, safety_with({{"KILL_SWITCH", "false"}, {"OTHER", "x"}}));
  api.on_write = [&](const os::Command&) {
    api.put(k_safety_path, safety_with({{"KILL_SWITCH", "true"}, {"OTHER", "x"}}));
    return succeeded();
  };
  EXPECT_TRUE(KillSwitch(api.kubectl()).hold_safety());
  ASSERT_THAT(api.writes(), SizeIs(1));
  EXPECT_THAT(
      words_of(api.writes()[0]),
      ElementsAre("patch", "configmap", "agenttrader-safety", "--field-manager=agenttrader-dr",
                  "--type=merge", "-p", R"({"data":{"KILL_SWITCH":"true"}})", "-o", "name"));
}

// Unknown is not safe.
TEST(Safety, ThatCannotBeHeldOrReadIsUnsafe) {
  FakeApi api;
  api.put(k_safety_path, safety_with({{"KILL_SWITCH", "false"}}));
  for (const auto& answer : {succeeded(), failed(1, k_dead_webhook)}) {
    api.on_write = [&](const os::Command&) { return answer; };
    EXPECT_EQ(error_of([&] { KillSwitch(api.kubectl()).hold_safety(); }).code(), ExitCode::unsafe);
  }
  api.refuse(k_safety_path, "Error from server (Forbidden): configmaps is forbidden\n");
  EXPECT_EQ(error_of([&] { KillSwitch(api.kubectl()).hold_safety(); }).code(), ExitCode::unsafe);
}

TEST(Safety, IsLookedAtThreeTimesWithPauses) {
  FakeApi api;
  api.refuse(k_safety_path, "Error from server (InternalError): slow\n");
  EXPECT_EQ(error_of([&] { KillSwitch(api.kubectl()).hold_safety(); }).code(), ExitCode::unsafe);
  EXPECT_THAT(api.reads(), SizeIs(3));
  EXPECT_THAT(api.runner().sleeps(), SizeIs(2));
}

// --- align

// An LKG body that says "0" (edited by hand) must never reach the cluster as such.
TEST(Align, RestoresTheRestAndKeepsOne) {
  SwitchModel model(switch_with("1"));
  model.edit([](Json& object) {
    object["data"]["ROGUE"] = "x";
    object["metadata"]["finalizers"] = {"example.com/hold"};
  });
  const Halted before = model.kill_switch().halt();
  Json lkg = switch_with("0");
  lkg["data"]["REASON"] = "drill";
  lkg["metadata"]["labels"]["app"] = "floor";
  lkg["metadata"]["namespace"] = "elsewhere";
  const Halted after = model.kill_switch().align(lkg, before);

  EXPECT_EQ(model.live()->at("data"), (Json{{"EXECUTION_HALTED", "1"}, {"REASON", "drill"}}));
  EXPECT_EQ(model.live()->at("metadata").at("labels"), (Json{{"app", "floor"}}));
  EXPECT_EQ(model.live()->at("metadata").at("finalizers"), Json{"example.com/hold"});
  EXPECT_EQ(after.resource_version(), resource_version_of(*model.live()));
  const Json& body = model.bodies().back();
  EXPECT_EQ(body.at("metadata").at("namespace"), "trading-floor");
  EXPECT_EQ(body.at("metadata").at("resourceVersion"), before.resource_version());
  EXPECT_EQ(body.at("metadata").at("uid"), before.uid());
}

TEST(Align, KeepsOneWhenTheLkgHasNoData) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  Json lkg = switch_with("1");
  lkg.erase("data");
  model.kill_switch().align(lkg, before);
  EXPECT_EQ(model.value(), "1");
}

// The fence caught somebody: that is the same alarm as in require_unchanged.
TEST(Align, IsUnsafeWhenTheSwitchMoved) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  model.set("0");
  const Error error = error_of([&] { model.kill_switch().align(switch_with("1"), before); });
  EXPECT_EQ(error.code(), ExitCode::unsafe);
  EXPECT_EQ(model.value(), "1");
}

// After a write of ours whose reply was lost, versions tell nothing: the API server's record must.
TEST(RequireHeld, GoesByTheRecordOfEveryChange) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  const auto event = [&](const std::string& type, const std::string& value,
                         const std::string& uid) {
    return fmt::format(
        R"({{"type":"{}","object":{{"metadata":{{"uid":"{}"}},"data":{{"EXECUTION_HALTED":"{}"}}}}}})"
        "\n",
        type, uid, value);
  };
  const auto verdict = [&](const std::string& events) {
    model.events = events;
    model.edit([](Json& object) { object["metadata"]["labels"]["a"] = "b"; });
    const Halted now = model.kill_switch().halt();
    return error_of([&] { model.kill_switch().require_held(before, now); }).code();
  };
  EXPECT_EQ(error_of([&] { model.kill_switch().require_held(before, before); }).code(),
            ExitCode::ok);
  const std::string ours = event("MODIFIED", "1", before.uid());
  EXPECT_EQ(verdict(ours), ExitCode::ok);
  EXPECT_EQ(verdict(event("MODIFIED", "0", before.uid()) + ours), ExitCode::unsafe);
  EXPECT_EQ(verdict(ours + event("DELETED", "1", before.uid())), ExitCode::unsafe);
  EXPECT_EQ(verdict(ours + event("ADDED", "1", "another")), ExitCode::unsafe);
  EXPECT_EQ(verdict(""), ExitCode::unsafe) << "a record that lacks our own write is not whole";
  EXPECT_EQ(verdict(R"({"type":"ERROR","object":{"code":410}})"
                    "\n"),
            ExitCode::unsafe);
}

// The namespace that goes away while nothing can be read is no mistyped one.
TEST(RequireUnchanged, IsUnsafeWhenNothingCanBeReadAndTheNamespaceIsGone) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  model.broken_read = failed(1, "Error from server (InternalError): slow\n");
  model.has_namespace = false;
  model.refused_write =
      failed(1, "Error from server (NotFound): namespaces \"trading-floor\" not found\n");
  const Error error = error_of([&] { model.kill_switch().require_unchanged(before); });
  EXPECT_EQ(error.code(), ExitCode::unsafe);
}

// A switch that moved after our own write is seen by the read-back, even when it moved back.
TEST(Align, ReadsBackTheVersionThatItWrote) {
  for (const bool back : {false, true}) {
    SwitchModel model(switch_with("1"));
    const Halted before = model.kill_switch().halt();
    bool moved = false;
    model.before_read = [&] {
      if (moved) return;
      moved = true;
      model.set("0");
      if (back) model.set("1");
    };
    EXPECT_EQ(error_of([&] { model.kill_switch().align(switch_with("1"), before); }).code(),
              ExitCode::unsafe);
    EXPECT_EQ(model.value(), "1") << "halted again";
  }
}

TEST(Align, IsUnsafeWhenTheSwitchWasDeleted) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  model.remove();
  EXPECT_EQ(error_of([&] { model.kill_switch().align(switch_with("1"), before); }).code(),
            ExitCode::unsafe);
  EXPECT_EQ(model.value(), "1");
}

// What was written cannot be told then.
TEST(Align, IsUnsafeAndHaltsAgainWhenTheAnswerCannotBeRead) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  model.lost_reply = succeeded("{");
  EXPECT_EQ(error_of([&] { model.kill_switch().align(switch_with("1"), before); }).code(),
            ExitCode::unsafe);
  EXPECT_THAT(verbs(model), ElementsAre("patch", "replace", "patch"));
}

// Trading is still halted then; only the rest of the switch is not restored.
TEST(Align, IsIncompleteWhenTheWriteIsRefused) {
  SwitchModel model(switch_with("1"));
  const Halted before = model.kill_switch().halt();
  model.refused_write = failed(1, k_dead_webhook);
  EXPECT_EQ(error_of([&] { model.kill_switch().align(switch_with("1"), before); }).code(),
            ExitCode::incomplete);
}

// --- create_namespace

TEST(CreateNamespace, SendsItAsGivenAndAcceptsOneThatIsThere) {
  SwitchModel model(std::nullopt);
  model.has_namespace = false;
  const Json ns = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "x"}}}};
  model.kill_switch().create_namespace(ns);
  EXPECT_EQ(model.bodies().back(), ns);
  EXPECT_THAT(verbs(model), ElementsAre("create"));

  model.refused_write = failed(
      1,
      "Error from server (AlreadyExists): error when creating \"STDIN\": namespaces \"x\" already "
      "exists\n");
  model.kill_switch().create_namespace(ns);
  model.refused_write =
      failed(1, "Error from server (Forbidden): namespaces is forbidden: User \"jane\"\n");
  EXPECT_EQ(error_of([&] { model.kill_switch().create_namespace(ns); }).code(), ExitCode::unsafe);
}

// --- delete_namespace

// The uid keeps a namespace of the same name that somebody made since.
TEST(DeleteNamespace, DeletesThatOneAndAcceptsThatItIsGone) {
  FakeApi api;
  const KillSwitch kill_switch(api.kubectl());
  const Json ns = {
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "x"}, {"uid", "u"}}}};
  api.on_write = [](const os::Command&) { return succeeded(); };
  kill_switch.delete_namespace(ns);
  ASSERT_THAT(api.writes(), SizeIs(1));
  EXPECT_THAT(words_of(api.writes()[0]),
              ElementsAre("delete", "--raw", "/api/v1/namespaces/x", "-f", "-"));
  EXPECT_EQ(Json::parse(api.writes()[0].input).at("preconditions"), (Json{{"uid", "u"}}));

  const auto code_after = [&](const std::string& words) {
    api.on_write = [&](const os::Command&) { return failed(1, words); };
    return error_of([&] { kill_switch.delete_namespace(ns); }).code();
  };
  EXPECT_EQ(code_after("Error from server (NotFound): namespaces \"x\" not found\n"), ExitCode::ok);
  EXPECT_EQ(code_after("Error from server (Forbidden): namespaces \"x\" is forbidden\n"),
            ExitCode::incomplete);
}

}  // namespace
}  // namespace dr::kube
