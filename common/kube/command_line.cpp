#include "common/kube/command_line.hpp"

#include <array>
#include <string_view>

#include "common/base/text.hpp"

namespace dr::kube {
namespace {

constexpr std::array<std::string_view, 3> k_secret_flags = {
    "--token=", "--password=", "--client-key="};

std::string masked(const std::string& arg) {
  for (const auto flag : k_secret_flags) {
    if (arg.starts_with(flag)) return std::string(flag) + "***";
  }
  return arg;
}

}  // namespace

std::string command_line(const os::Command& command) {
  std::string line = shell_quoted(command.program.string());
  for (const auto& arg : command.args) line.append(" ").append(shell_quoted(masked(arg)));
  return line;
}

}  // namespace dr::kube
