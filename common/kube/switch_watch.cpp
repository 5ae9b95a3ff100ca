#include "common/kube/switch_watch.hpp"

#include "common/kube/switch_history.hpp"

namespace dr::kube {
namespace {

// A kubectl whose parent was killed does not stay for longer.
constexpr std::string_view k_lifetime = "&timeoutSeconds=300";

}  // namespace

SwitchWatch::SwitchWatch(const Kubectl& kubectl, const Halted& since)
    : m_kubectl(kubectl), m_since(since.resource_version()), m_uid(since.uid()) {
  keep();
}

void SwitchWatch::keep() {
  if (m_background && m_background->is_running()) return;
  const std::string path = switch_watch_path(m_kubectl.target().ns, m_since, k_lifetime);
  m_background = m_kubectl.watch(path, [this](std::string_view line) { return judge(line); });
}

// A new version that still reads "1" may be our own write; the comparison of versions judges it.
std::optional<Error> SwitchWatch::judge(std::string_view line) {
  const SwitchEvent event = switch_event(line);
  if (event.type == SwitchEvent::Type::lost) {
    m_since.clear();
    return std::nullopt;
  }
  if (event.uid == m_uid && event.halts()) return std::nullopt;
  return unproven_halt("the switch moved while this run worked: " + describe(event));
}

}  // namespace dr::kube
