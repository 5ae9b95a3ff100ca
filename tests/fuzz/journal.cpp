// The journal of a restore, as the reports read it.
#include "plugins/lkg/restore_timeline.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto timeline = fuzz::accepted(
      ExitCode::failed, [&] { return lkg::timeline_of(fuzz::text_of(bytes, size), "the input"); });
  if (!timeline) return 0;
  for (const Json& bar : timeline->at("bars"))
    fuzz::require(bar.at("from").is_number() && bar.at("to").is_number(), "a bar has two ends");
  data::write_json(*timeline);
  return 0;
}
