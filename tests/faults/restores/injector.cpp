#include "tests/faults/restores/injector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include "common/base/error.hpp"
#include "tests/faults/restores/oracle.hpp"

namespace dr::test {
namespace {

const std::string k_switch_name = "agenttrader-kill-switch";

// --- Errors that kubectl prints

constexpr std::array<std::string_view, 8> k_errors = {
    "Error from server (InternalError): an error on the server (\"\") has prevented the request "
    "from succeeding\n",
    "error: You must be logged in to the server (Unauthorized)\n",
    "Error from server (Forbidden): forbidden: User \"jane\" cannot do that in the namespace "
    "\"trading-floor\"\n",
    "Error from server (Conflict): Operation cannot be fulfilled: the object has been modified\n",
    "Error from server (TooManyRequests): the server has received too many requests and has asked "
    "us to try again later\n",
    "The connection to the server floor:6443 was refused - did you specify the right host or "
    "port?\n",
    "Error from server (Timeout): the server was unable to return a response in the time "
    "allotted\n",
    ""};

os::ProcessResult error(const Fault& fault) {
  return failed(1, std::string(k_errors[fault.detail % k_errors.size()]));
}

os::ProcessResult timed_out() {
  os::ProcessResult result;
  result.signal = SIGTERM;
  result.timed_out = true;
  return result;
}

constexpr std::string_view k_warnings =
    "Warning: this version is deprecated\n"
    "E0102 03:04:05.678901    1234 memcache.go:265] couldn't get current server API group list\n"
    "I0102 03:04:05.678901    1234 request.go:697] Waited for 1.04s due to client-side "
    "throttling\n";

// --- What the adversary does

// It cannot what the API server would not let it.
bool can_edit(const FakeCluster& cluster) {
  const Json* object = cluster.find("ConfigMap", k_switch_name);
  return object != nullptr && !data::boolean_or(*object, {"immutable"}, false);
}

void set_switch(FakeCluster& cluster, const std::string& value) {
  if (!can_edit(cluster)) return;
  cluster.edit(
      "ConfigMap", k_switch_name, [&](Json& o) { o["data"]["EXECUTION_HALTED"] = value; },
      k_adversary);
}

void make_anew(FakeCluster& cluster, const std::string& value) {
  const Json* old = cluster.find("ConfigMap", k_switch_name);
  if (old == nullptr) return;
  Json object = *old;
  object["metadata"].erase("uid");
  object["metadata"].erase("creationTimestamp");
  object["data"]["EXECUTION_HALTED"] = value;
  cluster.remove("ConfigMap", k_switch_name, k_adversary);
  cluster.write(std::move(object), k_adversary);
}

void write_zero(FakeCluster& cluster) {
  set_switch(cluster, "0");
}

void write_zero_and_one(FakeCluster& cluster) {
  set_switch(cluster, "0");
  set_switch(cluster, "1");
}

void remove_switch(FakeCluster& cluster) {
  cluster.remove("ConfigMap", k_switch_name, k_adversary);
}

void make_anew_at_one(FakeCluster& cluster) {
  make_anew(cluster, "1");
}
void make_anew_at_zero(FakeCluster& cluster) {
  make_anew(cluster, "0");
}

void label_switch(FakeCluster& cluster) {
  if (cluster.find("ConfigMap", k_switch_name) == nullptr) return;
  cluster.edit(
      "ConfigMap", k_switch_name, [](Json& o) { o["metadata"]["labels"]["seen"] = "yes"; },
      k_adversary);
}

void freeze_at_zero(FakeCluster& cluster) {
  if (!can_edit(cluster)) return;
  cluster.edit(
      "ConfigMap", k_switch_name,
      [](Json& o) {
        o["data"]["EXECUTION_HALTED"] = "0";
        o["immutable"] = true;
      },
      k_adversary);
}

// While nobody looks: pods start between a "0" and a "1".
void restart_pods_at_zero(FakeCluster& cluster) {
  set_switch(cluster, "0");
  for (const auto& pod : cluster.all("Pod")) cluster.remove("Pod", kube::name_of(pod), k_adversary);
  set_switch(cluster, "1");
}

using Deed = void (*)(FakeCluster&);
constexpr std::array<std::pair<std::string_view, Deed>, 8> k_deeds = {{
    {"adversary-0", write_zero},
    {"adversary-0-1", write_zero_and_one},
    {"adversary-deletes", remove_switch},
    {"adversary-makes-anew", make_anew_at_one},
    {"adversary-makes-anew-at-0", make_anew_at_zero},
    {"adversary-labels", label_switch},
    {"adversary-freezes-at-0", freeze_at_zero},
    {"adversary-restarts-pods-at-0", restart_pods_at_zero},
}};

Deed deed_of(std::string_view kind) {
  const auto* deed = std::find_if(k_deeds.begin(), k_deeds.end(),
                                  [&](const auto& one) { return one.first == kind; });
  return deed == k_deeds.end() ? nullptr : deed->second;
}

// What is done to the answer of a call.
constexpr std::array<std::string_view, 12> k_spoilers = {
    "rejected", "lost-reply", "hang",    "claimed", "empty",  "truncated",
    "warnings", "rc-1-valid", "missing", "signal",  "killed", "compacted"};
constexpr std::array<int, 3> k_signals = {SIGINT, SIGTERM, SIGHUP};

}  // namespace

std::vector<std::string_view> fault_kinds() {
  std::vector<std::string_view> kinds(k_spoilers.begin(), k_spoilers.end());
  for (const auto& [kind, deed] : k_deeds) kinds.push_back(kind);
  return kinds;
}

std::string text_of(const Fault& fault) {
  return fmt::format("{} at {} {} x{} ({}{})", fault.kind, fault.at, fault.number, fault.times,
                     fault.detail, fault.after_effect ? ", after the effect" : "");
}

// None to three. Half of them aim at any call; the others at the few that matter most: the writes,
// the calls on the switch, the sleeps.
std::vector<Fault> random_faults(Random& random) {
  static const auto kinds = fault_kinds();
  static constexpr std::array<std::size_t, 8> k_numbers = {0, 1, 1, 1, 1, 2, 2, 3};
  std::vector<Fault> faults(random.pick(k_numbers));
  for (auto& fault : faults) {
    fault.kind = random.pick(kinds);
    switch (random.below(6)) {
      case 0:
        fault.at = "write";
        fault.number = random.below(14);
        break;
      case 1:
        fault.at = "switch";
        fault.number = random.below(18);
        break;
      case 2:
        fault.at = "sleep";
        fault.number = random.below(2);
        break;
      default:
        fault.at = "call";
        fault.number = random.below(130);
        break;
    }
    if (fault.at == "sleep" && deed_of(fault.kind) == nullptr && fault.kind != "signal" &&
        fault.kind != "killed")
      fault.at = "call";
    if (deed_of(fault.kind) == nullptr) {
      if (random.one_in(6)) fault.times = 2 + random.below(6);
      if (random.one_in(16)) fault.times = 1000;
    }
    fault.detail = random.below(24);
    fault.after_effect = random.one_in(2);
  }
  return faults;
}

std::size_t Injector::count_of(std::string_view what) const {
  if (what == "write") return m_writes;
  if (what == "switch") return m_switch_calls;
  if (what == "sleep") return m_sleeps;
  return m_calls.size();
}

// The counters name the present call or sleep already, so the first one is 1.
bool Injector::is_due(const Fault& fault) const {
  const std::size_t current = count_of(fault.at);
  return current > fault.number && current <= fault.number + fault.times;
}

void Injector::strike_beside(const Fault& fault) {
  ++m_strikes[fault.kind];
  if (const auto deed = deed_of(fault.kind)) {
    deed(m_cluster);
  } else if (fault.kind == "compacted") {
    m_cluster.compact();
  } else if (fault.kind == "killed") {
    m_is_killed = true;
    throw Killed{};
  } else if (fault.kind == "signal") {
    throw Interrupted{k_signals[fault.detail % k_signals.size()]};
  }
}

// The answer instead of the cluster's; nullopt lets it answer.
std::optional<os::ProcessResult> Injector::strike(const Fault& fault, const os::Command& command) {
  if (fault.kind == "signal" || fault.kind == "killed") {
    if (fault.after_effect) m_cluster.answer(command);
    m_calls.back().ended = m_cluster.store().revision();
    strike_beside(fault);
  }
  ++m_strikes[fault.kind];
  if (fault.kind == "rejected") return error(fault);
  if (fault.kind == "missing") {
    m_is_missing = true;
    return std::nullopt;
  }
  if (fault.kind == "claimed") {
    FakeCluster elsewhere = m_cluster;
    return elsewhere.answer(command);
  }
  if (fault.kind == "hang") {
    if (fault.after_effect) m_cluster.answer(command);
    m_clock.advance(command.timeout);
    return timed_out();
  }
  auto result = m_cluster.answer(command);
  if (fault.kind == "lost-reply") return error(fault);
  if (fault.kind == "empty") result.out.clear();
  if (fault.kind == "truncated") result.out.resize(result.out.size() / 2);
  if (fault.kind == "warnings") result.err.insert(0, k_warnings);
  if (fault.kind == "rc-1-valid") {
    result.exit_code = 1;
    result.err += k_errors[fault.detail % k_errors.size()];
  }
  return result;
}

os::ProcessResult Injector::answer(const os::Command& command) {
  if (m_is_killed) throw Killed{};
  m_clock.advance(Millis(20));
  CallRecord record = record_of(command);
  record.began = record.ended = m_cluster.store().revision();
  if (is_mutation(record)) ++m_writes;
  if (is_switch_read(record) || is_switch_write(record)) ++m_switch_calls;
  m_calls.push_back(std::move(record));

  std::vector<const Fault*> before, spoilers, after;
  for (const auto& fault : m_faults) {
    if (fault.at == "sleep" || !is_due(fault)) continue;
    const bool is_beside = deed_of(fault.kind) != nullptr || fault.kind == "compacted";
    (!is_beside ? spoilers : fault.after_effect ? after : before).push_back(&fault);
    m_calls.back().fault += (m_calls.back().fault.empty() ? "" : ", ") + std::string(fault.kind);
  }
  for (const auto* fault : before) strike_beside(*fault);
  m_calls.back().began = m_cluster.store().revision();
  std::optional<os::ProcessResult> answer;
  if (!spoilers.empty()) answer = strike(*spoilers.front(), command);
  if (m_is_missing) {
    throw Error(ExitCode::usage,
                "failed to run " + command.program.string() + ": No such file or directory");
  }
  if (!answer) answer = m_cluster.answer(command);
  m_calls.back().answer = answer;
  for (const auto* fault : after) strike_beside(*fault);
  m_calls.back().ended = m_cluster.store().revision();
  return *answer;
}

void Injector::sleep(Millis duration) {
  if (m_is_killed) throw Killed{};
  m_clock.advance(duration);
  ++m_sleeps;
  for (const auto& fault : m_faults) {
    if (fault.at == "sleep" && is_due(fault)) strike_beside(fault);
  }
}

}  // namespace dr::test
