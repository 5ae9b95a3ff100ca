#include "tests/faults/restores/run_seed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "plugins/lkg/restore/restore.hpp"
#include "tests/faults/restores/oracle.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"

namespace dr::test {
namespace {

// Longer than a claim on the namespace lasts that nobody renews any more.
constexpr std::chrono::minutes k_between_runs{30};

// Tells the watch of the switch, if one runs, what happened since it was told last.
class Watch {
 public:
  Watch(FakeProcessRunner& runner, const FakeStore& store)
      : m_runner(runner), m_store(store), m_told(store.events().size()) {}

  // Throws the alarm that a line raises, as the runner would.
  void tell() {
    for (; m_told < m_store.events().size(); ++m_told) {
      const auto& event = m_store.events()[m_told];
      if (event.path != switch_path()) continue;
      const bool is_new = m_store.find_at(event.path, event.revision - 1) == nullptr;
      const char* type = event.is_deleted ? "DELETED" : is_new ? "ADDED" : "MODIFIED";
      const Json line = {{"type", type}, {"object", *event.object}};
      if (const auto alarm = m_runner.emit(data::write_json(line, -1))) throw *alarm;
    }
  }

 private:
  FakeProcessRunner& m_runner;
  const FakeStore& m_store;
  std::size_t m_told;
};

Ending restore(Injector& injector, const FakeStore& store, FakeClock& clock, const SeedRecord& seed,
               int process) {
  FakeProcessRunner runner;
  FakeCluster idle = captured_floor();
  runner.handler = [&](const os::Command& command) { return idle.answer(command); };
  runner.serves_proxies = seed.has_proxy;
  const kube::Kubectl kubectl = make_kubectl(runner);
  Watch watch(runner, store);
  runner.handler = [&](const os::Command& command) {
    auto result = injector.answer(command);
    if (seed.is_watched) watch.tell();
    return result;
  };
  runner.on_sleep = [&](Millis duration) {
    injector.sleep(duration);
    if (seed.is_watched) watch.tell();
  };
  lkg::RestoreOptions options;
  options.timeout = std::chrono::seconds(60);
  options.soak = std::chrono::seconds(2);
  options.holder = {"jane", "desk", process};
  options.keep_evidence = [](const backup::Backup&) { return std::string("evidence"); };
  options.recreate = options.prune = seed.deletes;
  try {
    const auto result =
        lkg::restore(captured_lkg(), options, kubectl, clock, [](std::string_view) {});
    return {false, false, static_cast<int>(result.code), result.halted_at_end == true,
            result.error};
  } catch (const Killed&) {
    return {true, false, 0, false, "killed"};
  }
}

RunRecord run(FakeCluster& cluster, FakeClock& clock, const SeedRecord& seed,
              std::vector<Fault> faults, int process,
              std::map<std::string_view, std::size_t>& strikes) {
  Injector injector(cluster, clock, std::move(faults));
  RunRecord record;
  record.ending = restore(injector, cluster.store(), clock, seed, process);
  record.calls = injector.calls();
  record.breaches = judge(cluster.store(), record.calls, record.ending, captured_floor().store());
  for (const auto& [kind, count] : injector.strikes()) strikes[kind] += count;
  return record;
}

std::string ending_text(const Ending& ending) {
  if (ending.was_killed) return "killed";
  return fmt::format("exit {}{}{}", ending.code,
                     ending.claims_halted.value_or(false) ? ", halt claimed" : ", no halt claimed",
                     ending.error.empty() ? "" : ": " + ending.error);
}

// Immutable, which the LKG's switch is not: only a delete would undo it, and no restore deletes the
// switch.
bool is_frozen(const FakeCluster& cluster) {
  const Json* object = cluster.find("ConfigMap", kube::k_switch_name);
  return object != nullptr && data::boolean_or(*object, {"immutable"}, false);
}

// Of a run that nothing disturbed.
void require_restored(RunRecord& run, const FakeCluster& cluster, const SeedRecord& seed) {
  const Ending& ending = run.ending;
  const auto breach = [&](const std::string& what) { run.breaches.push_back({8, what}); };
  if (is_frozen(cluster)) {
    const std::string named = fmt::format("ConfigMap/{}: /immutable", kube::k_switch_name);
    if (ending.code != 3 || ending.error.find(named) == std::string::npos)
      breach("the switch is immutable, and that is not why it ends with " + ending_text(ending));
  } else if (!seed.start.clean_codes.contains(ending.code)) {
    breach("nothing disturbs it, and it ends with " + ending_text(ending));
  }
  if (seed.deletes && ending.code == 0 && cluster.find("Deployment", k_extra) != nullptr)
    breach("exit 0, and what was to be pruned is there");
}

std::string call_text(std::size_t number, const CallRecord& call) {
  std::string text = fmt::format("  {:3}", number);
  for (const auto& arg : call.args) text += " " + arg;
  if (!call.input.empty()) text += fmt::format(" <<< {}", call.input.substr(0, 160));
  if (text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (!call.answer) {
    text += "  -> no answer";
  } else if (!call.answer->ok()) {
    text += fmt::format("  -> {}", call.answer->timed_out ? "timed out" : call.answer->err);
    if (text.back() == '\n') text.pop_back();
  }
  if (!call.fault.empty()) text += "  ** " + call.fault;
  if (call.ended != call.began) text += fmt::format("  [{} to {}]", call.began, call.ended);
  return text + "\n";
}

}  // namespace

std::string text_of(std::string_view name, const RunRecord& run) {
  std::string text = fmt::format(" {}: {}\n", name, ending_text(run.ending));
  std::size_t reads = 0;  // a snapshot is dozens of them
  for (std::size_t i = 0; i < run.calls.size(); ++i) {
    const auto& call = run.calls[i];
    const bool is_dull = call.fault.empty() && !is_mutation(call) && !is_switch_read(call) &&
                         call.answer && call.answer->ok();
    reads = is_dull ? reads + 1 : 0;
    if (reads <= 2) text += call_text(i, call);
    if (reads == 3) text += "      ...\n";
  }
  for (const auto& breach : run.breaches)
    text += fmt::format("  BREACH of T{}: {}\n", breach.invariant, breach.what);
  return text;
}

SeedRecord run_seed(std::uint64_t seed) {
  Random random(seed);
  FakeClock clock;
  FakeCluster cluster(clock);
  SeedRecord record;
  record.start = make_start(random, cluster, clock);
  record.faults = random_faults(random);
  record.deletes = seed % 3 == 0 && record.start.floor != "absent";
  if (record.deletes) make_rigid(cluster);
  record.is_watched = random.one_in(2);
  record.has_proxy = seed % 2 == 0;
  record.first = run(cluster, clock, record, record.faults, 1, record.strikes);
  if (record.strikes.empty()) require_restored(record.first, cluster, record);
  std::map<std::string_view, std::size_t> none;
  const auto run_again = [&](int process) {
    clock.advance(k_between_runs);
    RunRecord again = run(cluster, clock, record, {}, process, none);
    require_restored(again, cluster, record);
    return again;
  };
  record.second = run_again(2);
  if (is_frozen(cluster)) {
    cluster.remove("ConfigMap", kube::k_switch_name, "person");
    record.third = run_again(3);
  }
  for (const auto& event : cluster.store().events()) {
    if (event.path == switch_path()) record.events.push_back(event);
  }
  return record;
}

std::string log_of(std::uint64_t seed, const SeedRecord& record) {
  std::string text = fmt::format(
      "seed {}: floor {}, switch {}, others {}{}{}{}\n", seed, record.start.floor,
      record.start.switch_was, record.start.others, record.is_watched ? ", watched" : "",
      record.has_proxy ? ", proxied" : "", record.deletes ? ", recreates and prunes" : "");
  for (const auto& fault : record.faults) text += fmt::format(" fault: {}\n", text_of(fault));
  text += text_of("first run", record.first);
  text += text_of("second run", record.second);
  if (record.third) text += text_of("third run", *record.third);
  for (const auto& event : record.events) {
    text += fmt::format(" switch at {}: {} by {} at {}\n", event.revision,
                        event.is_deleted ? "deleted" : event.object->value("data", Json()).dump(),
                        event.writer, event.time);
  }
  return text;
}

}  // namespace dr::test
