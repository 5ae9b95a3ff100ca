#include "common/lkg/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <system_error>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/json.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/sha256.hpp"

namespace dr::lkg {
namespace {

namespace fs = std::filesystem;

constexpr int k_schema = 1;

std::string read_ledger(const fs::path& path) {
  std::error_code ignored;
  if (fs::symlink_status(path, ignored).type() == fs::file_type::not_found) return {};
  return os::read_file(path);
}

// The last line of `text`, without its line break.
std::string_view last_line(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto before = text.rfind('\n');
  return before == std::string_view::npos ? text : text.substr(before + 1);
}

std::string sum_of(std::string_view line) {
  return line.empty() ? std::string() : os::sha256_hex(line);
}

std::string line_of(const LedgerEntry& entry, const std::string& previous) {
  Json phases = Json::array();
  for (const auto& [phase, duration] : entry.phases)
    phases.push_back({{"phase", phase}, {"ms", duration.count()}});
  Json line = {{"schema", k_schema},
               {"time", rfc3339(entry.time)},
               {"kind", entry.kind},
               {"lkg", entry.lkg},
               {"namespace", entry.ns},
               {"cluster", entry.cluster_uid},
               {"restoreId", entry.restore_id},
               {"exitCode", entry.exit_code},
               {"phases", std::move(phases)},
               {"objects", entry.objects},
               {"changed", entry.changed},
               {"verifiedAfterMs", nullptr},
               {"previous", previous}};
  if (entry.verified_after) line["verifiedAfterMs"] = entry.verified_after->count();
  return data::write_json(line, -1);
}

std::int64_t amount_at(const Json& object, data::Path path) {
  const std::int64_t amount = data::integer_or(object, path, 0);
  if (amount < 0) throw Error(ExitCode::integrity, data::pointer(path) + ": is negative");
  return amount;
}

std::size_t count_at(const Json& object, data::Path path) {
  return static_cast<std::size_t>(amount_at(object, path));
}

LedgerEntry entry_of(const Json& line) {
  if (data::integer_or(line, {"schema"}, 0) != k_schema)
    throw Error(ExitCode::integrity, "is of another schema");
  const auto time = parse_rfc3339(data::string_at(line, {"time"}));
  if (!time) throw Error(ExitCode::integrity, "has no time");
  LedgerEntry entry;
  entry.time = *time;
  entry.kind = data::string_at(line, {"kind"});
  entry.lkg = data::string_at(line, {"lkg"});
  entry.ns = data::string_at(line, {"namespace"});
  entry.cluster_uid = data::string_at(line, {"cluster"});
  entry.restore_id = data::string_at(line, {"restoreId"});
  entry.exit_code = static_cast<int>(data::integer_or(line, {"exitCode"}, -1));
  for (const Json& phase : data::array_or_empty(line, {"phases"})) {
    entry.phases.emplace_back(data::string_at(phase, {"phase"}), Millis(amount_at(phase, {"ms"})));
  }
  for (const auto& [action, count] : data::object_or_empty(line, {"objects"}))
    entry.objects[action] = count_at(line, {"objects", action});
  entry.changed = count_at(line, {"changed"});
  if (data::has(line, {"verifiedAfterMs"}))
    entry.verified_after = Millis(amount_at(line, {"verifiedAfterMs"}));
  return entry;
}

}  // namespace

Ledger::Ledger(const fs::path& root) : m_path(root / "ops" / "lkg" / "ledger.jsonl") {}

// Written anew and renamed, not appended in place: the file is small (some 700 bytes a restore),
// and a crash then leaves the old one or the new one, never half a line to tell from damage. The
// lock is a file of its own, because a renamed file takes its lock with it.
void Ledger::append(const LedgerEntry& entry) const {
  const os::FileLock lock(m_path.parent_path() / ".ledger.lock");
  std::string text = read_ledger(m_path);
  const std::string line = line_of(entry, sum_of(last_line(text)));
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  os::write_file(m_path, text + line + '\n');
}

std::vector<LedgerEntry> Ledger::entries() const {
  const std::string text = read_ledger(m_path);
  std::vector<LedgerEntry> entries;
  std::string previous;
  std::size_t number = 0;
  const auto damaged = [&](std::string_view how) {
    return Error(ExitCode::integrity,
                 fmt::format("line {} of {} {}", number, printable(m_path.string()), how),
                 "bring the file back from version control; nothing else depends on it");
  };
  for (std::string_view rest = text; !rest.empty();) {
    ++number;
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) throw damaged("is cut off");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    try {
      const Json json = data::read_json(line, "the line");
      if (data::string_at(json, {"previous"}) != previous)
        throw Error(ExitCode::integrity,
                    "does not follow the line before it: one of the two was altered");
      entries.push_back(entry_of(json));
    } catch (const Error& error) {
      throw damaged(error.what());
    }
    previous = sum_of(line);
  }
  return entries;
}

std::optional<ExpectedTime> expected_time(const std::vector<LedgerEntry>& entries) {
  std::vector<Millis> times;
  for (const auto& entry : entries) {
    const bool counts = entry.kind == k_ledger_restore && entry.exit_code == 0 && entry.changed > 0;
    if (counts && entry.verified_after) times.push_back(*entry.verified_after);
  }
  if (times.empty()) return std::nullopt;
  std::sort(times.begin(), times.end());
  // Of an even number the slower one of the middle: an operator waits for it.
  return ExpectedTime{times.size(), times[times.size() / 2], times.back()};
}

}  // namespace dr::lkg
