#include "common/gcloud/gcloud.hpp"

#include <array>
#include <map>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"

namespace dr::gcloud {
namespace {

// The environment wins over the user's configuration, where silenced output would look like an
// empty answer, structured logs would hide the error, and an HTTP log would print credentials.
const std::map<std::string, std::string> k_settings = {
    {"CLOUDSDK_CORE_DISABLE_PROMPTS", "1"},
    {"CLOUDSDK_CORE_HTTP_TIMEOUT", "30"},
    {"CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true"},
    {"CLOUDSDK_CORE_DISABLE_FILE_LOGGING", "true"},
    {"CLOUDSDK_CORE_USER_OUTPUT_ENABLED", "true"},
    {"CLOUDSDK_CORE_VERBOSITY", "warning"},
    {"CLOUDSDK_CORE_SHOW_STRUCTURED_LOGS", "never"},
    {"CLOUDSDK_CORE_LOG_HTTP", "false"},
    {"CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true"},
    {"CLOUDSDK_SURVEY_DISABLE_PROMPTS", "true"},
};

constexpr std::array<std::string_view, 5> k_secret_variables = {
    "CLOUDSDK_AUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
    "GOOGLE_APPLICATION_CREDENTIALS"};

// gcloud itself waits for its databases for 1 to 5 seconds before it gives up.
constexpr std::array<Millis, 2> k_pauses_when_locked = {Millis{1'000}, Millis{3'000}};

std::string command_line(const os::Command& command) {
  std::string line = shell_quoted(command.program.string());
  for (const auto& arg : command.args) line.append(" ").append(shell_quoted(arg));
  return line;
}

}  // namespace

Gcloud::Gcloud(os::ProcessRunner& runner, const os::Environment& environment,
               std::filesystem::path program, CommandLog log)
    : m_runner(runner),
      m_program(std::move(program)),
      m_environment(environment.for_child(k_settings, {})),
      m_log(std::move(log)) {
  if (m_program.empty()) {
    throw Error(ExitCode::usage, "gcloud not found in PATH",
                "install the Google Cloud CLI, or name it with --gcloud or $GCLOUD");
  }
  for (const auto variable : k_secret_variables) {
    if (auto value = environment.get(variable)) m_secrets.push_back(*std::move(value));
  }
}

os::Command Gcloud::command(const Call& call) const {
  os::Command command;
  command.program = m_program;
  command.args = call.args;
  command.environment = m_environment;
  command.timeout = call.timeout;
  return command;
}

std::vector<Answer> Gcloud::run_all(std::span<const Call> calls) const {
  std::vector<Answer> answers(calls.size());
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < calls.size(); ++i) open.push_back(i);
  for (std::size_t attempt = 0;; ++attempt) {
    std::vector<os::Command> commands;
    for (const std::size_t i : open) {
      commands.push_back(command(calls[i]));
      if (m_log) m_log(command_line(commands.back()));
    }
    auto results = m_runner.run_all(commands, k_parallel);
    std::vector<std::size_t> locked;
    for (std::size_t i = 0; i < results.size(); ++i) {
      Answer& answer = answers[open[i]];
      answer.error = gcloud_error_of(results[i], m_secrets);
      answer.out = answer.error ? std::string() : std::move(results[i].out);
      if (answer.error && answer.error->reason == Reason::locked) locked.push_back(open[i]);
    }
    if (locked.empty() || attempt == k_pauses_when_locked.size()) return answers;
    m_runner.sleep(k_pauses_when_locked.at(attempt));
    open = std::move(locked);
  }
}

Answer Gcloud::run(const Call& call) const {
  return std::move(run_all({&call, 1}).front());
}

}  // namespace dr::gcloud
