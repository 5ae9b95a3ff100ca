#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/os/environment.hpp"
#include "common/os/process_runner.hpp"

namespace dr::gcloud {

enum class Reason {
  not_found,        // the API said NOT_FOUND: it is not there
  forbidden,        // PERMISSION_DENIED: there or not, we may not know
  unauthenticated,  // no account, or credentials that the server or gcloud refuses
  already_exists,
  precondition_failed,  // HTTP 412
  rate_limited,
  server,     // 5xx
  transport,  // no connection, or an answer that broke off or is no JSON
  timeout,    // ours, or gcloud's own
  locked,     // "database is locked", after the retries
  usage,      // gcloud does not know the arguments
  other,
};
std::string_view name_of(Reason reason);
// What the operator should do about it, or empty.
std::string_view next_step_of(Reason reason);

// Why a gcloud call failed, from its stderr: its exit code is 1 for everything but usage.
struct GcloudError {
  Reason reason = Reason::other;
  // gcloud's own words, printable, one line of at most 300 characters, without tokens, accounts and
  // credential paths.
  std::string text;
};

// Why a call failed, or nullopt when it did not: exit code 0 and a whole output. The values in
// `secrets` are masked in the text.
std::optional<GcloudError> gcloud_error_of(const os::ProcessResult& result,
                                           std::span<const std::string> secrets = {});

struct Call {
  std::vector<std::string> args;  // without "gcloud"
  Millis timeout{90'000};         // of the whole call: gcloud's own limits reach 25 minutes
};

// Its stdout, or why there is none.
struct Answer {
  std::string out;
  std::optional<GcloudError> error;
};

// Called with each command line before it runs: pasteable.
using CommandLog = std::function<void(const std::string& line)>;

// Runs gcloud without prompts, telemetry and log files of its own. Success is exit code 0; what the
// output must look like, its caller checks.
class Gcloud {
 public:
  // Throws Error(usage) when `program` is empty: gcloud was not found.
  Gcloud(os::ProcessRunner& runner, const os::Environment& environment,
         std::filesystem::path program, CommandLog log = {});

  // In order, at most k_parallel at a time. "database is locked" is tried again, twice, after a
  // pause; nothing else is.
  // Throws Interrupted on a signal; the children are ended.
  std::vector<Answer> run_all(std::span<const Call> calls) const;
  Answer run(const Call& call) const;

  // Google does not support parallel runs on one configuration; four at a time never failed
  // (measured with 528), and more gain nothing.
  static constexpr std::size_t k_parallel = 4;

 private:
  os::Command command(const Call& call) const;

  os::ProcessRunner& m_runner;
  std::filesystem::path m_program;
  std::vector<std::string> m_environment;
  std::vector<std::string> m_secrets;  // of the environment: tokens and paths of credentials
  CommandLog m_log;
};

}  // namespace dr::gcloud
