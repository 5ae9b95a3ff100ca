#include "plugins/lkg/failing_pods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "common/backup/credentials.hpp"
#include "common/base/columns.hpp"
#include "common/base/text.hpp"
#include "common/kube/api_error.hpp"
#include "common/kube/object.hpp"
#include "plugins/lkg/warning_event.hpp"

namespace dr::lkg {
namespace {

constexpr std::size_t k_most_containers = 8;
constexpr std::size_t k_most_events = 3;
constexpr std::size_t k_widest_line = 300;
constexpr std::string_view k_lines = "--tail=10";
constexpr std::string_view k_bytes = "--limit-bytes=16384";

// On its way, and nothing is wrong yet.
bool is_beginning(std::string_view reason) {
  return reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing";
}

// How its last run ended; null when it never did, or ended well.
const Json* failed_end(const Json& status) {
  for (const std::string_view state : {"state", "lastState"}) {
    const Json* ended = data::find(status, {state, "terminated"});
    if (ended != nullptr && data::integer_or(*ended, {"exitCode"}, 0) != 0) return ended;
  }
  return nullptr;
}

std::string trouble_of(const Json& status, const Json* ended) {
  std::vector<std::string> parts;
  const std::string waiting = data::string_or(status, {"state", "waiting", "reason"}, "");
  if (!waiting.empty()) parts.push_back(waiting);
  if (ended != nullptr) {
    const std::string reason = data::string_or(*ended, {"reason"}, "Error");
    parts.push_back(fmt::format("exit code {}{}", data::integer_or(*ended, {"exitCode"}, 0),
                                reason == "Error" ? "" : " (" + reason + ")"));
  }
  const auto restarts = data::integer_or(status, {"restartCount"}, 0);
  if (restarts > 0)
    parts.push_back(fmt::format("{} restart{}", restarts, restarts == 1 ? "" : "s"));
  return join(parts, ", ");
}

void look_at(const Json& pod, const Json& status, std::vector<FailingContainer>& found) {
  if (data::boolean_or(status, {"ready"}, false)) return;
  const Json* ended = failed_end(status);
  const std::string waiting = data::string_or(status, {"state", "waiting", "reason"}, "");
  if (ended == nullptr && is_beginning(waiting)) return;
  FailingContainer failing;
  failing.pod = kube::name_of(pod);
  failing.container = data::string_at(status, {"name"});
  failing.trouble = trouble_of(status, ended);
  failing.has_run = ended != nullptr || waiting == "CrashLoopBackOff";
  failing.runs = data::has(status, {"state", "running"});
  if (!failing.has_run) failing.no_log = "it has not run";
  found.push_back(std::move(failing));
}

std::vector<std::string> events_of(const std::string& pod, std::vector<WarningEvent> events) {
  std::erase_if(events, [&](const WarningEvent& event) { return event.object != "Pod/" + pod; });
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& a, const auto& b) { return a.last_seen > b.last_seen; });
  events.resize(std::min(events.size(), k_most_events));
  std::vector<std::string> texts;
  for (const auto& event : events) {
    texts.push_back(backup::without_credentials(
        fmt::format("{} (x{}): {}", event.reason, event.count, event.message)));
  }
  return texts;
}

void take_log(const os::ProcessResult& result, FailingContainer& failing) {
  if (!result.ok()) {
    failing.no_log = backup::without_credentials(kube::api_error_of(result).text);
    return;
  }
  for (const auto& line : split(trimmed(result.out), '\n'))
    failing.log.push_back(cut(printable(backup::without_credentials(line)), k_widest_line));
  if (failing.log.empty()) failing.no_log = "it wrote nothing";
}

}  // namespace

FailingPods failing_pods(const std::vector<Json>& pods, const std::vector<Json>& warning_events) {
  FailingPods failing;
  auto& containers = failing.containers;
  for (const Json& pod : pods) {
    for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
      for (const Json& status : data::array_or_empty(pod, {"status", list}))
        look_at(pod, status, containers);
    }
  }
  std::stable_sort(containers.begin(), containers.end(), [](const auto& a, const auto& b) {
    return std::tuple(!a.has_run, a.pod) < std::tuple(!b.has_run, b.pod);
  });
  failing.not_shown = containers.size() - std::min(containers.size(), k_most_containers);
  containers.resize(containers.size() - failing.not_shown);

  std::vector<WarningEvent> events;
  for (const Json& event : warning_events) events.push_back(read_warning_event(event));
  for (auto& container : containers) container.events = events_of(container.pod, events);
  return failing;
}

void read_logs(const kube::Kubectl& kubectl, FailingPods& failing) {
  std::vector<FailingContainer*> asked;
  std::vector<std::vector<std::string>> commands;
  for (auto& container : failing.containers) {
    if (!container.has_run) continue;
    asked.push_back(&container);
    commands.push_back({"logs", "pod/" + container.pod, "--container=" + container.container,
                        std::string(k_lines), std::string(k_bytes)});
    if (container.runs) commands.back().emplace_back("--previous");
  }
  if (commands.empty()) return;
  const auto results = kubectl.read_all(commands);
  for (std::size_t i = 0; i < asked.size(); ++i) take_log(results[i], *asked[i]);
}

}  // namespace dr::lkg
