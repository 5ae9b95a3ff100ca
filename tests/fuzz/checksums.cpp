// SHA256SUMS: what is taken has one form, which is the one that is written.
#include "common/os/sealed_dir.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = fuzz::text_of(bytes, size);
  const auto sums = fuzz::accepted(ExitCode::integrity, [&] { return os::parse_checksums(text); });
  if (!sums) return 0;
  const std::string written = os::format_checksums(*sums);
  fuzz::require(written.size() == text.size(), "only the order of lines can differ");
  fuzz::require(os::parse_checksums(written) == *sums, "the sums come back");
  for (const auto& [name, sum] : *sums)
    fuzz::require(os::is_plain_name(name) && name.find('/') == std::string::npos,
                  "a name stays in its directory");
  return 0;
}
