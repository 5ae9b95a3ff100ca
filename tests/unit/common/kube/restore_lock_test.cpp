#include "common/kube/restore_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "common/base/error.hpp"
#include "common/os/identity.hpp"
#include "tests/unit/common/kube/api_fixture.hpp"
#include "tests/unit/support/fake_clock.hpp"

namespace dr::kube {
namespace {

using namespace dr::test;
using namespace std::literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

const std::string k_lease_path =
    "/apis/coordination.k8s.io/v1/namespaces/trading-floor/leases/agenttrader-dr";

// The id of a process that has ended.
int dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

// A cluster that holds one Lease, as the API server does it: create once, fenced replace, delete by
// uid.
class RestoreLockTest : public testing::Test {
 protected:
  RestoreLockTest() {
    api.put(k_switch_path, switch_with("1"));
    api.on_read = [this](const std::string& path) -> os::ProcessResult {
      if (path != k_lease_path) return {};
      if (broken_read) return *broken_read;
      return lease ? succeeded(data::write_json(*lease))
                   : failed(1, "Error from server (NotFound): leases \"agenttrader-dr\"\n");
    };
    api.on_write = [this](const os::Command& command) {
      if (refused) return *refused;
      auto result = write(command);
      return lost_reply ? failed(1, "Error from server (InternalError): lost\n") : result;
    };
  }

  RestoreLock lock(const LockHolder& self) {
    return {api.kubectl(), KillSwitch(api.kubectl()).read_back(), clock, self};
  }

  Error error_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error;
    }
    return {ExitCode::ok, "nothing was thrown"};
  }

  std::string holder() const {
    return lease ? lease->at("spec").at("holderIdentity").get<std::string>() : "nobody";
  }

  const LockHolder jane{"jane", "laptop", ::getpid()};
  const LockHolder bob{"bob", "bastion", 4711};
  FakeApi api;
  FakeClock clock;
  std::optional<Json> lease;
  std::optional<os::ProcessResult> refused;
  std::optional<os::ProcessResult> broken_read;
  bool lost_reply = false;
  std::function<void()> before_replace;

 private:
  os::ProcessResult write(const os::Command& command) {
    const auto verb = words_of(command).front();
    const Json body = data::read_json(command.input, "body");
    if (verb == "create" && lease)
      return failed(1, "Error from server (AlreadyExists): leases already exists\n");
    if (verb == "replace" && before_replace) before_replace();
    if (verb != "create" && !lease)
      return failed(1, "Error from server (NotFound): leases not found\n");
    if (verb == "delete") {
      if (body.at("preconditions").at("uid") != lease->at("metadata").at("uid"))
        return failed(1, "Error from server (Conflict): Precondition failed\n");
      lease.reset();
      return succeeded("{}");
    }
    if (verb == "replace" &&
        body.at("metadata").at("resourceVersion") != lease->at("metadata").at("resourceVersion"))
      return failed(1, "Error from server (Conflict): the object has been modified\n");
    const Json uid =
        lease ? lease->at("metadata").at("uid") : Json("lease-" + std::to_string(++m_version));
    lease = body;
    (*lease)["metadata"]["uid"] = uid;
    (*lease)["metadata"]["resourceVersion"] = std::to_string(++m_version);
    return succeeded(data::write_json(*lease));
  }

  int m_version = 0;
};

TEST_F(RestoreLockTest, IsTakenAndGivenBack) {
  auto mine = lock(jane);
  EXPECT_FALSE(mine.take());
  EXPECT_EQ(holder(), "jane@laptop/" + std::to_string(::getpid()));
  EXPECT_EQ(lease->at("spec").at("renewTime"), "2026-01-02T03:04:05.000000Z");
  EXPECT_FALSE(mine.release());
  EXPECT_FALSE(lease);
  EXPECT_FALSE(mine.release()) << "a second time it is nothing to do";
}

// The second operator must learn whom to ask, and until when to wait.
TEST_F(RestoreLockTest, RefusesASecondOneWithTheHoldersName) {
  lock(bob).take();
  const Error error = error_of([&] { lock(jane).take(); });
  EXPECT_EQ(error.code(), ExitCode::refused);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("bob@bastion/4711"), HasSubstr("trading-floor")));
  EXPECT_THAT(error.next_step(), HasSubstr("2026-01-02T03:05:35Z"));
  EXPECT_EQ(holder(), "bob@bastion/4711");
}

// A restore that was killed on another host must not be in the way for ever, and no earlier than
// it is over.
TEST_F(RestoreLockTest, IsStolenOnlyWhenItIsOver) {
  lock(bob).take();
  clock.advance(90s);
  EXPECT_EQ(error_of([&] { lock(jane).take(); }).code(), ExitCode::refused);
  clock.advance(1s);
  EXPECT_FALSE(lock(jane).take());
  EXPECT_THAT(holder(), HasSubstr("jane@laptop"));
}

// Killed on this host: the next try, seconds later, goes on.
TEST_F(RestoreLockTest, OfADeadProcessOfThisHostIsTakenOverAtOnce) {
  lock({"jane", "laptop", dead_process()}).take();
  EXPECT_FALSE(lock(jane).take());
  lease->at("spec")["holderIdentity"] = "jane@elsewhere/" + std::to_string(dead_process());
  EXPECT_EQ(error_of([&] { lock(jane).take(); }).code(), ExitCode::refused)
      << "a process of another host cannot be seen";
}

// Two that find it over at the same moment: one wins, the other is refused.
TEST_F(RestoreLockTest, OfTwoThievesOneWins) {
  lock(bob).take();
  clock.advance(2min);
  before_replace = [this] {
    before_replace = nullptr;
    lock({"eve", "host", 1}).take();
  };
  const Error error = error_of([&] { lock(jane).take(); });
  EXPECT_EQ(error.code(), ExitCode::refused);
  EXPECT_THAT(error.what(), HasSubstr("eve@host/1"));
}

// A lost reply must not lock us out by our own Lease.
TEST_F(RestoreLockTest, IsOursWhenOnlyTheReplyWasLost) {
  lost_reply = true;
  auto mine = lock(jane);
  EXPECT_FALSE(mine.take());
  lost_reply = false;
  mine.release();
  EXPECT_FALSE(lease);
}

TEST_F(RestoreLockTest, IsDoneWithoutWhereRbacForbidsIt) {
  refused = failed(1, "Error from server (Forbidden): leases is forbidden: User \"jane\"\n");
  auto mine = lock(jane);
  const auto warning = mine.take();
  ASSERT_TRUE(warning);
  EXPECT_THAT(*warning, AllOf(HasSubstr("second restore would not be refused"), HasSubstr("jane")));
  clock.advance(1h);
  mine.renew();
  EXPECT_FALSE(mine.release());
  EXPECT_THAT(api.writes(), SizeIs(1));
}

// Anything else that keeps us from knowing who holds it is not taken for "nobody".
TEST_F(RestoreLockTest, ThatCannotBeToldStopsTheRestore) {
  refused = failed(1, "Error from server (InternalError): webhook is dead\n");
  const Error error = error_of([&] { lock(jane).take(); });
  EXPECT_EQ(error.code(), ExitCode::failed);
  EXPECT_THAT(error.what(), HasSubstr("webhook is dead"));
}

TEST_F(RestoreLockTest, IsRenewedEveryTwentySeconds) {
  auto mine = lock(jane);
  mine.take();
  for (int i = 0; i < 10; ++i) {
    clock.advance(10s);
    mine.renew();
  }
  EXPECT_THAT(api.writes(), SizeIs(1 + 5));
  EXPECT_EQ(lease->at("spec").at("acquireTime"), "2026-01-02T03:04:05.000000Z");
  EXPECT_EQ(lease->at("spec").at("renewTime"), "2026-01-02T03:05:45.000000Z");
  EXPECT_EQ(error_of([&] { lock(bob).take(); }).code(), ExitCode::refused);
}

// Whoever took it over works on the namespace now: this run must write nothing more.
TEST_F(RestoreLockTest, ThatWasTakenOverStopsTheRun) {
  auto mine = lock(jane);
  mine.take();
  clock.advance(2min);
  lock(bob).take();
  const Error error = error_of([&] { mine.renew(); });
  EXPECT_EQ(error.code(), ExitCode::incomplete);
  EXPECT_THAT(error.what(), HasSubstr("taken over by bob@bastion/4711"));
  mine.release();
  EXPECT_EQ(holder(), "bob@bastion/4711") << "it is not ours to give back";
}

// A server that stumbles for a moment is no reason to stop, one that does not come back is.
TEST_F(RestoreLockTest, SurvivesFailuresUntilItIsOver) {
  auto mine = lock(jane);
  mine.take();
  refused = broken_read = failed(1, "Error from server (TooManyRequests): slow\n");
  clock.advance(80s);
  mine.renew();
  clock.advance(11s);
  EXPECT_EQ(error_of([&] { mine.renew(); }).code(), ExitCode::incomplete);
}

// The Lease of another run, even under our name, is left alone.
TEST_F(RestoreLockTest, IsGivenBackByItsUid) {
  auto mine = lock(jane);
  mine.take();
  (*lease)["metadata"]["uid"] = "another";
  const auto warning = mine.release();
  ASSERT_TRUE(warning);
  EXPECT_THAT(*warning, HasSubstr("ends by itself within"));
  EXPECT_TRUE(lease);
}

}  // namespace
}  // namespace dr::kube
