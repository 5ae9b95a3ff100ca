// What `gcloud artifacts repositories describe` prints: cleanup policies, and what they would do.
// What is not understood is no error, and then nothing is foretold.
#include "common/registry/retention.hpp"

#include "common/registry/listing.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/common/registry/registry_builder.hpp"

using namespace dr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const std::vector<registry::ListedImage> images = registry::sorted_images(
      {test::listed(test::make_row("app", 'a', {"v1"})), test::listed(test::make_row("app", 'b')),
       test::listed(test::make_row("app", 'c', {}, "2026-01-01T00:00:00Z")),
       test::listed(test::make_row("old", 'd', {}, "0001-01-01T00:00:00Z"))});
  const auto repository = fuzz::accepted(ExitCode::failed, [&] {
    return data::read_json(fuzz::text_of(bytes, size), "the repository's description");
  });
  if (!repository) return 0;
  const auto retention = registry::parse_retention(*repository);
  for (const auto& [package, digit] : {std::pair("app", 'a'), {"app", 'c'}, {"old", 'd'}}) {
    const auto forecast =
        registry::forecast(test::image_of(package, digit), images, retention, test::k_listed_at);
    fuzz::require(
        retention.not_understood.empty() || forecast.outlook == registry::Outlook::unknown,
        "nothing is foretold by what is not understood");
    fuzz::require(!forecast.from || *forecast.from > test::k_listed_at, "a forecast is of later");
    fuzz::require_shown(forecast.reason);
  }
  return 0;
}
