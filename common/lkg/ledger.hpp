#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/time.hpp"

namespace dr::lkg {

inline constexpr std::string_view k_ledger_restore = "restore";
inline constexpr std::string_view k_ledger_drill = "drill";

// One run that brought an LKG back, or tried to, be it into the throw-away namespace of a drill.
struct LedgerEntry {
  UtcTime time{};    // when it began
  std::string kind;  // k_ledger_restore, k_ledger_drill
  std::string lkg;   // id; empty for one that the incumbent scripts made
  std::string ns;
  std::string cluster_uid;  // empty when it may not be read
  std::string restore_id;
  int exit_code = 0;
  std::vector<std::pair<std::string, Millis>> phases;  // as they were entered, with how long
  std::map<std::string, std::size_t> objects;          // action of the plan to number of objects
  std::size_t changed = 0;                             // objects written
  std::optional<Millis> verified_after;                // from its beginning; nullopt: it was not
};

// <root>/ops/lkg/ledger.jsonl: a JSON object a line, oldest first. Each line has the SHA-256 of the
// one before it, so that none but the newest can be altered, taken away or put in unseen.
class Ledger {
 public:
  explicit Ledger(const std::filesystem::path& root);

  // Adds a line to what is there, whatever its state. Throws Error(failed).
  void append(const LedgerEntry& entry) const;
  // Empty when there is no ledger. Throws Error(integrity) naming the line that is not as written,
  // Error(failed) when it cannot be read.
  std::vector<LedgerEntry> entries() const;

 private:
  std::filesystem::path m_path;
};

// How long restores took until they were verified, of those that ended well and had something to
// write. nullopt without any.
struct ExpectedTime {
  std::size_t restores = 0;
  Millis median{};
  Millis worst{};
};
std::optional<ExpectedTime> expected_time(const std::vector<LedgerEntry>& entries);

}  // namespace dr::lkg
