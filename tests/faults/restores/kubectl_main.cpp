#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/faults/restores/model_file.hpp"
#include "tests/faults/restores/oracle.hpp"

// A kubectl whose cluster is a file, $DR_MODEL. $DR_MODEL_FAULT, "CALL HOW", says what happens at
// one call, counted from 0 since $DR_MODEL_SINCE calls: HOW is a signal for the caller
// ("KILL-before", "TERM-after": before or after the call has had its effect), "hang-before",
// "hang-after", "fail-before", "fail-after" or "vanish" (this file goes).
namespace {

using namespace dr;
using namespace dr::test;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string standard_input() {
  std::string text;
  std::array<char, 65536> part{};
  ssize_t size = 0;
  while ((size = read(STDIN_FILENO, part.data(), part.size())) > 0)
    text.append(part.data(), static_cast<std::size_t>(size));
  return text;
}

struct Plan {
  std::size_t call = 0;
  std::string how;  // empty: nothing happens
  bool is_after = false;
};

Plan plan() {
  const std::string text = variable("DR_MODEL_FAULT");
  if (text.empty()) return {};
  Plan plan;
  const auto blank = text.find(' ');
  plan.call = std::stoull(text.substr(0, blank));
  plan.how = text.substr(blank + 1);
  const auto dash = plan.how.find('-');
  plan.is_after = dash != std::string::npos && plan.how.substr(dash) == "-after";
  plan.how = plan.how.substr(0, dash);
  return plan;
}

[[noreturn]] void wait_for_the_end(pid_t parent) {
  while (getppid() == parent) usleep(20'000);
  _exit(1);
}

// The caller of this process is the tool.
[[noreturn]] void carry_out(const Plan& plan, const char* self) {
  const pid_t parent = getppid();
  if (plan.how == "KILL") kill(parent, SIGKILL);
  if (plan.how == "TERM") kill(parent, SIGTERM);
  if (plan.how == "INT") kill(parent, SIGINT);
  if (plan.how == "HUP") kill(parent, SIGHUP);
  if (plan.how == "fail") {
    std::fputs("Error from server (InternalError): an error on the server\n", stderr);
    _exit(1);
  }
  if (plan.how == "vanish") {
    unlink(self);
    _exit(1);
  }
  wait_for_the_end(parent);
}

// A watch that does not end at once: each event, until the caller goes.
[[noreturn]] void watch(const std::string& path, const os::Command& command) {
  const pid_t parent = getppid();
  const os::SystemClock clock;
  std::size_t printed = 0;
  while (getppid() == parent) {
    std::string lines;
    {
      const ModelFile file(path);
      FakeCluster cluster = file.cluster(clock);
      lines = cluster.answer(command).out;
    }
    std::fputs(lines.c_str() + printed, stdout);
    std::fflush(stdout);
    printed = lines.size();
    usleep(100'000);
  }
  _exit(1);
}

}  // namespace

int main(int count, char** words) try {
  os::Command command;
  command.program = words[0];
  command.args.assign(words + 1, words + count);
  if (std::find(command.args.begin(), command.args.end(), "-f") != command.args.end())
    command.input = standard_input();
  const std::string path = variable("DR_MODEL");
  const std::string& last = command.args.empty() ? path : command.args.back();
  if (last.find("watch=true") != std::string::npos && !last.ends_with("timeoutSeconds=1"))
    watch(path, command);

  const os::SystemClock clock;
  const Plan planned = plan();
  std::optional<os::ProcessResult> result;
  {
    ModelFile file(path);
    FakeCluster cluster = file.cluster(clock);
    CallRecord call = record_of(command);
    if (call.args.front() == "config") {
      result = cluster.answer(command);
    } else {
      const std::size_t since = std::stoull("0" + variable("DR_MODEL_SINCE"));
      const bool is_struck = !planned.how.empty() && file.calls().size() - since == planned.call;
      call.began = cluster.store().revision();
      if (!is_struck || planned.is_after) result = cluster.answer(command);
      call.ended = cluster.store().revision();
      if (is_struck) {
        call.fault = planned.how;
        result.reset();
      }
      call.answer = result;
      file.add(cluster);
      file.add(call);
    }
  }
  if (!result) carry_out(planned, words[0]);
  std::fputs(result->out.c_str(), stdout);
  std::fputs(result->err.c_str(), stderr);
  return result->exit_code;
} catch (const std::exception& error) {
  fmt::print(stderr, "stand-in for kubectl: {}\n", error.what());
  return 70;
}
