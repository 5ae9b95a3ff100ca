#pragma once

#include <cstdint>
#include <string>

#include "common/data/json.hpp"

namespace dr::lkg {

// What a report says of one event.
struct WarningEvent {
  std::string last_seen;  // RFC 3339
  std::string object;     // "Pod/web-0"
  std::string reason;
  std::int64_t count = 1;
  std::string message;
};

// Reads a core/v1 Event, whichever of the two event APIs it was written through. Throws
// Error(failed) on a member of the wrong type.
WarningEvent read_warning_event(const Json& event);

}  // namespace dr::lkg
