#include "plugins/lkg/status/status.hpp"

#include <algorithm>
#include <array>

#include "common/kube/kill_switch.hpp"

namespace dr::lkg {
namespace {

template <typename T>
void keep(Part<T>& now, const Part<T>& before, UtcTime seen) {
  if (!now.is_unknown() || now.value || !before.value) return;
  now.value = before.value;
  now.as_of = before.as_of ? before.as_of : seen;
}

}  // namespace

bool SwitchStatus::is_halted() const {
  return value == kube::k_switch_halted && objection.empty();
}

std::size_t SwitchStatus::proven() const {
  return static_cast<std::size_t>(std::count_if(
      proofs.begin(), proofs.end(), [](const kube::HaltProof& proof) { return proof.holds(); }));
}

bool SwitchStatus::is_proven() const {
  return is_halted() && unproven.empty() && safety.empty() && proven() == proofs.size();
}

std::string_view name_of(FileState state) {
  static constexpr std::array<std::string_view, 3> names = {"intact", "damaged", "absent"};
  return names.at(static_cast<std::size_t>(state));
}

std::string_view name_of(Cluster cluster) {
  static constexpr std::array<std::string_view, 3> names = {"same", "another", "unknown"};
  return names.at(static_cast<std::size_t>(cluster));
}

std::string_view name_of(Digests digests) {
  static constexpr std::array<std::string_view, 5> names = {"equal", "other", "unknown", "no-pods",
                                                            "not-in-lkg"};
  return names.at(static_cast<std::size_t>(digests));
}

std::size_t DriftStatus::count(DriftKind kind) const {
  return static_cast<std::size_t>(std::count_if(
      rows.begin(), rows.end(), [kind](const DriftRow& row) { return row.kind == kind; }));
}

void keep_last_seen(Status& now, const Status& before) {
  keep(now.kill_switch, before.kill_switch, before.time);
  keep(now.lkg, before.lkg, before.time);
  keep(now.drift, before.drift, before.time);
  keep(now.workloads, before.workloads, before.time);
  keep(now.images, before.images, before.time);
  keep(now.backups, before.backups, before.time);
  keep(now.restores, before.restores, before.time);
  keep(now.fence, before.fence, before.time);
  keep(now.gitops, before.gitops, before.time);
}

}  // namespace dr::lkg
