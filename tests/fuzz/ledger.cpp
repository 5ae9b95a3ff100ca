// ops/lkg/ledger.jsonl: no line that was altered is believed, and what is read can be shown.
#include "common/lkg/ledger.hpp"

#include "common/data/json.hpp"
#include "common/os/sha256.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/support/temp_dir.hpp"

using namespace dr;

namespace {

// The same lines, each with the sum of the one before it, so that what comes after that check is
// reached too.
std::string chained(std::string_view text) {
  std::string lines;
  std::string previous;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    std::string line(text.substr(0, end));
    text.remove_prefix(end + 1);
    try {
      Json json = data::read_json(line, "a line");
      if (json.is_object()) json["previous"] = previous;
      line = data::write_json(json, -1);
    } catch (const Error&) {
      // as it is
    }
    previous = os::sha256_hex(line);
    lines += line + "\n";
  }
  return lines;
}

void check(const std::filesystem::path& root, std::string_view text) {
  {
    std::FILE* file = std::fopen((root / "ops/lkg/ledger.jsonl").c_str(), "wb");
    fuzz::require(file != nullptr, "the ledger can be written");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
  const lkg::Ledger ledger(root);
  const auto entries = fuzz::accepted(ExitCode::integrity, [&] { return ledger.entries(); });
  if (!entries) return;
  for (const auto& entry : *entries) {
    rfc3339(entry.time);
    for (const auto& [phase, took] : entry.phases) fuzz::require_shown(format_duration(took));
  }
  if (const auto time = lkg::expected_time(*entries)) {
    fuzz::require(time->median <= time->worst, "the median is not worse than the worst");
    fuzz::require_shown(format_duration(time->worst));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const test::TempDir root;
  std::filesystem::create_directories(root.path() / "ops/lkg");
  const std::string_view text = fuzz::text_of(bytes, size);
  check(root.path(), text);
  check(root.path(), chained(text));
  return 0;
}
