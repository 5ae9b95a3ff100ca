#include "plugins/lkg/warning_event.hpp"

#include <string_view>

#include "common/base/time.hpp"

namespace dr::lkg {
namespace {

// Later ones win: a series goes on after the times before it were written, and the creation is all
// that every event has.
std::string last_seen(const Json& event) {
  std::string time = data::string_or(event, {"metadata", "creationTimestamp"}, "");
  for (const std::string_view member : {"eventTime", "lastTimestamp"}) {
    time = data::string_or(event, {member}, time);
  }
  time = data::string_or(event, {"series", "lastObservedTime"}, time);
  const auto parsed = parse_rfc3339(time);
  return parsed ? rfc3339(*parsed) : time;
}

}  // namespace

std::string warning_events_path(const std::string& ns) {
  return "/api/v1/namespaces/" + ns + "/events?fieldSelector=type%3DWarning&limit=500";
}

WarningEvent read_warning_event(const Json& event) {
  const std::int64_t count = data::integer_or(event, {"count"}, 1);
  return {last_seen(event),
          data::string_or(event, {"involvedObject", "kind"}, "?") + "/" +
              data::string_or(event, {"involvedObject", "name"}, "?"),
          data::string_or(event, {"reason"}, ""),
          data::integer_or(event, {"series", "count"}, count),
          data::string_or(event, {"message"}, "")};
}

}  // namespace dr::lkg
