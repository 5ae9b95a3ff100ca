#include "plugins/drbackup/freshness.hpp"

#include <fmt/format.h>

#include <utility>

namespace dr::backup {
namespace {

bool counts(const Entry& entry, const std::string& ns) {
  if (entry.state == State::partial) return false;
  return !entry.backup || ns.empty() || entry.backup->provenance.ns == ns;
}

ExitCode code_of(const Entry& newest, bool too_old) {
  if (newest.state == State::damaged) return ExitCode::integrity;
  if (newest.state == State::incomplete) return ExitCode::incomplete;
  return too_old ? ExitCode::failed : ExitCode::ok;
}

std::string verdict_of(const Entry& newest, Millis age, Millis max_age) {
  const std::string old = age > max_age ? "TOO OLD: " : "";
  const std::string what = newest.state == State::damaged      ? "DAMAGED: "
                           : newest.state == State::incomplete ? "INCOMPLETE: "
                           : old.empty()                       ? "OK: "
                                                               : "";
  return fmt::format("{}{}backup {} is {} old (limit {})", what, old, newest.id.text(),
                     format_duration(age), format_duration(max_age));
}

}  // namespace

Freshness freshness(const BackupStore& store, const std::string& ns, UtcTime now, Millis max_age) {
  Freshness result;
  const auto ids = store.ids();
  for (auto id = ids.rbegin(); id != ids.rend() && !result.newest_complete; ++id) {
    Entry entry = store.check(*id);
    if (!counts(entry, ns)) continue;
    if (entry.state == State::complete) result.newest_complete = entry;
    if (!result.newest) result.newest = std::move(entry);
  }
  if (!result.newest) {
    result.verdict = ns.empty() ? "NONE: there is no backup" : "NONE: no backup of namespace " + ns;
    return result;
  }
  const Millis age = now - result.newest->id.time();
  result.code = code_of(*result.newest, age > max_age);
  result.verdict = verdict_of(*result.newest, age, max_age);
  return result;
}

}  // namespace dr::backup
