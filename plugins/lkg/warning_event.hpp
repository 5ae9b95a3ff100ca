#pragma once

#include <cstdint>
#include <string>

#include "common/data/json.hpp"

namespace dr::lkg {

// The list of a namespace's warning events, 500 at most: no row of the table of kinds, because no
// verb captures, compares or writes events.
std::string warning_events_path(const std::string& ns);

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
