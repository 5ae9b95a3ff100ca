#include "tests/faults/restores/oracle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "common/base/error.hpp"
#include "tests/unit/support/fake_api_server.hpp"

namespace dr::test {
namespace {

constexpr int k_unsafe = 5;
const std::string k_switch_name = "agenttrader-kill-switch";
const std::string k_switch_key = "EXECUTION_HALTED";
const std::string k_safety_name = "agenttrader-safety";
const std::string k_safety_key = "KILL_SWITCH";

// --- What a call is

bool is_named(const Json& body, std::string_view kind, std::string_view name) {
  return data::string_or(body, {"kind"}, "") == kind &&
         data::string_or(body, {"metadata", "name"}, "") == name;
}

bool patches(const CallRecord& call, std::string_view name) {
  return call.args.front() == "patch" && call.args.size() > 2 && call.args[1] == "configmap" &&
         call.args[2] == name;
}

template <typename Predicate>
bool all_bodies(const CallRecord& call, Predicate predicate) {
  return !call.bodies.empty() && std::all_of(call.bodies.begin(), call.bodies.end(), predicate);
}

bool is_namespace_creation(const CallRecord& call) {
  return call.args.front() == "create" && all_bodies(call, [](const Json& body) {
           return data::string_or(body, {"kind"}, "") == "Namespace";
         });
}

// The claim that one restore runs at a time says nothing about the floor.
bool is_lease_write(const CallRecord& call) {
  if (call.args.front() == "delete")
    return call.args.size() > 2 && call.args[2].find("/leases/") != std::string::npos;
  return is_mutation(call) && all_bodies(call, [](const Json& body) {
           return data::string_or(body, {"kind"}, "") == "Lease";
         });
}

bool is_floor_write(const CallRecord& call) {
  return is_mutation(call) && !is_switch_write(call) && !patches(call, k_safety_name) &&
         !is_lease_write(call);
}

// The answer shows the switch, whole, at "1" and not on its way out.
bool is_good_read(const CallRecord& call) {
  if (!is_switch_read(call) || !call.answer || !call.answer->ok()) return false;
  try {
    const Json object = data::read_json(call.answer->out, "answer");
    return data::string_or(object, {"data", k_switch_key}, "") == "1" &&
           !data::has(object, {"metadata", "deletionTimestamp"});
  } catch (const Error&) {
    return false;
  }
}

// The answer shows that the switch is not at "1", or not there; an error tells nothing.
bool is_bad_read(const CallRecord& call) {
  if (!is_switch_read(call) || !call.answer || is_good_read(call)) return false;
  if (!call.answer->ok()) return call.answer->err.find("(NotFound)") != std::string::npos;
  try {
    data::read_json(call.answer->out, "answer");
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string stage_of(const CallRecord& call) {
  if (call.args.front() == "delete")
    return call.args.at(2).find("/pods/") != std::string::npos ? "pods" : "deletions";
  // Workloads that take the switch come last.
  const auto* kind = known_kind(data::string_at(call.bodies.at(0), {"kind"}));
  if (kube::is_workload(*kind) && (call.input.find(k_switch_key) != std::string::npos ||
                                   call.input.find(k_switch_name) != std::string::npos))
    return "execution";
  return std::string(kube::name_of(kind->wave));
}

// --- T1

// Every member of that name, wherever it is, has that value.
bool all_say(const Json& value, const std::string& name, const std::string& wanted) {
  if (value.is_array()) {
    return std::all_of(value.begin(), value.end(),
                       [&](const Json& one) { return all_say(one, name, wanted); });
  }
  if (!value.is_object()) return true;
  return std::all_of(value.items().begin(), value.items().end(), [&](const auto& member) {
    if (member.key() == name) return member.value() == wanted;
    return all_say(member.value(), name, wanted);
  });
}

// --- T6

// The switch as that event left it: "1", another value, or nothing at all.
std::optional<std::string> value_after(const StoreEvent& event) {
  if (event.is_deleted) return std::nullopt;
  return data::string_or(*event.object, {"data", k_switch_key}, "");
}

// --- The judge of one run

class Judge {
 public:
  Judge(const FakeStore& store, std::span<const CallRecord> calls, const Ending& ending,
        const FakeStore& reference)
      : m_store(store), m_calls(calls), m_ending(ending), m_reference(reference) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (is_switch_write(calls[i])) m_last_halt = i;
      if (is_floor_write(calls[i])) m_last_write = i;
      if (is_bad_read(calls[i])) m_last_bad = i;
      if (!is_good_read(calls[i])) continue;
      m_last_good = i;
      if (m_last_halt && !m_first_good) m_first_good = i;
    }
  }

  std::vector<Breach> breaches() {
    t1_bodies();
    t2_halt_first();
    t3_read_between_stages();
    t6_switch_stays();
    if (m_ending.was_killed) return std::move(m_breaches);
    if (m_ending.code == 0) {
      t4_halt_last();
      t5_t7_truth();
    } else {
      t5_last_halt();
    }
    t9_report();
    return std::move(m_breaches);
  }

 private:
  void breach(int invariant, std::string what) {
    m_breaches.push_back({invariant, std::move(what)});
  }

  // After the last halt the switch was read at "1", and not otherwise since: a read that fails
  // later (the report's) takes nothing back.
  bool is_read_back() const {
    return m_last_good && (!m_last_halt || *m_last_good > *m_last_halt) &&
           (!m_last_bad || *m_last_bad < *m_last_good);
  }

  void t1_bodies() {
    for (std::size_t i = 0; i < m_calls.size(); ++i) {
      for (const auto& body : m_calls[i].bodies) {
        if (!all_say(body, k_switch_key, "1") || !all_say(body, k_safety_key, "true"))
          breach(1, fmt::format("call {} sends another value than the halting one", i));
      }
    }
  }

  void t2_halt_first() {
    const std::size_t halted = m_first_good.value_or(m_calls.size());
    for (std::size_t i = 0; i < halted; ++i) {
      const auto& call = m_calls[i];
      if (is_mutation(call) && !is_switch_write(call) && !is_namespace_creation(call))
        breach(2, fmt::format("call {} writes before the halt was read back", i));
    }
  }

  void t3_read_between_stages() {
    std::string last;
    bool was_read = true;
    for (std::size_t i = m_first_good.value_or(m_calls.size()); i < m_calls.size(); ++i) {
      const auto& call = m_calls[i];
      was_read = was_read || is_good_read(call);
      if (!is_floor_write(call)) continue;
      const std::string stage = stage_of(call);
      if (!last.empty() && stage != last && !was_read) {
        breach(3, fmt::format("call {} writes {} after {} without a read-back between", i, stage,
                              last));
      }
      last = stage;
      was_read = false;
    }
  }

  void t4_halt_last() {
    if (!m_last_halt || !is_read_back()) {
      breach(4, "exit 0 without a last halt and its read-back");
    } else if (m_last_write && *m_last_write > *m_last_halt) {
      breach(4, fmt::format("call {} writes after the last halt", *m_last_write));
    }
  }

  // The cluster as the last read-back met it: what is done to it later no run can know.
  void t5_t7_truth() {
    FakeStore seen(m_store.clock());
    for (const auto& event : m_store.events()) {
      if (!m_last_good || event.revision <= m_calls[*m_last_good].began) seen.replay(event);
    }
    if (const auto what = difference_from(seen, m_reference); !what.empty())
      breach(5, "exit 0, but " + what);
    for (const auto& name : trading_containers(seen))
      breach(7, "exit 0, but " + name + " does not know that it is halted");
    const Json* safety = seen.find(path_of("ConfigMap", k_safety_name));
    if (safety != nullptr && data::string_or(*safety, {"data", k_safety_key}, "true") != "true")
      breach(7, "exit 0, but the second switch is not held");
  }

  void t5_last_halt() {
    if (m_ending.lost_kubectl) return;
    // Up to the identification of the cluster there is nothing to halt.
    constexpr std::size_t k_identify = 8;
    const bool wrote = std::any_of(m_calls.begin(), m_calls.end(),
                                   [](const CallRecord& call) { return is_mutation(call); });
    if (!wrote && m_calls.size() <= k_identify) return;
    if (!m_last_halt || (m_last_write && *m_last_write > *m_last_halt))
      breach(5, "it failed without a last halt");
  }

  void t6_switch_stays() {
    if (!m_first_good || m_calls.empty()) return;
    const std::uint64_t halted = m_calls[*m_first_good].began;
    const std::uint64_t looked = m_calls[*m_last_good].began;
    bool was_unhalted = false;
    std::optional<std::string> before = "1";
    for (const auto& event : m_store.events()) {
      if (event.path != switch_path() || event.revision <= halted) continue;
      const auto value = value_after(event);
      if (value != "1") {
        if (event.writer != k_adversary && before == "1")
          breach(6, "the switch left \"1\" by " + event.writer);
        was_unhalted = was_unhalted || (event.writer == k_adversary && event.revision <= looked);
      }
      before = value;
    }
    if (was_unhalted && !m_ending.was_killed && m_ending.code != k_unsafe)
      breach(6, fmt::format("the switch moved, and the exit code is {}", m_ending.code));
  }

  void t9_report() {
    if (!m_ending.claims_halted) return;
    if (!*m_ending.claims_halted) {
      if (m_last_halt && m_ending.code != k_unsafe)
        breach(9, fmt::format("the halt is not claimed, and the exit code is {}", m_ending.code));
      return;
    }
    if (!is_read_back()) {
      breach(9, "a halt is claimed that was not read");
      return;
    }
    const Json* object = m_store.find_at(switch_path(), m_calls[*m_last_good].began);
    if (object == nullptr || data::string_or(*object, {"data", k_switch_key}, "") != "1")
      breach(9, "a halt is claimed that was not there");
  }

  const FakeStore& m_store;
  std::span<const CallRecord> m_calls;
  const Ending& m_ending;
  const FakeStore& m_reference;
  // Indexes of calls: writes and reads of the switch, writes of the floor.
  std::optional<std::size_t> m_last_halt, m_last_write, m_last_bad, m_first_good, m_last_good;
  std::vector<Breach> m_breaches;
};

}  // namespace

CallRecord record_of(const os::Command& command) {
  CallRecord record;
  record.args = verb_and_args(command);
  record.input = command.input;
  if (!command.input.empty()) record.bodies = data::read_json_stream(command.input, "stdin");
  for (std::size_t i = 0; i + 1 < record.args.size(); ++i) {
    if (record.args[i] == "-p") record.bodies.push_back(data::read_json(record.args[i + 1], "-p"));
  }
  return record;
}

bool is_mutation(const CallRecord& call) {
  const bool is_rehearsal =
      std::find(call.args.begin(), call.args.end(), "--dry-run=server") != call.args.end();
  constexpr std::array<std::string_view, 3> k_reads = {"get", "config", "proxy"};
  return std::ranges::find(k_reads, call.args.front()) == k_reads.end() && !is_rehearsal;
}

bool is_switch_write(const CallRecord& call) {
  if (!is_mutation(call)) return false;
  return patches(call, k_switch_name) || all_bodies(call, [](const Json& body) {
           return is_named(body, "ConfigMap", k_switch_name);
         });
}

bool is_switch_read(const CallRecord& call) {
  return call.args.front() == "get" && call.args.back() == switch_path();
}

std::vector<Breach> judge(const FakeStore& store, std::span<const CallRecord> calls,
                          const Ending& ending, const FakeStore& reference) {
  return Judge(store, calls, ending, reference).breaches();
}

}  // namespace dr::test
