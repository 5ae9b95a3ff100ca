#include "common/cli/flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "common/base/text.hpp"
#include "common/cli/help.hpp"

namespace dr::cli {
namespace {

namespace fs = std::filesystem;

enum class Arity { toggle, last, every };

struct KubectlFlag {
  const char* names;
  Arity arity;
  const char* help;
  const char* type = "TEXT";  // what completion suggests
};

// k8s.io/cli-runtime, genericclioptions/config_flags.go, without --namespace and --context, which
// are not only forwarded.
constexpr std::array k_forwarded_flags{
    KubectlFlag{"--as", Arity::last, "User to impersonate, or service account"},
    KubectlFlag{"--as-group", Arity::every, "Group to impersonate; may be repeated"},
    KubectlFlag{"--as-uid", Arity::last, "UID to impersonate"},
    KubectlFlag{"--as-user-extra", Arity::every,
                "Extra field KEY=VALUE of the user to impersonate; may be repeated. Older kubectl "
                "refuses it"},
    KubectlFlag{"--cache-dir", Arity::last, "Directory of kubectl's cache", "DIR"},
    KubectlFlag{"--certificate-authority", Arity::last,
                "Certificate file of the authority that the server is checked with", "FILE"},
    KubectlFlag{"--client-certificate", Arity::last, "Client certificate file for TLS", "FILE"},
    KubectlFlag{"--client-key", Arity::last, "Client key file for TLS", "FILE"},
    KubectlFlag{"--cluster", Arity::last, "Cluster of the kubeconfig to use", "CLUSTER"},
    KubectlFlag{"--disable-compression", Arity::toggle, "Ask the server for uncompressed answers"},
    KubectlFlag{"--insecure-skip-tls-verify", Arity::toggle,
                "Do not check the server's certificate, which makes the connection insecure"},
    KubectlFlag{"--kubeconfig", Arity::last, "The kubeconfig file to use", "FILE"},
    KubectlFlag{"--password", Arity::last, "Password for basic authentication"},
    KubectlFlag{"--request-timeout", Arity::last,
                "How long to wait for one answer of the server, such as 30s; 0 waits for ever"},
    KubectlFlag{"-s,--server", Arity::last, "Address and port of the API server"},
    KubectlFlag{"--tls-server-name", Arity::last,
                "Name to check the server's certificate for, when it is not that of its address"},
    KubectlFlag{"--token", Arity::last, "Bearer token for authentication"},
    KubectlFlag{"--user", Arity::last, "User of the kubeconfig to use", "USER"},
    KubectlFlag{"--username", Arity::last, "User name for basic authentication"},
};

CLI::Option* declare(CLI::App& root, const KubectlFlag& flag) {
  if (flag.arity == Arity::toggle) {
    return root.add_flag(flag.names)
        ->description(flag.help)
        ->check(CLI::IsMember({"true", "false"}));
  }
  CLI::Option* option = root.add_option(flag.names)->description(flag.help)->type_name(flag.type);
  return flag.arity == Arity::every ? option->take_all() : option->take_last();
}

// Where a user may name a program, and what he named.
using NamedProgram = std::pair<const char*, std::optional<std::string>>;

// A program that was named must be there: another in its place could be of another version.
fs::path find_program(const CLI::App& app, const char* program,
                      std::initializer_list<NamedProgram> named, const os::Environment& environment,
                      const fs::path& current_directory) {
  for (const auto& [origin, name] : named) {
    if (!name) continue;
    if (const auto found = environment.find_program(*name)) return current_directory / *found;
    throw usage_error(app, std::string(origin) + " names \"" + *name +
                               "\", which is neither an executable file nor on PATH");
  }
  const auto found = environment.find_program(program);
  return found ? current_directory / *found : fs::path();
}

}  // namespace

GlobalFlags::GlobalFlags(CLI::App& root) : m_app(root) {
  declare_own_flags(root);
  declare_kubectl_flags(root);
}

void GlobalFlags::declare_kubectl_flags(CLI::App& root) {
  for (const KubectlFlag& flag : k_forwarded_flags) {
    m_forwarded.push_back(declare(root, flag)->group(k_kubectl_group));
  }
}

void GlobalFlags::declare_own_flags(CLI::App& root) {
  const auto text = [&](const char* names, auto& value, const char* type, const char* help) {
    CLI::Option* option = root.add_option(names, value, help)->take_last();
    option->type_name(type)->group(k_global_group);
    if constexpr (std::is_same_v<decltype(value), std::string&>) option->capture_default_str();
  };
  const auto toggle = [&](const char* names, bool& value, const char* help) {
    root.add_flag(names, value, help)->group(k_global_group);
  };
  text("-n,--namespace", m_namespace, "NAMESPACE", "Namespace to work on; default: the context's");
  text("--context", m_context, "CONTEXT", "Context of the kubeconfig to use");
  text("--root", m_root, "DIR",
       "Directory of ops/, audit_artifacts/ and deploy_logs/; default: the nearest one above with "
       "ops/lkg, else the top of the git repository, else the current directory");
  text("-o,--output", m_output, "json|yaml|table", "Form of the result: json, yaml or table");
  text("--color", m_color, "auto|always|never", "When to use colour: auto, always or never");
  text("--kubectl", m_kubectl, "FILE",
       "kubectl to run; default: $KUBECTL, $KUBECTL_PATH, else the one on PATH");
  text("--gcloud", m_gcloud, "FILE", "gcloud to run; default: $GCLOUD, else the one on PATH");
  toggle("-q,--quiet", m_quiet, "Print errors and warnings only, and the result");
  toggle("-v,--verbose", m_verbose, "Print each command that is run");
}

void GlobalFlags::apply(Terminal& terminal, const os::Environment& environment) const {
  terminal.set_quiet(m_quiet);
  if (m_color == "auto") return;  // what the terminal already is
  if (m_color != "always" && m_color != "never") {
    throw usage_error(m_app, "invalid value \"" + m_color +
                                 "\" for --color, allowed values are: auto, always, never");
  }
  terminal.set_color(m_color == "always" ? ColorMode::always : ColorMode::never, environment, false,
                     false);
}

GlobalOptions GlobalFlags::resolve(const os::Environment& environment,
                                   const fs::path& current_directory,
                                   const std::vector<std::string>& more_outputs) const {
  const std::vector<std::string> formats = output_formats(more_outputs);
  if (std::ranges::find(formats, m_output) == formats.end()) {
    throw usage_error(m_app, "unable to match a printer suitable for the output format \"" +
                                 m_output + "\", allowed formats are: " + join(formats, ", "));
  }
  GlobalOptions options;
  options.connection = connection();
  options.root = root(current_directory);
  options.kubectl = find_program(m_app, "kubectl",
                                 {{"--kubectl", m_kubectl},
                                  {"$KUBECTL", environment.get("KUBECTL")},
                                  {"$KUBECTL_PATH", environment.get("KUBECTL_PATH")}},
                                 environment, current_directory);
  options.gcloud = gcloud(environment, current_directory);
  options.output = m_output;
  options.verbose = m_verbose;
  return options;
}

kube::ConnectionFlags GlobalFlags::connection() const {
  // An empty value is most often an unset variable of a script: it must not mean another place.
  if (m_namespace && !is_dns_label(*m_namespace)) {
    throw usage_error(m_app, "invalid namespace \"" + *m_namespace +
                                 "\": it must be a DNS label, as my-name or 123-abc are");
  }
  if (m_context && m_context->empty()) {
    throw usage_error(m_app, "--context needs the name of a context");
  }
  kube::ConnectionFlags flags;
  flags.ns = m_namespace.value_or("");
  flags.context = m_context.value_or("");
  for (const CLI::Option* option : m_forwarded) {
    if (option->count() == 0) continue;
    for (const std::string& value : option->reduced_results()) {
      flags.others.push_back(option->get_name() + "=" + value);
    }
  }
  return flags;
}

fs::path GlobalFlags::root(const fs::path& current_directory) const {
  if (!m_root) return find_root(current_directory);
  std::error_code ignored;
  fs::path path = (current_directory / *m_root).lexically_normal();
  if (m_root->empty() || !fs::is_directory(path, ignored)) {
    throw usage_error(m_app, "--root names \"" + *m_root + "\", which is not a directory");
  }
  return path;
}

// A wrong $GCLOUD is told by the verb that runs it: it must not keep another one from halting.
fs::path GlobalFlags::gcloud(const os::Environment& environment,
                             const fs::path& current_directory) const {
  const auto named = environment.get("GCLOUD");
  if (named && !m_gcloud) {
    return current_directory / environment.find_program(*named).value_or(*named);
  }
  return find_program(m_app, "gcloud", {{"--gcloud", m_gcloud}}, environment, current_directory);
}

std::vector<std::string> output_formats(const std::vector<std::string>& more_outputs) {
  std::vector<std::string> formats{"json", "yaml", "table"};
  formats.insert(formats.end(), more_outputs.begin(), more_outputs.end());
  return formats;
}

fs::path find_root(const fs::path& start) {
  const auto nearest_with = [&](const char* marker) {
    std::error_code ignored;
    for (fs::path directory = start;; directory = directory.parent_path()) {
      if (fs::exists(directory / marker, ignored)) return directory;
      if (directory == directory.parent_path()) return fs::path();
    }
  };
  for (const char* marker : {"ops/lkg", ".git"}) {
    if (fs::path found = nearest_with(marker); !found.empty()) return found;
  }
  return start;
}

}  // namespace dr::cli
