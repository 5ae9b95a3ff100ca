// kubectl's stderr, alone and beside what a write printed ("stdout ==== stderr").
#include "common/base/text.hpp"
#include "common/kube/api_error.hpp"
#include "common/kube/writer.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

namespace {

const std::vector<Json>& bodies() {
  static const std::vector<Json> objects = {
      {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a"}}}},
      {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", {{"name", "web"}}}},
      {{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", "web"}}}}};
  return objects;
}

void check_blocks(const std::string& text) {
  std::size_t lines = 0;
  for (const auto& block : kube::error_blocks(text)) {
    kube::classify(block);
    for (const auto& line : split(block, '\n')) {
      fuzz::require(!trimmed(line).empty() && !line.starts_with("Warning: "),
                    "a block is no noise");
      ++lines;
    }
  }
  fuzz::require(lines <= split(text, '\n').size(), "each line is in one block");
}

void check_write(const os::ProcessResult& result) {
  const auto written = kube::parse_write(result, bodies());
  for (const auto& [key, error] : written.errors) {
    fuzz::require(key == kube::key_of(bodies()[0]) || key == kube::key_of(bodies()[1]) ||
                      key == kube::key_of(bodies()[2]),
                  "only what was to be written can fail");
    fuzz::require_shown(error.text);
  }
  fuzz::require(result.ok() || !result.out.empty() || written.errors.size() == bodies().size(),
                "a failure that names nothing is one of all");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto parts = fuzz::parts_of(fuzz::text_of(bytes, size));
  os::ProcessResult result;
  result.exit_code = 1;
  result.err = parts.back();
  check_blocks(result.err);
  fuzz::require_shown(kube::api_error_of(result).text);
  if (parts.size() > 1) result.out = parts.front();
  check_write(result);
  result.exit_code = 0;
  check_write(result);
  return 0;
}
