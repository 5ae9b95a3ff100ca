// The manifest of an LKG, in either form: beside metadata of the incumbent scripts, which hold no
// checksum, and beside metadata that fit it.
#include "common/kube/pin.hpp"
#include "common/lkg/lkg.hpp"
#include "common/os/sha256.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

namespace {

constexpr UtcTime k_captured_at{std::chrono::seconds{1767225600}};  // 2026-01-01T00:00:00Z

std::string own_metadata(const std::string& manifest) {
  const std::string sum = os::sha256_hex(manifest);
  return data::write_json({{"schema", 1},
                           {"id", lkg::LkgId(k_captured_at, sum).text()},
                           {"namespace", "trading-floor"},
                           {"cluster", {{"uid", "cluster-a"}}},
                           {"custom_resources", Json::array({{{"apiVersion", "example.com/v1"},
                                                              {"kind", "Widget"},
                                                              {"plural", "widgets"}}})},
                           {"manifest", {{"sha256", sum}}}});
}

void check(const lkg::Lkg& lkg) {
  fuzz::require(!lkg.objects.empty(), "an LKG holds something");
  for (const auto& object : lkg.objects) {
    const auto& kind = kube::kind_of(object);
    fuzz::require(kind.kind != "Secret", "no Secret is in an LKG");
    fuzz::require(!kind.namespaced || kube::key_of(object).ns == lkg.ns, "it is of one namespace");
    if (const Json* pod_template = kube::pod_template_of(object)) {
      for (const auto& image : kube::images_of(*pod_template))
        fuzz::require(kube::ImageRef::parse(image).digest.has_value(), "images are by digest");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string manifest(fuzz::text_of(bytes, size));
  for (const std::string& metadata :
       {std::string(R"({"namespace": "trading-floor"})"), own_metadata(manifest)}) {
    const auto lkg =
        fuzz::accepted(ExitCode::integrity, [&] { return lkg::parse_lkg({manifest, metadata}); });
    if (lkg) check(*lkg);
  }
  return 0;
}
