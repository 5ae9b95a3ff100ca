#include "plugins/lkg/drill/drill.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "common/kube/kinds.hpp"
#include "common/kube/object.hpp"

namespace dr::lkg {
namespace {

constexpr Millis k_poll{1'000};
constexpr std::chrono::seconds k_gone_within{120};

std::optional<Json> find_namespace(const kube::Kubectl& kubectl) {
  const auto& kind = *kube::find_kind("Namespace");
  const std::string& ns = kubectl.target().ns;
  auto object = kubectl.find(kube::object_path(kind, {}, ns), "Namespace/" + ns);
  if (object) kube::set_type(*object, kind.api_version, kind.kind);
  return object;
}

const std::string& id_of(const DrillCopy& rehearsal) {
  return data::string_at(rehearsal.lkg.objects.front(), {"metadata", "labels", k_drill_label});
}

// Made by this drill, and by no other.
bool is_ours(const Json& ns, const DrillCopy& rehearsal) {
  return data::string_or(ns, {"metadata", "labels", k_drill_label}, "") == id_of(rehearsal);
}

void refuse_existing(const kube::Kubectl& kubectl) {
  const std::string& ns = kubectl.target().ns;
  std::optional<Json> found;
  try {
    found = find_namespace(kubectl);
  } catch (const Error& error) {
    throw error.as(ExitCode::unsafe);
  }
  if (found)
    throw Error(ExitCode::refused, "namespace " + ns + " exists: a drill makes one of its own",
                "choose another --namespace-prefix");
}

// Removes the namespace, once it has been made.
class Removal {
 public:
  Removal(const DrillCopy& rehearsal, const kube::Kubectl& kubectl, const os::Clock& clock,
          const Progress& progress)
      : m_rehearsal(rehearsal), m_kubectl(kubectl), m_clock(clock), m_progress(progress) {}

  // Whether it is gone. Throws Error(incomplete), Interrupted.
  void remove() {
    const auto made = look();
    if (!made) return;
    m_progress("removing namespace " + m_kubectl.target().ns);
    const kube::KillSwitch kill_switch(m_kubectl);
    kill_switch.delete_namespace(*made);
    const auto deadline = m_clock.steady() + k_gone_within;
    while (look()) {
      if (m_clock.steady() >= deadline) {
        throw stays(fmt::format("it is deleted, and not gone within {}",
                                format_duration(Millis(k_gone_within))));
      }
      m_kubectl.wait(k_poll);
    }
    m_progress("namespace removed");
  }

  Error stays(const std::string& cause) const {
    const std::string& ns = m_kubectl.target().ns;
    return {ExitCode::incomplete, fmt::format("namespace {} stays: {}", ns, cause),
            fmt::format("remove it: `kubectl delete namespace {}`", ns)};
  }

 private:
  // Nullopt when it is gone, or is not ours.
  std::optional<Json> look() const {
    std::optional<Json> found;
    try {
      found = find_namespace(m_kubectl);
    } catch (const Error& error) {
      throw stays(error.what());
    }
    if (found && !is_ours(*found, m_rehearsal)) return std::nullopt;
    return found;
  }

  const DrillCopy& m_rehearsal;
  const kube::Kubectl& m_kubectl;
  const os::Clock& m_clock;
  const Progress& m_progress;
};

void add(RestoreResult& result, const Error& error) {
  result.code = result.error.empty() ? error.code() : worse(result.code, error.code());
  result.error += (result.error.empty() ? "" : "; then ") + std::string(error.what());
  if (!result.next_step.empty()) result.next_step += "; ";
  result.next_step += error.next_step();
}

// A signal does not keep it from being removed: the second one does.
bool remove(Removal& removal, RestoreResult& result) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      removal.remove();
      return true;
    } catch (const Error& error) {
      add(result, error);
      return false;
    } catch (const Interrupted& interrupted) {
      const std::string cause = fmt::format("interrupted by signal {}", interrupted.signal);
      if (attempt == 0)
        add(result, Error(interrupted.code(), cause));
      else
        add(result, removal.stays(cause));
    }
  }
  return false;
}

}  // namespace

DrillResult drill(const DrillCopy& rehearsal, RestoreOptions options, const kube::Kubectl& kubectl,
                  const os::Clock& clock, const Progress& progress) {
  refuse_existing(kubectl);
  DrillResult result;
  const auto began = clock.steady();
  options.record = [&, record = options.record](std::string_view event, const Json& members) {
    if (record) record(event, members);
    if (event != "workload") return;
    const auto& workload = data::string_at(members, {"workload"});
    result.ready_after.erase(workload);
    if (data::boolean_or(members, {"settled"}, false))
      result.ready_after[workload] = std::chrono::duration_cast<Millis>(clock.steady() - began);
  };
  options.furnish = [&](const kube::Writer& writer) {
    const auto ns = find_namespace(kubectl);
    if (!ns || !is_ours(*ns, rehearsal))
      throw Error(ExitCode::refused,
                  "namespace " + kubectl.target().ns + " was made by somebody else meanwhile",
                  "run the drill again");
    writer.create_secrets(rehearsal.secrets);
  };
  result.restore = restore(rehearsal.lkg, options, kubectl, clock, progress);
  Removal removal(rehearsal, kubectl, clock, progress);
  result.removed = remove(removal, result.restore);
  return result;
}

}  // namespace dr::lkg
