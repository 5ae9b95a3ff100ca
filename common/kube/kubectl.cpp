#include "common/kube/kubectl.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/os/atomic_file.hpp"

namespace dr::kube {
namespace {

// kubectl retries discovery up to five times within its own limit; a list of a large namespace
// takes a few seconds.
constexpr Millis k_read_timeout{60'000};
constexpr std::string_view k_request_timeout = "--request-timeout=30s";
// Of a call that trading's halt waits for: a request, and the whole process with a credential
// plugin and kubectl's discovery.
constexpr const char* k_urgent_request_timeout = "--request-timeout=8s";
constexpr Millis k_urgent_timeout{15'000};
constexpr Millis k_watch_timeout{std::chrono::hours(24)};

constexpr std::array<std::string_view, 3> k_secret_flags = {
    "--token=", "--password=", "--client-key="};

std::string masked(const std::string& arg) {
  for (const auto flag : k_secret_flags) {
    if (arg.starts_with(flag)) return std::string(flag) + "***";
  }
  return arg;
}

std::string command_line(const os::Command& command) {
  std::string line = shell_quoted(command.program.string());
  for (const auto& arg : command.args) line.append(" ").append(shell_quoted(masked(arg)));
  return line;
}

bool has_flag(const std::vector<std::string>& flags, std::string_view name) {
  return std::any_of(flags.begin(), flags.end(), [&](const std::string& flag) {
    return flag.starts_with(name) && flag.size() > name.size() && flag[name.size()] == '=';
  });
}

// The value of a member of the first element of kubeconfig's named lists ("clusters", "contexts"),
// after --minify.
std::string first_of(const Json& config, std::string_view list, data::Path path) {
  const auto& elements = data::array_or_empty(config, {list});
  return elements.empty() ? std::string{} : data::string_or(elements.front(), path, "");
}

// The namespace of the pod that we run in, as client-go finds it; empty outside of one.
std::string namespace_of_pod(const os::Environment& environment) {
  if (const auto ns = environment.get("POD_NAMESPACE")) return *ns;
  constexpr const char* k_file = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
  std::error_code ignored;
  if (!std::filesystem::exists(k_file, ignored)) return {};
  return std::string(trimmed(os::read_file(k_file, 1024)));
}

}  // namespace

std::vector<std::string> child_environment(const os::Environment& environment) {
  // kuberc can turn a delete into a question or change an output format; an external diff is a
  // program of the user's.
  return environment.for_child(
      {{"KUBERC", "off"}, {"KUBECTL_KUBERC", "false"}, {"NO_COLOR", "1"}, {"LC_ALL", "C"}},
      {"KUBECTL_EXTERNAL_DIFF", "KUBECTL_COMMAND_HEADERS"});
}

Kubectl::Kubectl(os::ProcessRunner& runner, const os::Environment& environment,
                 std::filesystem::path program, const ConnectionFlags& flags, CommandLog log)
    : m_runner(runner),
      m_program(std::move(program)),
      m_environment(child_environment(environment)),
      m_log(std::move(log)) {
  if (m_program.empty()) {
    throw Error(ExitCode::usage, "kubectl not found in PATH",
                "install kubectl, or name it with --kubectl or $KUBECTL");
  }
  resolve_target(flags, environment);
  pin(flags);
}

void Kubectl::resolve_target(const ConnectionFlags& flags, const os::Environment& environment) {
  m_flags = flags.others;
  if (!flags.context.empty()) m_flags.push_back("--context=" + flags.context);
  const auto result = run(command({"config", "view", "--minify", "-o", "json"}, k_read_timeout));
  m_target.ns = flags.ns;
  if (result.ok()) {
    const Json config = data::read_json(result.out, "kubectl config view");
    m_target.context = data::string_or(config, {"current-context"}, "");
    m_target.cluster = first_of(config, "contexts", {"context", "cluster"});
    m_target.user = first_of(config, "contexts", {"context", "user"});
    m_target.server = first_of(config, "clusters", {"cluster", "server"});
    if (m_target.ns.empty()) m_target.ns = first_of(config, "contexts", {"context", "namespace"});
  } else if (result.err.find("current-context must exist") == std::string::npos ||
             !flags.context.empty()) {
    const ApiError error = api_error_of(result);
    throw Error(
        ExitCode::failed, "failed to read the kubeconfig: " + error.text,
        "check --context and --kubeconfig; `kubectl config get-contexts` lists what there is");
  }
  if (m_target.ns.empty() && m_target.context.empty()) m_target.ns = namespace_of_pod(environment);
  if (m_target.ns.empty()) m_target.ns = "default";
}

void Kubectl::pin(const ConnectionFlags& flags) {
  m_flags = flags.others;
  // --server and --user of the command line override parts of the context, so the context is pinned
  // beside them.
  if (!m_target.context.empty()) m_flags.push_back("--context=" + m_target.context);
  m_flags.push_back("--namespace=" + m_target.ns);
  if (!has_flag(flags.others, "--request-timeout")) m_flags.emplace_back(k_request_timeout);
}

os::Command Kubectl::command(std::vector<std::string> args, Millis timeout) const {
  os::Command command;
  command.program = m_program;
  command.args = m_flags;
  command.args.insert(command.args.end(), std::make_move_iterator(args.begin()),
                      std::make_move_iterator(args.end()));
  command.environment = m_environment;
  command.timeout = timeout;
  return command;
}

os::ProcessResult Kubectl::run(const os::Command& command) const {
  if (m_log) m_log(command_line(command));
  return m_runner.run(command);
}

os::ProcessResult Kubectl::read(std::vector<std::string> args) const {
  return run(command(std::move(args), k_read_timeout));
}

os::ProcessResult Kubectl::mutate(std::vector<std::string> args, std::string input,
                                  Millis timeout) const {
  os::Command write = command(std::move(args), timeout);
  write.input = std::move(input);
  return run(write);
}

os::ProcessResult Kubectl::urgent(std::vector<std::string> args, std::string input) const {
  args.insert(args.begin(), k_urgent_request_timeout);  // after the pinned one: the last one wins
  return mutate(std::move(args), std::move(input), k_urgent_timeout);
}

std::unique_ptr<os::Background> Kubectl::watch(const std::string& path,
                                               os::LineHandler on_line) const {
  // The pinned limit of a request would end the watch too.
  auto background = command({"--request-timeout=0", "get", "--raw", path}, k_watch_timeout);
  if (m_log) m_log(command_line(background));
  return m_runner.start(std::move(background), std::move(on_line));
}

Reply Kubectl::reply_of(const os::ProcessResult& result, std::string_view path) const {
  if (!result.ok()) return {nullptr, api_error_of(result)};
  try {
    return {data::read_json(result.out, std::string("answer to GET ").append(path)), std::nullopt};
  } catch (const Error& error) {
    return {nullptr, ApiError{ApiReason::other, error.what()}};
  }
}

std::vector<os::ProcessResult> Kubectl::read_all(
    const std::vector<std::vector<std::string>>& commands) const {
  std::vector<os::Command> children;
  for (const auto& args : commands) {
    children.push_back(command(args, k_read_timeout));
    if (m_log) m_log(command_line(children.back()));
  }
  return m_runner.run_all(children, k_parallel);
}

std::vector<Reply> Kubectl::get_all(std::span<const std::string> paths) const {
  std::vector<std::vector<std::string>> commands;
  for (const auto& path : paths) commands.push_back({"get", "--raw", path});
  auto results = read_all(commands);
  std::vector<Reply> replies;
  for (std::size_t i = 0; i < results.size(); ++i) {
    replies.push_back(reply_of(results[i], paths[i]));
    results[i] = {};  // its text can be hundreds of megabytes
  }
  return replies;
}

std::optional<Json> Kubectl::find(std::string_view path, std::string_view what) const {
  Reply reply = reply_of(read({"get", "--raw", std::string(path)}), path);
  if (!reply.error) return std::move(reply.value);
  if (reply.error->reason == ApiReason::not_found) return std::nullopt;
  throw Error(ExitCode::failed, "failed to read " + std::string(what) + ": " + reply.error->text);
}

Json Kubectl::get(std::string_view path, std::string_view what) const {
  auto value = find(path, what);
  if (!value)
    throw Error(ExitCode::failed, "failed to read " + std::string(what) + ": it does not exist");
  return std::move(*value);
}

}  // namespace dr::kube
