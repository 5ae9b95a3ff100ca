#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace dr {

using UtcTime = std::chrono::sys_seconds;  // whole seconds, UTC
using Millis = std::chrono::milliseconds;

std::string rfc3339(UtcTime time);  // 2026-01-02T03:04:05Z
// That form, or with an offset or a fraction (cut off).
std::optional<UtcTime> parse_rfc3339(std::string_view text);
std::string timestamp_id(UtcTime time);  // 20260102T030405Z, as in LKG and backup ids
std::optional<UtcTime> parse_timestamp_id(std::string_view text);

// Go's duration syntax without signs and the units below a millisecond: 300s, 1m30s, 1.5h, 250ms,
// 0. Cut to whole milliseconds. Values over 1000 h and anything else: nullopt.
std::optional<Millis> parse_duration(std::string_view text);
std::string format_duration(Millis duration);  // 0s, 340ms, 12.3s, 4m05s, 2h03m, 3d04h

}  // namespace dr
