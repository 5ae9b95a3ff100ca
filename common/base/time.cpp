#include "common/base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace dr {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis k_longest_duration = hours(1000);

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads a text from its front. What does not fit makes failed() true for good, so that callers
// check once, at the end.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : m_rest(text) {}

  bool failed() const { return m_failed; }
  bool at_end() const { return m_rest.empty(); }

  bool accept(std::string_view word) {
    if (!m_rest.starts_with(word)) return false;
    m_rest.remove_prefix(word.size());
    return true;
  }

  void expect(std::string_view word) {
    if (!accept(word)) m_failed = true;
  }

  // As many digits as there are, perhaps none.
  std::string_view digits() {
    std::size_t count = 0;
    while (count < m_rest.size() && is_digit(m_rest[count])) ++count;
    const std::string_view found = m_rest.substr(0, count);
    m_rest.remove_prefix(count);
    return found;
  }

  // A number of exactly `width` digits that is not over `largest`.
  int number(std::size_t width, int largest) {
    int value = 0;
    for (std::size_t at = 0; at < width; ++at) {
      if (m_rest.empty() || !is_digit(m_rest.front())) {
        m_failed = true;
        return 0;
      }
      value = value * 10 + (m_rest.front() - '0');
      m_rest.remove_prefix(1);
    }
    if (value > largest) m_failed = true;
    return value;
  }

  void fail() { m_failed = true; }

 private:
  std::string_view m_rest;
  bool m_failed = false;
};

// Date and time of day with the given separators: "-" and ":", or "" for the compact form.
UtcTime scan_date_time(Scanner& in, std::string_view date_separator,
                       std::string_view time_separator) {
  const int year = in.number(4, 9999);
  in.expect(date_separator);
  const int month = in.number(2, 12);
  in.expect(date_separator);
  const int day = in.number(2, 31);
  in.expect("T");
  const int hour = in.number(2, 23);
  in.expect(time_separator);
  const int minute = in.number(2, 59);
  in.expect(time_separator);
  const int second = in.number(2, 59);

  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) in.fail();
  if (in.failed()) return {};
  return std::chrono::sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
}

minutes scan_zone(Scanner& in) {
  if (in.accept("Z")) return minutes(0);
  const bool east = in.accept("+");
  if (!east) in.expect("-");
  const int hour = in.number(2, 23);
  in.expect(":");
  const minutes offset = hours(hour) + minutes(in.number(2, 59));
  return east ? offset : -offset;
}

std::string format_utc(UtcTime time, std::string_view date_separator,
                       std::string_view time_separator) {
  const std::chrono::sys_days midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss<seconds> clock{time - midnight};
  return fmt::format(
      "{0:04}{6}{1:02}{6}{2:02}T{3:02}{7}{4:02}{7}{5:02}Z", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
      clock.minutes().count(), clock.seconds().count(), date_separator, time_separator);
}

std::optional<Millis> scan_unit(Scanner& in) {
  constexpr std::array<std::pair<std::string_view, Millis>, 4> k_units{
      {{"ms", Millis(1)}, {"s", seconds(1)}, {"m", minutes(1)}, {"h", hours(1)}}};
  for (const auto& [name, unit] : k_units) {
    if (in.accept(name)) return unit;
  }
  return std::nullopt;
}

// `whole`.`fraction` units, cut to whole milliseconds; nullopt past the longest duration.
std::optional<Millis> scaled(std::string_view whole, std::string_view fraction, Millis unit) {
  std::int64_t value = 0;
  for (const char digit : whole) {
    value = value * 10 + (digit - '0');
    if (value > k_longest_duration.count()) return std::nullopt;
  }
  std::int64_t part = 0;
  std::int64_t scale = 1;
  for (const char digit : fraction.substr(0, 9)) {
    part = part * 10 + (digit - '0');
    scale *= 10;
  }
  return Millis(value * unit.count() + part * unit.count() / scale);
}

}  // namespace

std::string rfc3339(UtcTime time) {
  return format_utc(time, "-", ":");
}

std::optional<UtcTime> parse_rfc3339(std::string_view text) {
  Scanner in(text);
  const UtcTime local = scan_date_time(in, "-", ":");
  if (in.accept(".") && in.digits().empty()) in.fail();
  const minutes offset = scan_zone(in);
  if (in.failed() || !in.at_end()) return std::nullopt;
  const UtcTime time = local - offset;
  // An offset can lead out of the years that the form has.
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  if (date.year() < std::chrono::year(0) || date.year() > std::chrono::year(9999))
    return std::nullopt;
  return time;
}

std::string timestamp_id(UtcTime time) {
  return format_utc(time, "", "");
}

std::optional<UtcTime> parse_timestamp_id(std::string_view text) {
  Scanner in(text);
  const UtcTime time = scan_date_time(in, "", "");
  in.expect("Z");
  if (in.failed() || !in.at_end()) return std::nullopt;
  return time;
}

std::optional<Millis> parse_duration(std::string_view text) {
  if (text == "0") return Millis(0);
  if (text.empty()) return std::nullopt;
  Scanner in(text);
  Millis total{0};
  while (!in.at_end()) {
    const std::string_view whole = in.digits();
    const std::string_view fraction = in.accept(".") ? in.digits() : std::string_view{};
    if (whole.empty() && fraction.empty()) return std::nullopt;
    const std::optional<Millis> unit = scan_unit(in);
    const std::optional<Millis> part = unit ? scaled(whole, fraction, *unit) : std::nullopt;
    if (!part) return std::nullopt;
    total += *part;
    if (total > k_longest_duration) return std::nullopt;
  }
  return total;
}

std::string format_duration(Millis duration) {
  if (duration == Millis::min()) ++duration;  // it has no opposite
  if (duration < Millis(0)) return fmt::format("-{}", format_duration(-duration));
  if (duration == Millis(0)) return "0s";
  if (duration < seconds(1)) return fmt::format("{}ms", duration.count());
  if (duration < minutes(1)) {
    return fmt::format("{}.{}s", duration.count() / 1000, duration.count() % 1000 / 100);
  }
  const auto total = duration_cast<seconds>(duration).count();
  if (duration < hours(1)) return fmt::format("{}m{:02}s", total / 60, total % 60);
  if (duration < hours(24)) return fmt::format("{}h{:02}m", total / 3600, total / 60 % 60);
  return fmt::format("{}d{:02}h", total / 86400, total / 3600 % 24);
}

}  // namespace dr
