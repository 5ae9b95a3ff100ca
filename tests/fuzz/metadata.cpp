// The metadata of an LKG, as they are and with the checksum and the id of the manifest beside them:
// what comes after that check must be reached too.
#include "common/lkg/lkg.hpp"
#include "common/lkg/volatile_objects.hpp"
#include "common/os/sha256.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

namespace {

// A namespace, the switch and a Deployment.
const std::string k_manifest =
    R"({"apiVersion":"v1","kind":"List","items":[
{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"trading-floor"}},
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"agenttrader-kill-switch",
"namespace":"trading-floor"},"data":{"EXECUTION_HALTED":"1"}},
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"trading-floor"},
"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web@sha256:)" +
    std::string(64, 'a') + R"("}]}}}}]})";

void check(const std::string& metadata) {
  const auto lkg =
      fuzz::accepted(ExitCode::integrity, [&] { return lkg::parse_lkg({k_manifest, metadata}); });
  if (!lkg) return;
  fuzz::require(lkg->ns == "trading-floor", "its namespace is that of its objects");
  fuzz::require(lkg->id.empty() || lkg::LkgId::parse(lkg->id).has_value(), "its id is one");
  lkg::VolatileObjects::of_metadata(lkg->metadata);  // parse_lkg has read it: no restore stumbles
  try {
    for (const auto& object : lkg->objects) lkg->left_out(kube::key_of(object));
  } catch (const Error&) {
    return;  // a list of another form
  }
}

// With the sum and the id of the manifest, where there are ones.
std::string fitting(Json metadata) {
  const std::string sum = os::sha256_hex(k_manifest);
  if (const Json* manifest = data::find(metadata, {"manifest"}); manifest && manifest->is_object())
    metadata["manifest"]["sha256"] = sum;
  const auto* id = data::find(metadata, {"id"});
  if (id != nullptr && id->is_string() && id->get_ref<const std::string&>().size() >= 8) {
    auto& text = metadata["id"].get_ref<std::string&>();
    text.replace(text.size() - 8, 8, sum.substr(0, 8));
  }
  return data::write_json(metadata);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = fuzz::text_of(bytes, size);
  check(std::string(text));
  const auto json =
      fuzz::accepted(ExitCode::failed, [&] { return data::read_json(text, "the input"); });
  if (json && json->is_object()) check(fitting(*json));
  return 0;
}
