// The tar file of a backup's or an LKG's copy.
#include "common/os/archive.hpp"

#include "common/os/sealed_dir.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = fuzz::text_of(bytes, size);
  const auto files = fuzz::accepted(ExitCode::integrity, [&] {
    return os::read_archive(text, "20261129T170202Z-2ca8dfa3", "the input");
  });
  if (!files) return 0;
  std::size_t content = 0;
  for (const auto& [name, file] : *files) {
    fuzz::require(os::is_plain_name(name), "a file stays in its directory");
    content += file.size();
  }
  fuzz::require(content < size, "an archive holds its content");
  const std::string written = os::write_archive("20261129T170202Z-2ca8dfa3", *files);
  fuzz::require(
      os::read_archive(written, "20261129T170202Z-2ca8dfa3", "what was written") == *files,
      "the files come back");
  return 0;
}
