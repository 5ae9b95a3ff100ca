#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "common/os/private_dir.hpp"
#include "common/os/process_runner.hpp"

namespace dr::kube {

// Called with each command line before it runs, or before the proxy is asked instead, which a shell
// comment says: pasteable, credentials masked.
using CommandLog = std::function<void(const std::string& line)>;

// One `kubectl proxy` for many reads, at the price of one process and one login
// (docs/adr/0004-read-through-a-proxy.md). It listens on a socket in a directory that we alone may
// enter, and refuses every method that writes. It is a faster way and never the only one: whoever
// gets neither an object through it nor the API server's word that there is none asks kubectl
// itself.
class ReadProxy {
 public:
  // Starts it and does not wait. `kubectl` has the flags of the connection; `log` may be empty.
  // Throws Error.
  ReadProxy(os::ProcessRunner& runner, os::Command kubectl, const CommandLog& log);

  // It serves. Waits until it does, for a few seconds at most; false once it has ended.
  bool is_usable();

  os::Fetch fetch(std::string target) const;

  // What is added to the command line of kubectl.
  static std::vector<std::string> arguments(const std::filesystem::path& socket);

 private:
  os::ProcessRunner& m_runner;
  os::PrivateDir m_directory;
  std::filesystem::path m_socket;
  bool m_serves = false;
  std::unique_ptr<os::Background> m_process;
};

}  // namespace dr::kube
