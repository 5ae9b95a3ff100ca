#include "plugins/lkg/history.hpp"

#include <algorithm>

#include "common/base/error.hpp"

namespace dr::lkg {
namespace {

KeptLkg read_kept(const LkgStore& store, const LkgId& id) {
  KeptLkg kept{id, false, {}, {}, 0, {}, {}, {}};
  try {
    const Lkg lkg = store.load(id.text());
    kept.ns = lkg.ns;
    kept.objects = lkg.objects.size();
    kept.cluster = data::string_or(lkg.metadata, {"cluster_name"}, "");
    kept.git_sha = data::string_or(lkg.metadata, {"git_sha"}, "");
    kept.note = data::string_or(lkg.metadata, {"note"}, "");
  } catch (const Error& error) {
    kept.damage = error.what();
  }
  return kept;
}

// Empty when there is none.
std::string current_id(const LkgStore& store, std::string& damage) try {
  return store.load().id;
} catch (const Error& error) {
  if (error.code() != ExitCode::failed) damage = error.what();
  return {};
}

}  // namespace

History read_history(const LkgStore& store) {
  History history;
  const std::string current = current_id(store, history.current_damage);
  for (const auto& id : store.history()) {
    history.kept.push_back(read_kept(store, id));
    history.kept.back().current = id.text() == current;
  }
  std::reverse(history.kept.begin(), history.kept.end());
  return history;
}

std::vector<LkgId> superfluous(const History& history, std::size_t keep) {
  std::vector<LkgId> ids;
  std::size_t intact = 0;
  for (const auto& one : history.kept) {
    if (!one.damage.empty()) continue;
    if (++intact > keep && !one.current) ids.push_back(one.id);
  }
  return ids;
}

}  // namespace dr::lkg
