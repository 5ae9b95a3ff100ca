#include "plugins/lkg/status/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/text.hpp"
#include "common/kube/kill_switch.hpp"

namespace dr::lkg {
namespace {

bool is_ours(const LkgStatus& lkg, const std::string& ns) {
  return lkg.state == FileState::intact && lkg.ns == ns;
}

std::string reading(const SwitchStatus& kill_switch) {
  if (!kill_switch.value)
    return fmt::format("ConfigMap/{} has no {}", kube::k_switch_name, kube::k_switch_key);
  return fmt::format("the switch reads {}=\"{}\"", kube::k_switch_key,
                     printable(*kill_switch.value));
}

std::string why_unproven(const SwitchStatus& kill_switch) {
  if (!kill_switch.unproven.empty()) return kill_switch.unproven;
  if (!kill_switch.safety.empty()) {
    return fmt::format("ConfigMap/{} reads {}=\"{}\"", kube::k_safety_name, kube::k_safety_key,
                       printable(kill_switch.safety));
  }
  return fmt::format("{} of {} containers not proven halted",
                     kill_switch.proofs.size() - kill_switch.proven(), kill_switch.proofs.size());
}

std::string word_of(Halt halt) {
  switch (halt) {
    case Halt::proven:
      return "HALTED";
    case Halt::no_namespace:
      return "NO NAMESPACE";
    case Halt::unproven:
      return "HALT NOT PROVEN";
    case Halt::released:
      return "NOT HALTED";
    case Halt::unknown:
      return "UNKNOWN";
  }
  return {};
}

std::string about_halt(Halt halt, const Status& status) {
  if (halt == Halt::unknown) return "the switch cannot be read";
  const auto& kill_switch = *status.kill_switch.value;
  switch (halt) {
    case Halt::no_namespace:
      return fmt::format("namespace {} is not there, so nothing runs in it", status.ns);
    case Halt::unproven:
      return "the switch reads \"1\", but " + why_unproven(kill_switch);
    case Halt::released:
      return kill_switch.objection.empty() ? reading(kill_switch)
                                           : "the switch: " + kill_switch.objection;
    case Halt::proven:
    case Halt::unknown:
      break;
  }
  if (kill_switch.proofs.empty()) return "the switch reads \"1\", and no container takes it";
  return fmt::format("{} of {} containers proven halted", kill_switch.proven(),
                     kill_switch.proofs.size());
}

std::string about_lkg(const Status& status) {
  if (!status.lkg.is_known()) return "the LKG cannot be read";
  const auto& lkg = *status.lkg.value;
  switch (lkg.state) {
    case FileState::absent:
      return "there is no LKG";
    case FileState::damaged:
      return "the LKG is damaged";
    case FileState::intact:
      break;
  }
  if (lkg.ns != status.ns) return "the LKG is of namespace " + lkg.ns;
  if (lkg.cluster == Cluster::another) return "the LKG is of another cluster";
  return {};
}

std::string about_drift(const Status& status) {
  if (status.drift.is_unknown()) return "drift is unknown";
  if (!status.drift.is_known()) return {};
  const auto count = status.drift.value->rows.size();
  if (count == 0) return "no drift";
  return fmt::format("{} {} drifted", count, count == 1 ? "object" : "objects");
}

std::string about_workloads(const Status& status) {
  if (!status.workloads.is_known()) return {};
  const auto& rows = *status.workloads.value;
  const auto bad = std::count_if(rows.begin(), rows.end(),
                                 [](const WorkloadStatus& row) { return !row.is_good(); });
  if (bad == 0) return {};
  return fmt::format("{} of {} workloads not right", bad, rows.size());
}

std::string sentence_of(Halt halt, const Status& status) {
  std::vector<std::string> clauses = {about_halt(halt, status), about_lkg(status)};
  if (halt != Halt::no_namespace && status.unreachable.empty()) {
    clauses.push_back(about_drift(status));
    clauses.push_back(about_workloads(status));
  }
  std::erase(clauses, "");
  return join(clauses, "; ");
}

std::string restore_step(const Status& status) {
  const auto& lkg = *status.lkg.value;
  if (lkg.state == FileState::damaged && !lkg.intact_in_history.empty()) {
    return fmt::format(
        "find out who changed ops/lkg; this kept LKG is intact: kubectl lkg restore -n {} --from "
        "{}",
        status.ns, lkg.intact_in_history);
  }
  if (lkg.state == FileState::damaged) return "restore ops/lkg from version control";
  if (lkg.state == FileState::absent)
    return "kubectl lkg capture -n " + status.ns + ", or restore ops/lkg from version control";
  return {};
}

bool is_right(const Status& status) {
  return about_workloads(status).empty() && status.drift.is_known() &&
         status.drift.value->rows.empty();
}

std::string next_step_of(const StatusVerdict& verdict, const Status& status) {
  switch (verdict.halt) {
    case Halt::unknown:
      return "act as if trading may execute: mend the connection or the rights, then kubectl lkg "
             "halt -n " +
             status.ns;
    case Halt::released:
    case Halt::unproven:
      return fmt::format("kubectl lkg halt -n {}", status.ns);
    case Halt::proven:
    case Halt::no_namespace:
      break;
  }
  if (status.lkg.is_known()) {
    if (std::string step = restore_step(status); !step.empty()) return step;
  }
  if (!verdict.restorable || (verdict.halt == Halt::proven && is_right(status))) return {};
  return fmt::format("kubectl lkg plan -n {0}, then kubectl lkg restore -n {0}", status.ns);
}

bool is_damaged(const Status& status) {
  return (status.lkg.value && status.lkg.value->state == FileState::damaged) ||
         (status.images.value && status.images.value->inventory == FileState::damaged) ||
         (status.backups.value && status.backups.value->damaged) ||
         (status.restores.value && status.restores.value->ledger == FileState::damaged);
}

ExitCode code_of(Halt halt, const Status& status) {
  ExitCode code = ExitCode::ok;
  const bool no_lkg = status.lkg.value && status.lkg.value->state == FileState::absent;
  if (halt == Halt::no_namespace || no_lkg) code = ExitCode::failed;
  if (!gaps_of(status).empty()) code = worse(code, ExitCode::incomplete);
  if (is_damaged(status)) code = worse(code, ExitCode::integrity);
  if (halt != Halt::proven && halt != Halt::no_namespace) code = worse(code, ExitCode::unsafe);
  return code;
}

// --- What --check fails for

class Problems {
 public:
  explicit Problems(const Status& status) : m_status(status) {}
  std::vector<std::string> take() { return std::move(m_lines); }

  void gaps() {
    for (const auto& gap : gaps_of(m_status)) add(gap.part, "unknown: " + gap.reason);
  }

  void halt() {
    const Halt halt = halt_of(m_status);
    if (halt != Halt::proven && halt != Halt::unknown) add("switch", about_halt(halt, m_status));
  }

  void lkg(const Bounds& bounds) {
    if (!m_status.lkg.is_known()) return;
    const auto& lkg = *m_status.lkg.value;
    if (const std::string what = about_lkg(m_status); !what.empty())
      add("lkg", lkg.damage.empty() ? what : what + ": " + lkg.damage);
    if (lkg.state == FileState::intact) too_old("lkg", lkg.captured, bounds.lkg);
  }

  void drift() {
    if (m_status.drift.is_known() && !m_status.drift.value->rows.empty())
      add("drift", about_drift(m_status));
  }

  void workloads() {
    if (!m_status.workloads.is_known()) return;
    for (const auto& row : *m_status.workloads.value) {
      if (row.is_good()) continue;
      add("workloads", fmt::format("{}: {}", row.object,
                                   row.settled ? "runs other images than the LKG's" : row.reason));
    }
  }

  void images(const Bounds& bounds) {
    if (!m_status.images.is_known()) return;
    const auto& images = *m_status.images.value;
    if (images.inventory == FileState::damaged)
      add("images", "the inventory is damaged: " + images.damage);
    for (const auto& image : images.not_found) add("images", "not in the inventory: " + image);
    if (images.inventory != FileState::damaged) too_old("images", images.taken, bounds.inventory);
  }

  void backups(const Bounds& bounds) {
    if (!m_status.backups.is_known()) return;
    const auto& backups = *m_status.backups.value;
    if (!backups.newer.empty()) add("backups", backups.newer);
    too_old("backups", backups.taken, bounds.backup);
  }

  void restores() {
    if (m_status.restores.is_known() && m_status.restores.value->ledger == FileState::damaged)
      add("restores", "the ledger is damaged: " + m_status.restores.value->damage);
  }

  void fence() {
    if (!m_status.fence.is_known()) return;
    const auto& fence = *m_status.fence.value;
    if (fence.held && !fence.is_installed())
      add("fence", "the namespace is labelled as held, but these are not in force: " +
                       join(fence.missing, ", "));
  }

 private:
  void add(const std::string& part, const std::string& what) {
    m_lines.push_back(part + ": " + printable(what));
  }

  // No time: there is none of it.
  void too_old(const std::string& part, std::optional<UtcTime> time, std::optional<Millis> bound) {
    if (!bound) return;
    if (!time) {
      add(part, fmt::format("there is none (limit {})", format_duration(*bound)));
      return;
    }
    const Millis age = m_status.time - *time;
    if (age > *bound)
      add(part, fmt::format("{} old (limit {})", format_duration(age), format_duration(*bound)));
  }

  const Status& m_status;
  std::vector<std::string> m_lines;
};

}  // namespace

std::string_view name_of(Halt halt) {
  static constexpr std::array<std::string_view, 5> names = {"proven", "no-namespace", "unproven",
                                                            "released", "unknown"};
  return names.at(static_cast<std::size_t>(halt));
}

Halt halt_of(const Status& status) {
  // What was read earlier does not tell whether trading is halted now.
  if (!status.kill_switch.is_known()) return Halt::unknown;
  const auto& kill_switch = *status.kill_switch.value;
  if (!kill_switch.namespace_exists) return Halt::no_namespace;
  if (!kill_switch.is_halted()) return Halt::released;
  return kill_switch.is_proven() ? Halt::proven : Halt::unproven;
}

StatusVerdict judge(const Status& status) {
  StatusVerdict verdict;
  verdict.halt = halt_of(status);
  verdict.restorable = status.lkg.is_known() && is_ours(*status.lkg.value, status.ns);
  verdict.word = word_of(verdict.halt) + (verdict.restorable ? ", restorable" : ", NOT restorable");
  verdict.sentence = sentence_of(verdict.halt, status);
  verdict.next_step = next_step_of(verdict, status);
  verdict.code = code_of(verdict.halt, status);
  return verdict;
}

std::vector<std::string> problems_of(const Status& status, const Bounds& bounds) {
  Problems problems(status);
  problems.halt();
  problems.gaps();
  problems.lkg(bounds);
  problems.drift();
  problems.workloads();
  problems.images(bounds);
  problems.backups(bounds);
  problems.restores();
  problems.fence();
  return problems.take();
}

std::vector<Gap> gaps_of(const Status& status) {
  std::vector<Gap> gaps;
  const auto note = [&gaps](const std::string& part, const std::string& reason) {
    if (!reason.empty()) gaps.push_back({part, reason});
  };
  note("switch", status.kill_switch.unknown);
  note("lkg", status.lkg.unknown);
  note("drift", status.drift.unknown);
  note("workloads", status.workloads.unknown);
  note("images", status.images.unknown);
  note("backups", status.backups.unknown);
  note("restores", status.restores.unknown);
  note("fence", status.fence.unknown);
  note("gitops", status.gitops.unknown);
  return gaps;
}

}  // namespace dr::lkg
