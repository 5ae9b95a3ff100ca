// Small texts that everything else relies on: what is shown, quoted, and read as a time.
#include "common/base/text.hpp"

#include "common/backup/backup.hpp"
#include "common/base/time.hpp"
#include "common/lkg/lkg.hpp"
#include "common/lkg/volatile_objects.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

namespace {

// What a POSIX shell makes of a word that shell_quoted wrote.
std::string unquoted(std::string_view word) {
  std::string text;
  bool in_quotes = false;
  for (std::size_t at = 0; at < word.size(); ++at) {
    if (word[at] == '\'') {
      in_quotes = !in_quotes;
    } else if (word[at] == '\\' && !in_quotes) {
      text += word[++at];
    } else {
      fuzz::require(in_quotes || std::string_view(" \t\n;&|<>$`\"(){}*?[]#~!").find(word[at]) ==
                                     std::string_view::npos,
                    "nothing of the shell is outside of quotes");
      text += word[at];
    }
  }
  fuzz::require(!in_quotes, "a quoted word ends");
  return text;
}

void check_times(std::string_view text) {
  if (const auto time = parse_rfc3339(text))
    fuzz::require(parse_rfc3339(rfc3339(*time)) == time, "a time comes back");
  if (const auto time = parse_timestamp_id(text))
    fuzz::require(timestamp_id(*time) == text, "an id of a time comes back");
  if (const auto duration = parse_duration(text)) {
    fuzz::require(*duration >= Millis(0) && *duration <= std::chrono::hours(1000),
                  "a duration is in its bounds");
    format_duration(*duration);
  }
  if (const auto id = lkg::LkgId::parse(text)) fuzz::require(id->text() == text, "an id is itself");
  if (const auto id = backup::BackupId::parse(text))
    fuzz::require(id->text() == text, "an id is itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = fuzz::text_of(bytes, size);
  const std::string shown = printable(text);
  fuzz::require(fuzz::is_harmless(shown), "what is shown does nothing to a terminal");
  fuzz::require(printable(shown) == shown, "what is shown is shown as it is");
  if (text.find('\0') == std::string_view::npos)
    fuzz::require(unquoted(shell_quoted(text)) == text, "a quoted word comes back");
  const auto lines = split(text, '\n');
  fuzz::require(join(lines, "\n") == text, "what is split can be joined");
  if (lines.size() > 1) glob_matches(lines.front(), lines.back());
  check_times(text);
  fuzz::accepted(ExitCode::failed, [&] { return lkg::VolatileObjects::parse(text).rules(); });
  return 0;
}
