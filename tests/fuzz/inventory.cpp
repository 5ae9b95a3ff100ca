// audit_artifacts/artifacts_snapshot.json, of ours and of the incumbent script.
#include "common/registry/inventory.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace dr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto inventory = fuzz::accepted(ExitCode::integrity, [&] {
    return registry::parse_inventory(fuzz::text_of(bytes, size), "the input");
  });
  if (!inventory) return 0;
  for (const auto& image : inventory->images) {
    image.tags();
    image.created();
  }
  for (const auto& repo : inventory->repos)
    inventory->gap({inventory->location, inventory->project, repo});
  const std::string text = registry::inventory_text(*inventory);
  fuzz::require(registry::inventory_text(registry::parse_inventory(text, "ours")) == text,
                "an inventory comes back");
  return 0;
}
