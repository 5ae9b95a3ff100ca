// What `kubectl api-resources -o wide --no-headers` prints.
#include "common/kube/discovery.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto resources = fuzz::accepted(
      ExitCode::failed, [&] { return kube::parse_api_resources(fuzz::text_of(bytes, size)); });
  if (!resources) return 0;
  for (const auto& resource : *resources) {
    fuzz::require(
        !resource.plural.empty() && !resource.kind.empty() && !resource.api_version.empty(),
        "a resource has a name, a kind and a version");
    fuzz::require(resource.name().starts_with(resource.plural), "its name begins with its plural");
  }
  return 0;
}
