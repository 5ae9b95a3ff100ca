#include "common/kube/api_error.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "common/base/text.hpp"

namespace dr::kube {
namespace {

bool is_klog(std::string_view line) {
  if (line.size() < 6 || std::string_view("IWEF").find(line[0]) == std::string_view::npos)
    return false;
  for (std::size_t i = 1; i <= 4; ++i) {
    if (line[i] < '0' || line[i] > '9') return false;
  }
  return line[5] == ' ';
}

// A line that begins a new error; anything else continues the one before (PVC, RBAC and Secret
// refusals span lines).
bool begins_error(std::string_view line) {
  return line.starts_with("Error from server") || line.starts_with("error: ") ||
         line.starts_with("Error: ") || line.starts_with("error when ") ||
         line.starts_with("Unable to connect to the server") ||
         line.starts_with("The connection to the server") ||
         line.starts_with("Error in configuration") ||
         line.starts_with("resource mapping not found") ||
         (line.starts_with("The ") && line.find("\" is invalid") != std::string_view::npos);
}

constexpr std::array<std::pair<std::string_view, ApiReason>, 22> k_markers = {{
    {"Error from server (NotFound)", ApiReason::not_found},
    {"Error from server (AlreadyExists)", ApiReason::already_exists},
    {"Error from server (Forbidden)", ApiReason::forbidden},
    {"Error from server (Unauthorized)", ApiReason::unauthorized},
    {"Error from server (Conflict)", ApiReason::conflict},
    {"Error from server (Invalid)", ApiReason::invalid},
    {"Error from server (Expired)", ApiReason::expired},
    {"Error from server (Gone)", ApiReason::expired},
    {"Too large resource version", ApiReason::too_large_rv},
    {"Error from server (TooManyRequests)", ApiReason::too_many},
    {"Error from server (Timeout)", ApiReason::timeout},
    {"Error from server (ServerTimeout)", ApiReason::timeout},
    {"Error from server (InternalError)", ApiReason::internal},
    {"\" is invalid", ApiReason::invalid},
    {"You must be logged in to the server", ApiReason::unauthorized},
    {"context deadline exceeded", ApiReason::timeout},
    {"Client.Timeout exceeded", ApiReason::timeout},
    {"Unable to connect to the server", ApiReason::unreachable},
    {"The connection to the server", ApiReason::unreachable},
    {"getting credentials", ApiReason::unreachable},
    {"connect: connection refused", ApiReason::unreachable},
    {"Error from server (ServiceUnavailable)", ApiReason::unreachable},
}};

}  // namespace

std::vector<std::string> error_blocks(std::string_view text) {
  std::vector<std::string> blocks;
  for (const std::string& line : split(text, '\n')) {
    if (trimmed(line).empty() || is_klog(line) || line.starts_with("Warning: ")) continue;
    if (blocks.empty() || begins_error(line)) {
      blocks.push_back(line);
    } else {
      blocks.back().append("\n").append(line);
    }
  }
  return blocks;
}

ApiReason classify(std::string_view block) {
  for (const auto& [marker, reason] : k_markers) {
    if (block.find(marker) != std::string_view::npos) return reason;
  }
  return ApiReason::other;
}

ApiError api_error_of(const os::ProcessResult& result) {
  if (result.timed_out) {
    return {ApiReason::timeout,
            fmt::format("no answer within {}", format_duration(result.elapsed))};
  }
  if (result.truncated) return {ApiReason::other, "its output was larger than we accept"};
  if (result.pipe_held)
    return {ApiReason::other, "its output did not end: a child of it kept the pipe open"};
  if (result.signal != 0)
    return {ApiReason::other, fmt::format("ended by signal {}", result.signal)};
  const auto blocks = error_blocks(result.err);
  if (blocks.empty())
    return {ApiReason::other, fmt::format("exit code {} without a message", result.exit_code)};
  return {classify(blocks.back()), printable(blocks.back())};
}

}  // namespace dr::kube
