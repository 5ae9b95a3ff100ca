// gcloud's stderr: one short line without credentials, which may go into a file and a ticket.
#include "common/gcloud/gcloud.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace dr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const std::vector<std::string> secrets = {"/etc/keys/sa.json", "s3cr3t"};
  os::ProcessResult result;
  result.err = fuzz::text_of(bytes, size);
  for (const int code : {1, 2}) {
    result.exit_code = code;
    const auto error = gcloud::gcloud_error_of(result, secrets);
    fuzz::require(error.has_value(), "a failure has a reason");
    fuzz::require(fuzz::is_harmless(error->text), "what is shown does nothing to a terminal");
    fuzz::require(error->text.size() <= std::size_t{4} * 300, "it is short");
    fuzz::require(code != 2 || error->reason == gcloud::Reason::usage, "2 is a wrong argument");
    for (const auto& secret : secrets)
      fuzz::require(error->text.find(secret) == std::string::npos, "it holds no secret");
    gcloud::name_of(error->reason);
    gcloud::next_step_of(error->reason);
  }
  return 0;
}
