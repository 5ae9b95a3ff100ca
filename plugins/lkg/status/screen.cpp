#include "plugins/lkg/status/screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/columns.hpp"
#include "common/base/text.hpp"
#include "common/kube/kill_switch.hpp"

namespace dr::lkg {
namespace {

constexpr std::size_t k_label = 11;
constexpr std::size_t k_details = 5;
constexpr std::size_t k_few_details = 3;

// At most `lines` lines; what does not fit is cut.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns, std::size_t lines) {
  std::vector<std::string> result(1);
  for (const auto& word : split(text, ' ')) {
    std::string& last = result.back();
    const bool fits = width_of(last) + 1 + width_of(word) <= columns;
    if (last.empty()) {
      last = word;
    } else if (fits || result.size() == lines) {
      last += " " + word;
    } else {
      result.push_back(word);
    }
  }
  for (auto& line : result) line = cut(std::move(line), columns);
  return result;
}

std::string age_of(UtcTime time, UtcTime now) {
  return time > now ? "from the future" : format_duration(now - time) + " old";
}

class Screen {
 public:
  // `most`: details of one part.
  Screen(const Status& status, std::size_t columns, std::size_t most)
      : m_status(status), m_columns(std::min(columns, k_screen_columns)), m_most(most) {}

  std::vector<ScreenLine> lines() {
    verdict();
    row("namespace", Tone::plain, "",
        fmt::format("{}, context {}, server {}", m_status.ns, m_status.context, m_status.server));
    kill_switch();
    lkg();
    drift();
    workloads();
    images();
    backups();
    restores();
    fence();
    gitops();
    next();
    return std::move(m_lines);
  }

 private:
  // --- Lines

  void row(std::string_view label, Tone tone, const std::string& head, const std::string& rest) {
    const std::string text = head.empty() || rest.empty() ? head + rest : head + " " + rest;
    std::size_t in_tone = head.size();
    for (const auto& line : wrapped(printable(text), m_columns - k_label, 2)) {
      in_tone = std::min(in_tone, line.size());
      m_lines.push_back({fmt::format("{:<{}}", label, k_label), tone, line.substr(0, in_tone),
                         line.substr(in_tone)});
      in_tone = 0;
      label = "";
    }
  }

  void detail(const std::string& text) {
    m_lines.push_back({std::string(k_label + 2, ' '), Tone::plain, "",
                       cut(printable(text), m_columns - k_label - 2)});
  }

  void details(const std::vector<std::string>& texts, std::size_t most, std::string_view where) {
    most = std::min(most, m_most);
    for (std::size_t i = 0; i < std::min(texts.size(), most); ++i) detail(texts[i]);
    if (texts.size() > most) detail(fmt::format("and {} more: {}", texts.size() - most, where));
  }

  // Says what is unknown; true when there is nothing to show.
  template <typename T>
  bool gap(std::string_view label, const Part<T>& part) {
    if (!part.is_unknown()) return !part.value.has_value();
    const std::string seen =
        part.as_of ? fmt::format("; {} ago it was:", format_duration(m_status.time - *part.as_of))
                   : "";
    row(label, Tone::warning, "UNKNOWN", cut(part.unknown, m_columns) + seen);
    return !part.value.has_value();
  }
  template <typename T>
  std::string_view label(std::string_view name, const Part<T>& part) const {
    return part.as_of ? "" : name;
  }

  // --- Parts

  void verdict() {
    const StatusVerdict verdict = judge(m_status);
    const bool safe = verdict.halt == Halt::proven || verdict.halt == Halt::no_namespace;
    const bool fine = verdict.code == ExitCode::ok && verdict.next_step.empty();
    const Tone tone = !safe ? Tone::bad : fine ? Tone::good : Tone::warning;
    std::size_t in_tone = verdict.word.size() + 1;
    for (const auto& line :
         wrapped(printable(verdict.word + ": " + verdict.sentence), m_columns, 2)) {
      in_tone = std::min(in_tone, line.size());
      m_lines.push_back({"", tone, line.substr(0, in_tone), line.substr(in_tone)});
      in_tone = 0;
    }
    m_lines.push_back({});
  }

  void kill_switch() {
    if (gap("switch", m_status.kill_switch)) return;
    const auto& part = *m_status.kill_switch.value;
    const auto name = label("switch", m_status.kill_switch);
    if (!part.namespace_exists) {
      row(name, Tone::plain, "", "none: the namespace is not there");
      return;
    }
    if (!part.value) {
      row(name, Tone::bad, "NOT HALTED",
          fmt::format("ConfigMap/{} has no {}", kube::k_switch_name, kube::k_switch_key));
      return;
    }
    std::string written;
    if (const auto time = parse_rfc3339(part.written))
      written +=
          fmt::format(" since {} ({})", part.written,
                      format_duration(std::max(m_status.time - *time, std::chrono::seconds(0))));
    if (!part.manager.empty()) written += " by " + part.manager;
    if (!part.objection.empty()) written += "; " + part.objection;
    row(name, Tone::bad, part.is_halted() ? "" : "NOT HALTED",
        fmt::format("{}=\"{}\"{}", kube::k_switch_key, *part.value, written));
    proofs(part);
  }

  void proofs(const SwitchStatus& part) {
    if (!part.safety.empty())
      row("", Tone::bad, "NOT HALTED",
          fmt::format("ConfigMap/{} {}=\"{}\"", kube::k_safety_name, kube::k_safety_key,
                      part.safety));
    if (!part.is_halted()) return;
    if (!part.unproven.empty()) {
      row("", Tone::bad, "NOT PROVEN", part.unproven);
      return;
    }
    row("", Tone::bad, part.proven() == part.proofs.size() ? "" : "NOT PROVEN",
        fmt::format("{} of {} containers that take it are proven halted", part.proven(),
                    part.proofs.size()));
    std::vector<std::string> texts;
    for (const auto& proof : part.proofs) {
      if (!proof.holds())
        texts.push_back(fmt::format("{} {} ({}): {}", proof.pod, proof.container,
                                    kube::name_of(proof.way), proof.reason));
    }
    details(texts, k_few_details, "kubectl lkg halt lists all");
  }

  void lkg() {
    if (gap("LKG", m_status.lkg)) return;
    const auto& part = *m_status.lkg.value;
    const auto name = label("LKG", m_status.lkg);
    if (part.state == FileState::absent) {
      row(name, Tone::bad, "NONE", "in ops/lkg: nothing to restore");
    } else if (part.state == FileState::damaged) {
      row(name, Tone::bad, "DAMAGED", part.damage);
    } else {
      const bool ours = part.ns == m_status.ns;
      row(name, Tone::bad, ours ? "" : "ANOTHER NAMESPACE'S", lkg_text(part));
      // `kubectl lkg verify` tells the others.
      if (!part.warnings.empty()) row("", Tone::plain, "", part.warnings.front());
    }
  }

  std::string lkg_text(const LkgStatus& part) const {
    const std::string id = part.id.empty() ? "of the incumbent scripts" : part.id;
    const std::string age = part.captured ? ", " + age_of(*part.captured, m_status.time) : "";
    const std::string where =
        part.cluster == Cluster::same ? "this cluster"
        : part.cluster == Cluster::another
            ? fmt::format("ANOTHER cluster ({})", part.cluster_name)
            : fmt::format("cluster {} (is it this one? unknown)", part.cluster_name);
    const std::string ns = part.ns == m_status.ns ? "" : " of namespace " + part.ns;
    return fmt::format("{}{}, intact, {} objects{}, captured on {}", id, age, part.objects, ns,
                       where);
  }

  void drift() {
    if (gap("drift", m_status.drift)) return;
    const auto& part = *m_status.drift.value;
    const auto name = label("drift", m_status.drift);
    if (part.rows.empty()) {
      row(name, Tone::plain, "",
          fmt::format("none: {} objects are equal to the LKG", part.compared));
      return;
    }
    row(name, Tone::warning,
        fmt::format("{} {}:", part.rows.size(), part.rows.size() == 1 ? "object" : "objects"),
        fmt::format("{} changed, {} missing, {} extra", part.count(DriftKind::changed),
                    part.count(DriftKind::missing), part.count(DriftKind::extra)));
    std::vector<std::string> texts;
    for (const auto& one : part.rows) {
      const std::string more =
          one.differences > 1 ? fmt::format(" and {} more", one.differences - 1) : "";
      texts.push_back(
          fmt::format("{:<8} {} {}{}", name_of(one.kind), one.object, one.pointer, more));
    }
    details(texts, k_details, "kubectl lkg diff");
  }

  void workloads() {
    if (gap("workloads", m_status.workloads)) return;
    const auto& rows = *m_status.workloads.value;
    std::int64_t wanted = 0;
    std::int64_t ready = 0;
    std::size_t other = 0;
    std::vector<std::string> texts;
    for (const auto& one : rows) {
      wanted += one.wanted;
      ready += one.ready;
      if (one.digests == Digests::other) ++other;
      if (one.is_good()) continue;
      texts.push_back(fmt::format("{} {}/{}{}{}", one.object, one.ready, one.wanted,
                                  one.digests == Digests::other ? ", other images" : "",
                                  one.settled ? "" : ", " + one.reason));
    }
    const std::string images = other == 0
                                   ? "no pod runs other images than the LKG's"
                                   : fmt::format("{} run other images than the LKG's", other);
    row(label("workloads", m_status.workloads), Tone::warning,
        texts.empty() ? "" : fmt::format("{} not right:", texts.size()),
        fmt::format("{} of {} rolled out, {} of {} pods ready; {}",
                    std::count_if(rows.begin(), rows.end(),
                                  [](const WorkloadStatus& one) { return one.settled; }),
                    rows.size(), ready, wanted, images));
    details(texts, k_details, "kubectl lkg report");
  }

  void images() {
    if (gap("images", m_status.images)) return;
    const auto& part = *m_status.images.value;
    const auto name = label("images", m_status.images);
    if (part.inventory == FileState::absent) {
      row(name, Tone::plain, "", "no inventory: kubectl arsnap snapshot takes one");
    } else if (part.inventory == FileState::damaged) {
      row(name, Tone::warning, "DAMAGED", part.damage);
    } else {
      row(name, Tone::warning,
          part.not_found.empty() ? "" : fmt::format("{} not found:", part.not_found.size()),
          fmt::format("{} present, {} unknown; inventory {}", part.present, part.unknown,
                      part.taken ? age_of(*part.taken, m_status.time) : "of an unknown time"));
      details(part.not_found, k_few_details - 1, "kubectl arsnap check");
    }
  }

  void backups() {
    if (gap("backups", m_status.backups)) return;
    const auto& part = *m_status.backups.value;
    const std::string text = part.newest_complete.empty()
                                 ? "no complete one"
                                 : fmt::format("{}, {}, complete", part.newest_complete,
                                               age_of(*part.taken, m_status.time));
    row(label("backups", m_status.backups), Tone::warning,
        part.newer.empty() ? "" : "newer:", part.newer.empty() ? text : part.newer + "; " + text);
  }

  void restores() {
    if (gap("restores", m_status.restores)) return;
    const auto& part = *m_status.restores.value;
    const auto name = label("restores", m_status.restores);
    if (part.ledger == FileState::damaged) {
      row(name, Tone::warning, "DAMAGED", part.damage);
      return;
    }
    const auto& drill = part.last_drill;
    row(name, Tone::warning, drill && drill->exit_code != 0 ? "drill failed:" : "",
        part.expected ? fmt::format("{} verified: median {}, the slowest took {}{}",
                                    part.expected->restores, format_duration(part.expected->median),
                                    format_duration(part.expected->worst), drill_text(drill))
                      : "none measured" + (drill ? drill_text(drill) : ": kubectl lkg drill does"));
  }

  std::string drill_text(const std::optional<RestoresStatus::Drill>& drill) const {
    if (!drill) return {};
    const std::string result = drill->exit_code == 0 && drill->verified_after
                                   ? "verified after " + format_duration(*drill->verified_after)
                                   : fmt::format("ended with exit code {}", drill->exit_code);
    const Millis age = std::max<Millis>(m_status.time - drill->time, Millis(0));
    return fmt::format("; last drill {} ago, {}", format_duration(age), result);
  }

  void fence() {
    if (gap("fence", m_status.fence)) return;
    const auto& part = *m_status.fence.value;
    const auto name = label("fence", m_status.fence);
    if (part.is_active()) {
      row(name, Tone::plain, "", "active: the API server refuses to release the switch");
    } else if (part.is_installed()) {
      row(name, Tone::plain, "", "installed, not active: the namespace is not labelled as held");
    } else {
      row(name, Tone::bad, part.held ? "NOT ACTIVE:" : "",
          fmt::format("{}not installed",
                      part.held ? "the namespace is labelled as held, but it is " : ""));
    }
  }

  void gitops() {
    if (gap("GitOps", m_status.gitops)) return;
    const auto& owners = *m_status.gitops.value;
    row(label("GitOps", m_status.gitops), owners.empty() ? Tone::plain : Tone::warning, "",
        owners.empty() ? "no owner found" : join(owners, ", "));
  }

  void next() {
    const std::string step = judge(m_status).next_step;
    if (!step.empty()) row("next", Tone::plain, "", step);
  }

  const Status& m_status;
  std::size_t m_columns;
  std::size_t m_most;
  std::vector<ScreenLine> m_lines;
};

}  // namespace

std::vector<ScreenLine> screen_of(const Status& status, std::size_t columns) {
  std::size_t most = k_details;
  auto lines = Screen(status, columns, most).lines();
  while (lines.size() > k_screen_lines && most > 0) lines = Screen(status, columns, --most).lines();
  return lines;
}

}  // namespace dr::lkg
