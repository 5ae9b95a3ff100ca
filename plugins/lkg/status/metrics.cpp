#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "plugins/lkg/status/document.hpp"

namespace dr::lkg {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// The exposition format escapes three characters in a label's value.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text;
}

class Metrics {
 public:
  explicit Metrics(std::string ns) : m_ns(std::move(ns)) {}

  // Begins a metric, whose samples follow.
  void gauge(std::string_view name, std::string_view help) {
    m_name = fmt::format("kubectl_lkg_{}", name);
    m_text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", m_name, help);
  }
  void sample(std::int64_t value, const Labels& labels = {}) {
    m_text += fmt::format("{}{{namespace=\"{}\"", m_name, escaped(m_ns));
    for (const auto& [label, text] : labels)
      m_text += fmt::format(",{}=\"{}\"", label, escaped(text));
    m_text += fmt::format("}} {}\n", value);
  }
  void gauge(std::string_view name, std::string_view help, std::int64_t value) {
    gauge(name, help);
    sample(value);
  }
  void time(std::string_view name, std::string_view help, const std::optional<UtcTime>& value) {
    if (value) gauge(name, help, value->time_since_epoch().count());
  }

  const std::string& text() const { return m_text; }

 private:
  std::string m_ns;
  std::string m_name;
  std::string m_text;
};

template <typename T>
void up(Metrics& metrics, const std::string& name, const Part<T>& part) {
  if (part.is_known() || part.is_unknown())
    metrics.sample(part.is_known() ? 1 : 0, {{"part", name}});
}

void parts_up(Metrics& metrics, const Status& status) {
  metrics.gauge("up", "1 when a part of the status could be read, 0 when it is unknown.");
  up(metrics, "switch", status.kill_switch);
  up(metrics, "lkg", status.lkg);
  up(metrics, "drift", status.drift);
  up(metrics, "workloads", status.workloads);
  up(metrics, "images", status.images);
  up(metrics, "backups", status.backups);
  up(metrics, "restores", status.restores);
  up(metrics, "fence", status.fence);
  up(metrics, "gitops", status.gitops);
}

void add(Metrics& metrics, const SwitchStatus& part) {
  metrics.gauge("switch_halted", "1 when the kill switch reads \"1\".", part.is_halted() ? 1 : 0);
  metrics.gauge("halt_proven", "1 when it does and every container that takes it is proven halted.",
                part.is_proven() ? 1 : 0);
  if (!part.is_halted() || !part.unproven.empty()) return;
  metrics.gauge("switch_consumers", "Containers that take the kill switch.");
  metrics.sample(static_cast<std::int64_t>(part.proven()), {{"proven", "true"}});
  metrics.sample(static_cast<std::int64_t>(part.proofs.size() - part.proven()),
                 {{"proven", "false"}});
}

void add(Metrics& metrics, const LkgStatus& part) {
  metrics.gauge("lkg_intact", "1 when the LKG is there and whole.",
                part.state == FileState::intact ? 1 : 0);
  metrics.time("lkg_captured_timestamp_seconds", "When the LKG was captured.", part.captured);
}

void add(Metrics& metrics, const DriftStatus& part) {
  metrics.gauge("drift_objects", "Objects that are not as in the LKG.");
  for (const auto kind : {DriftKind::changed, DriftKind::missing, DriftKind::extra}) {
    metrics.sample(static_cast<std::int64_t>(part.count(kind)),
                   {{"drift", std::string(name_of(kind))}});
  }
}

void add(Metrics& metrics, const std::vector<WorkloadStatus>& part) {
  const auto each = [&](std::string_view name, std::string_view help, auto value) {
    metrics.gauge(name, help);
    for (const auto& row : part) metrics.sample(value(row), {{"workload", row.object}});
  };
  each("workload_pods_wanted", "Pods that should run.",
       [](const WorkloadStatus& row) { return row.wanted; });
  each("workload_pods_ready", "Pods of the newest revision that are ready.",
       [](const WorkloadStatus& row) { return row.ready; });
  each("workload_settled", "1 when it is rolled out.",
       [](const WorkloadStatus& row) { return std::int64_t{row.settled ? 1 : 0}; });
  each("workload_other_images", "1 when a pod runs another image than the LKG's.",
       [](const WorkloadStatus& row) {
         return std::int64_t{row.digests == Digests::other ? 1 : 0};
       });
}

void add(Metrics& metrics, const ImagesStatus& part) {
  metrics.time("inventory_timestamp_seconds", "When the inventory of images was taken.",
               part.taken);
  if (part.inventory != FileState::intact) return;
  metrics.gauge("images", "Images of the LKG, by what the inventory says of them.");
  metrics.sample(static_cast<std::int64_t>(part.present), {{"verdict", "present"}});
  metrics.sample(static_cast<std::int64_t>(part.unknown), {{"verdict", "unknown"}});
}

void add(Metrics& metrics, const BackupsStatus& part) {
  metrics.time("backup_timestamp_seconds", "When the newest complete backup was taken.",
               part.taken);
  metrics.gauge("backup_newest_complete", "1 when no newer backup is incomplete or damaged.",
                part.taken && part.newer.empty() ? 1 : 0);
}

void add(Metrics& metrics, const RestoresStatus& part) {
  if (part.expected) {
    const auto seconds = [](Millis time) {
      return std::int64_t{std::chrono::ceil<std::chrono::seconds>(time).count()};
    };
    metrics.gauge("restore_seconds", "How long restores took until they were verified.");
    metrics.sample(seconds(part.expected->median), {{"of", "median"}});
    metrics.sample(seconds(part.expected->worst), {{"of", "worst"}});
  }
  if (!part.last_drill) return;
  metrics.time("drill_timestamp_seconds", "When the last drill began.", part.last_drill->time);
  metrics.gauge("drill_verified", "1 when the last drill came up and was verified.",
                part.last_drill->exit_code == 0 ? 1 : 0);
}

void add(Metrics& metrics, const FenceStatus& part) {
  metrics.gauge("fence_active", "1 when the API server refuses to release the switch.",
                part.is_active() ? 1 : 0);
}

template <typename T>
void add_known(Metrics& metrics, const Part<T>& part) {
  if (part.is_known()) add(metrics, *part.value);
}

}  // namespace

std::string status_metrics(const Status& status) {
  Metrics metrics(status.ns);
  metrics.time("status_timestamp_seconds", "When this was read.", status.time);
  parts_up(metrics, status);
  add_known(metrics, status.kill_switch);
  add_known(metrics, status.lkg);
  add_known(metrics, status.drift);
  add_known(metrics, status.workloads);
  add_known(metrics, status.images);
  add_known(metrics, status.backups);
  add_known(metrics, status.restores);
  add_known(metrics, status.fence);
  return metrics.text();
}

}  // namespace dr::lkg
