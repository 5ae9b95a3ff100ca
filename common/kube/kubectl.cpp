#include "common/kube/kubectl.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/command_line.hpp"
#include "common/os/atomic_file.hpp"

namespace dr::kube {
namespace {

// kubectl retries discovery up to five times within its own limit; a list of a large namespace
// takes a few seconds.
constexpr Millis k_read_timeout{60'000};
constexpr std::string_view k_request_timeout = "30s";
// Of a call that trading's halt waits for: a request, and the whole process with a credential
// plugin and kubectl's discovery.
constexpr std::string_view k_urgent_request_timeout = "8s";
constexpr Millis k_urgent_timeout{15'000};
constexpr Millis k_watch_timeout{std::chrono::hours(24)};

constexpr int k_first_with_prefix = 34;

// The value of `name` ("--server") among flags of the form "--server=x"; empty when it is not
// there.
std::string flag_value(const std::vector<std::string>& flags, std::string_view name) {
  for (const std::string& flag : flags) {
    if (flag.starts_with(name) && flag.size() > name.size() && flag[name.size()] == '=')
      return flag.substr(name.size() + 1);
  }
  return {};
}

// An entry of one of kubeconfig's named lists ("clusters"), or nullptr.
const Json* entry_of(const Json& config, std::string_view list, std::string_view name) {
  for (const Json& entry : data::array_or_empty(config, {list})) {
    if (data::string_or(entry, {"name"}, "") == name) return &entry;
  }
  return nullptr;
}

std::string text_of(const Json* entry, data::Path path) {
  return entry == nullptr ? std::string{} : data::string_or(*entry, path, "");
}

[[noreturn]] void throw_unresolved(const std::string& cause) {
  throw Error(
      ExitCode::failed, "failed to read the kubeconfig: " + cause,
      "check --context and --kubeconfig; `kubectl config get-contexts` lists what there is");
}

// An older kubectl refuses a flag that came after it, such as --as-user-extra.
void require_known_flags(const ApiError& error) {
  constexpr std::string_view k_words = "unknown flag: ";
  const auto found = error.text.find(k_words);
  if (found == std::string::npos) return;
  const std::string flag = error.text.substr(found + k_words.size());
  throw Error(ExitCode::usage, "this kubectl does not know " + flag.substr(0, flag.find(' ')),
              "name a newer kubectl with --kubectl or $KUBECTL, or leave the flag out");
}

// "/k8s/clusters/c-1" of "https://rancher.example.com/k8s/clusters/c-1/"; empty for most servers.
std::string path_prefix(std::string_view server) {
  const auto scheme = server.find("://");
  if (scheme != std::string_view::npos) server.remove_prefix(scheme + 3);
  const auto path = server.find('/');
  if (path == std::string_view::npos) return {};
  server.remove_prefix(path);
  while (server.ends_with('/')) server.remove_suffix(1);
  return std::string(server);
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
  m_raw_prefix = missing_prefix();
}

void Kubectl::resolve_target(const ConnectionFlags& flags, const os::Environment& environment) {
  m_flags = flags.others;
  if (!flags.context.empty()) m_flags.push_back("--context=" + flags.context);
  const auto result = run(command({"config", "view", "-o", "json"}, k_read_timeout));
  if (!result.ok()) {
    const ApiError error = api_error_of(result);
    require_known_flags(error);
    throw_unresolved(error.text);
  }
  const Json config = data::read_json(result.out, "kubectl config view");
  m_target.context =
      flags.context.empty() ? data::string_or(config, {"current-context"}, "") : flags.context;
  const Json* context = entry_of(config, "contexts", m_target.context);
  if (context == nullptr && !m_target.context.empty())
    throw_unresolved("it has no context \"" + m_target.context + "\"");
  const auto chosen = [&](std::string_view flag, data::Path path) {
    std::string given = flag_value(flags.others, flag);
    return given.empty() ? text_of(context, path) : given;
  };
  m_target.cluster = chosen("--cluster", {"context", "cluster"});
  m_target.user = chosen("--user", {"context", "user"});
  const Json* cluster = entry_of(config, "clusters", m_target.cluster);
  m_target.server = flag_value(flags.others, "--server");
  m_target.tls_server_name = flag_value(flags.others, "--tls-server-name");
  if (m_target.server.empty()) {
    m_target.server = text_of(cluster, {"cluster", "server"});
    if (m_target.tls_server_name.empty())
      m_target.tls_server_name = text_of(cluster, {"cluster", "tls-server-name"});
  }
  m_target.ns = flags.ns.empty() ? text_of(context, {"context", "namespace"}) : flags.ns;
  if (m_target.ns.empty() && m_target.context.empty()) m_target.ns = namespace_of_pod(environment);
  if (m_target.ns.empty()) m_target.ns = "default";
}

void Kubectl::pin(const ConnectionFlags& flags) {
  m_flags = flags.others;
  const auto pin = [&](const std::string& flag, const std::string& value) {
    if (!value.empty() && flag_value(flags.others, flag).empty())
      m_flags.push_back(flag + "=" + value);
  };
  pin("--context", m_target.context);
  // In a pod there is no server to name, and kubectl takes the service account only while it is
  // told neither a server, a user nor a --request-timeout (measured on 1.27 to 1.36). The server's
  // TLS name goes with the server: --server alone would clear that of the kubeconfig.
  if (!m_target.server.empty()) {
    pin("--cluster", m_target.cluster);
    pin("--user", m_target.user);
    pin("--server", m_target.server);
    pin("--tls-server-name", m_target.tls_server_name);
    pin("--request-timeout", std::string(k_request_timeout));
  }
  pin("--namespace", m_target.ns);
}

// kubectl before 1.34 sends a --raw path without the path of the server's URL, as Rancher has one
// (kubernetes/kubectl#1676). Only such a server costs this call, which asks no server.
std::string Kubectl::missing_prefix() const {
  std::string prefix = path_prefix(m_target.server);
  if (prefix.empty()) return {};
  const auto result = run(command({"version", "--client", "-o", "json"}, k_read_timeout));
  if (!result.ok()) {
    throw Error(ExitCode::failed,
                "failed to ask kubectl for its version: " + api_error_of(result).text);
  }
  const Json version = data::read_json(result.out, "kubectl version");
  const std::string& minor = data::string_at(version, {"clientVersion", "minor"});  // "33", "32+"
  int number = 0;
  std::from_chars(minor.data(), minor.data() + minor.size(), number);
  return number < k_first_with_prefix ? prefix : std::string{};
}

os::Command Kubectl::command(std::vector<std::string> args, Millis timeout) const {
  os::Command command;
  command.program = m_program;
  command.args = m_flags;
  command.args.insert(command.args.end(), std::make_move_iterator(args.begin()),
                      std::make_move_iterator(args.end()));
  const auto raw = std::find(command.args.begin(), command.args.end(), "--raw");
  if (raw != command.args.end()) raw[1].insert(0, m_raw_prefix);
  command.environment = m_environment;
  command.timeout = timeout;
  return command;
}

os::ProcessResult Kubectl::run(const os::Command& command) const {
  if (m_log) m_log(command_line(command));
  return m_runner.run(command);
}

void Kubectl::log(const std::vector<os::Command>& commands) const {
  if (!m_log) return;
  for (const auto& command : commands) m_log(command_line(command));
}

std::vector<os::ProcessResult> Kubectl::run_all(const std::vector<os::Command>& commands) const {
  log(commands);
  return m_runner.run_all(commands, k_parallel);
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

// The last one of a flag wins. In a pod there must be none: see pin().
std::vector<std::string> Kubectl::with_request_timeout(std::string_view limit,
                                                       std::vector<std::string> args) const {
  if (!m_target.server.empty())
    args.insert(args.begin(), std::string("--request-timeout=").append(limit));
  return args;
}

os::ProcessResult Kubectl::urgent(std::vector<std::string> args, std::string input) const {
  return mutate(with_request_timeout(k_urgent_request_timeout, std::move(args)), std::move(input),
                k_urgent_timeout);
}

std::unique_ptr<os::Background> Kubectl::watch(const std::string& path,
                                               os::LineHandler on_line) const {
  // The pinned limit of a request would end the watch too.
  auto background = command(with_request_timeout("0", {"get", "--raw", path}), k_watch_timeout);
  if (m_log) m_log(command_line(background));
  return m_runner.start(std::move(background), std::move(on_line));
}

os::ProcessResult Kubectl::rehearse(const std::vector<Json>& bodies) const {
  auto trial = command({"create", "--dry-run=server", "--validate=false", "-f", "-", "-o", "json"},
                       k_read_timeout);
  for (const auto& body : bodies) trial.input += data::write_json(body, -1) + "\n";
  return run(trial);
}

std::vector<os::ProcessResult> Kubectl::read_all(
    const std::vector<std::vector<std::string>>& commands) const {
  std::vector<os::Command> children;
  for (const auto& args : commands) children.push_back(command(args, k_read_timeout));
  return run_all(children);
}

os::Command Kubectl::get_command(std::string_view path) const {
  return command({"get", "--raw", std::string(path)}, k_read_timeout);
}

void Kubectl::open_proxy() const {
  if (!path_prefix(m_target.server).empty()) return;
  try {
    m_proxy = std::make_unique<ReadProxy>(m_runner, command({}, k_read_timeout), m_log);
  } catch (const Error&) {  // each read is a process then, and says what is wrong
    m_proxy.reset();
  }
}

}  // namespace dr::kube
