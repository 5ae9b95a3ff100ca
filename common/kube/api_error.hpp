#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/os/process_runner.hpp"

namespace dr::kube {

enum class ApiReason {
  not_found,
  already_exists,
  forbidden,
  unauthorized,
  conflict,
  invalid,       // 422: the object itself is refused
  expired,       // the resourceVersion is older than what the server keeps
  too_large_rv,  // the resourceVersion is newer than what the server has
  too_many,      // 429
  timeout,       // the server's own, the client's or ours
  unreachable,   // no connection, TLS or credentials failure
  internal,      // 500, among them admission webhooks that do not answer
  other,
};

// Why a kubectl call failed, from its stderr; kubectl's exit code is 1 for everything.
struct ApiError {
  ApiReason reason = ApiReason::other;
  std::string text;  // kubectl's own words: printable, without klog lines and warnings
};

// The error blocks of a kubectl stderr in order, each as printed (they may span lines), without
// klog lines
// ("E0102 ...") and "Warning: ..." lines.
std::vector<std::string> error_blocks(std::string_view text);

ApiReason classify(std::string_view block);

// The error of a child that did not succeed: its last error block, or how it ended when it said
// nothing.
ApiError api_error_of(const os::ProcessResult& result);

}  // namespace dr::kube
