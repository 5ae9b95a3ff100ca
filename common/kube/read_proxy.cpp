#include "common/kube/read_proxy.hpp"

#include <chrono>
#include <string_view>
#include <utility>

#include "common/kube/command_line.hpp"

namespace dr::kube {
namespace {

constexpr Millis k_day = std::chrono::hours(24);
constexpr Millis k_poll{2};
constexpr int k_polls = 2'500;  // five seconds; on an idle machine it takes 60 ms

}  // namespace

std::vector<std::string> ReadProxy::arguments(const std::filesystem::path& socket) {
  return {"proxy", "--unix-socket=" + socket.string(),
          "--reject-methods=^(POST|PUT|PATCH|DELETE)$"};
}

ReadProxy::ReadProxy(os::ProcessRunner& runner, os::Command kubectl, const CommandLog& log)
    : m_runner(runner), m_socket(m_directory.path() / "api") {
  for (auto& argument : arguments(m_socket)) kubectl.args.push_back(std::move(argument));
  kubectl.timeout = k_day;
  if (log) log(command_line(kubectl));
  m_process = m_runner.start(std::move(kubectl), [this](std::string_view line) {
    m_serves = m_serves || line.starts_with("Starting to serve on ");
    return std::nullopt;
  });
}

bool ReadProxy::is_usable() {
  for (int poll = 0; !m_serves && poll < k_polls && m_process->is_running(); ++poll)
    m_runner.sleep(k_poll);
  return m_serves && m_process->is_running();
}

os::Fetch ReadProxy::fetch(std::string target) const {
  os::Fetch fetch;
  fetch.socket = m_socket;
  fetch.target = std::move(target);
  return fetch;
}

}  // namespace dr::kube
