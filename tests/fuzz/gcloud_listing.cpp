// What `gcloud artifacts docker images list` prints: rows that are all understood, or an error; and
// the inventory that is made of them, which its own reader takes.
#include "common/registry/listing.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/support/fake_process_runner.hpp"

using namespace dr;

namespace {

const registry::Repository k_repository{"us-east4", "agenttrader-prod", "trader-repo"};
constexpr UtcTime k_now{std::chrono::seconds{1767225600}};  // 2026-01-01T00:00:00Z

void check_rows(const std::vector<registry::ListedImage>& images) {
  for (const auto& image : images) {
    fuzz::require(image.name().starts_with(k_repository.path() + "/"), "it is of the repository");
    fuzz::require(kube::Digest::parse(image.digest()).has_value(), "it has a digest");
    image.tags();
    image.created();
    image.is_index();
    // As the LKG names it; a name that no LKG can have may be listed nevertheless.
    try {
      const auto named = registry::RegistryImage::parse(kube::ImageRef::parse(image.text()));
      if (named && named->repository == k_repository)
        fuzz::require(registry::find_image(images, *named) != nullptr, "a listed image is found");
    } catch (const Error&) {
      continue;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  test::FakeProcessRunner runner;
  runner.push(test::succeeded(std::string(fuzz::text_of(bytes, size))));
  const gcloud::Gcloud gcloud(runner, os::Environment({}), "/usr/bin/gcloud");
  const auto snapshot = registry::take_snapshot({&k_repository, 1}, gcloud, k_now);
  for (const auto& [repository, why] : snapshot.inventory.errors) fuzz::require_shown(why);
  check_rows(snapshot.inventory.images);
  const std::string text = registry::inventory_text(snapshot.inventory);
  const auto again = registry::parse_inventory(text, "what was written");
  fuzz::require(registry::inventory_text(again) == text, "an inventory comes back");
  return 0;
}
