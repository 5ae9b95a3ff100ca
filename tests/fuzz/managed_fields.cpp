// metadata.managedFields: "live object ==== the LKG's". Who is behind each of their differences.
#include "common/kube/managed_fields.hpp"

#include "common/data/json_diff.hpp"
#include "common/kube/blame.hpp"
#include "common/kube/compare.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

namespace {

bool blame_all(const Json& live, const Json& lkg) {
  const kube::FieldOwners owners(live);
  owners.of_extra();
  for (const auto& difference : data::diff(lkg, live)) {
    owners.of(lkg, difference);
    kube::is_set_by_somebody(live, difference.pointer);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto parts = fuzz::parts_of(fuzz::text_of(bytes, size));
  std::vector<Json> objects;
  for (const auto& part : parts) {
    auto object =
        fuzz::accepted(ExitCode::failed, [&] { return data::read_json(part, "the input"); });
    if (!object) return 0;
    objects.push_back(*std::move(object));
  }
  fuzz::accepted(ExitCode::failed, [&] { return blame_all(objects.front(), objects.back()); });
  return 0;
}
