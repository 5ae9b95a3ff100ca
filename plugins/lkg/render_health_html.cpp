#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/base/text.hpp"
#include "common/base/time.hpp"
#include "plugins/lkg/health_report.hpp"

// A view of health_json(), as the Markdown is. Well-formed XML too, so that a parser can check it.
namespace dr::lkg {
namespace {

// The policy forbids whatever is not in the file itself: no script, no request.
constexpr std::string_view k_head =
    R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<link rel="icon" href="data:,"/>
<title>Deployment Health Report</title><style>
:root{color-scheme:light dark;--line:#ccc;--good:#1a7f37;--warning:#b7791f;--bad:#c62828;--bar:#3b6fb5}
@media(prefers-color-scheme:dark){:root{--line:#444;--good:#4cc26a;--warning:#e3b341;--bad:#ff7b72;--bar:#79a8e8}}
body{font:15px/1.45 system-ui,sans-serif;max-width:75em;margin:auto;padding:0 1em 3em}
h1{font-size:1.4em}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid var(--line)}
.verdict{font-size:1.2em;border-left:.4em solid var(--bad);padding:.5em 1em}
.verdict.good{border-color:var(--good)}.verdict.warning{border-color:var(--warning)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9em}
th,td{text-align:left;padding:.25em .8em .25em 0;border-bottom:1px solid var(--line);vertical-align:top}
td{overflow-wrap:anywhere;min-width:4em}h3{font-size:1em}pre{font-size:.85em}b.bad{color:var(--bad)}
svg{min-width:40em;width:100%;font:12px system-ui,sans-serif}
svg text{fill:currentColor}.b{fill:var(--bar)}.b.bad{fill:var(--bad)}.limit{stroke:var(--bad);stroke-dasharray:4}
@media print{.wide{overflow:visible}svg{min-width:0}}
</style></head><body>
)";

std::string escaped(std::string_view outside) {
  std::string out;
  for (const char c : printable(outside)) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string text_of(const Json& value) {
  if (value.is_null()) return "unknown";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "NO";
  if (!value.is_string()) return data::write_json(value, -1);
  return escaped(value.get_ref<const std::string&>());
}

std::string section(std::string_view title, const std::string& body) {
  return fmt::format("<h2>{}</h2>\n{}", title, body);
}

std::string paragraph(std::string_view text) {
  return fmt::format("<p>{}</p>\n", text);
}

// A column is headed by the name of its member.
std::string table(const Json& rows, std::initializer_list<std::string_view> members) {
  if (rows.is_null()) return paragraph("could not be read");
  if (rows.empty()) return paragraph("none");
  std::string text = "<div class=\"wide\"><table><tr>";
  for (const auto member : members) text += fmt::format("<th>{}</th>", member);
  text += "</tr>\n";
  for (const Json& row : rows) {
    text += "<tr>";
    for (const auto member : members) text += fmt::format("<td>{}</td>", text_of(row.at(member)));
    text += "</tr>\n";
  }
  return text + "</table></div>\n";
}

// --- Parts

std::string verdict(const Json& report) {
  const Json& status = report.at("status");
  if (status.is_null()) {
    return fmt::format("<p class=\"verdict\">Kill switch: {}</p>\n",
                       text_of(report.at("killSwitch")));
  }
  const Json& verdict = status.at("verdict");
  const Json& next = verdict.at("nextStep");
  return fmt::format("<p class=\"verdict{}\"><b>{}</b><br/>{}{}</p>\n",
                     verdict.at("exitCode") != 0 ? ""
                     : next == ""                ? " good"
                                                 : " warning",
                     text_of(verdict.at("word")), text_of(verdict.at("sentence")),
                     next == "" ? "" : "<br/>Next step: " + text_of(next));
}

std::string origin(const Json& report) {
  std::string text;
  for (const std::string_view member :
       {"generated", "namespace", "context", "cluster", "user", "gitSha", "gitBranch"}) {
    text +=
        fmt::format("{}{}: {}", text.empty() ? "" : " &#183; ", member, text_of(report.at(member)));
  }
  return paragraph(text);
}

std::string gaps(const Json& report) {
  std::string list;
  for (const Json& gap : report.at("gaps")) list += fmt::format("<li>{}</li>\n", text_of(gap));
  return list.empty() ? list : section("Not readable", "<ul>\n" + list + "</ul>\n");
}

std::string signals(const Json& report) {
  const Json& rows = report.at("signals");
  if (rows.is_null()) return section("Incident signals", table(rows, {}));
  std::string list;
  for (const Json& plural : report.at("signalsNotCovered")) {
    list += fmt::format("<li>Not covered, could not be read: {}</li>\n", text_of(plural));
  }
  for (const Json& row : rows) {
    list += fmt::format("<li><b class=\"bad\">[{}]</b> {}: {}</li>\n", text_of(row.at("signal")),
                        text_of(row.at("object")), text_of(row.at("message")));
  }
  if (list.empty()) return section("Incident signals", paragraph("none"));
  return section("Incident signals", "<ul>\n" + list + "</ul>\n");
}

std::string failing(const Json& report) {
  const Json& failing = report.at("failing");
  if (failing.is_null()) return section("Failing pods", table(failing, {}));
  std::string text;
  for (const Json& one : failing.at("containers")) {
    text += fmt::format("<h3>{} {}</h3>\n{}", text_of(one.at("pod")), text_of(one.at("container")),
                        paragraph(text_of(one.at("trouble"))));
    std::string events;
    for (const Json& event : one.at("events")) events += "<li>" + text_of(event) + "</li>\n";
    if (!events.empty()) text += "<ul>\n" + events + "</ul>\n";
    std::string log;
    for (const Json& line : one.at("log")) log += text_of(line) + "\n";
    text += log.empty() ? paragraph("no log: " + text_of(one.at("noLog")))
                        : "<div class=\"wide\"><pre>" + log + "</pre></div>\n";
  }
  if (failing.at("notShown") != 0)
    text += paragraph(text_of(failing.at("notShown")) + " more are not shown");
  return section("Failing pods", text.empty() ? paragraph("none") : text);
}

// --- The timeline

constexpr std::int64_t k_width = 1000;
constexpr std::int64_t k_left = 340;  // of the labels
constexpr std::int64_t k_row = 20;

std::string bar(const Json& one, std::int64_t y, std::int64_t total) {
  const auto from = one.at("from").get<std::int64_t>();
  const auto to = one.at("to").get<std::int64_t>();
  const auto at = [&](std::int64_t ms) { return k_left + (k_width - k_left) * ms / total; };
  const std::string name = text_of(one.at("lane")) + " " + text_of(one.at("name"));
  return fmt::format(
      "<text x=\"0\" y=\"{0}\">{1}</text>"
      "<rect class=\"b{2}\" x=\"{3}\" y=\"{4}\" width=\"{5}\" height=\"12\" data-name=\"{1}\" "
      "data-from=\"{6}\" data-to=\"{7}\"><title>{1}: {8}, after {9}</title></rect>\n",
      y + 11, name, one.at("good") == true ? "" : " bad", at(from), y,
      std::max<std::int64_t>(at(to) - at(from), 2), from, to, format_duration(Millis(to - from)),
      format_duration(Millis(from)));
}

// Where the rollouts had to be done; nothing when the restore ended before.
std::string deadline_mark(const Json& deadline, std::int64_t total, std::int64_t height) {
  if (deadline.is_null() || deadline.get<std::int64_t>() > total) return {};
  const auto x = k_left + (k_width - k_left) * deadline.get<std::int64_t>() / total;
  return fmt::format(
      "<line class=\"limit\" x1=\"{0}\" y1=\"0\" x2=\"{0}\" y2=\"{1}\"><title>deadline of the "
      "rollouts</title></line>\n",
      x, height);
}

std::string compared(const Json& ledger) {
  if (ledger.is_null()) return {};
  return paragraph(fmt::format(
      "The ledger has {} restores that ended well: median {}, worst {}; the runbook allows 30 to "
      "60 "
      "minutes.",
      text_of(ledger.at("restores")), format_duration(Millis(ledger.at("medianMs").get<int64_t>())),
      format_duration(Millis(ledger.at("worstMs").get<int64_t>()))));
}

std::string timeline(const Json& report) {
  const Json& timeline = report.at("timeline");
  const std::string ledger = compared(report.at("ledger"));
  if (timeline.is_null()) {
    return section("The newest restore", paragraph("there is no journal of one") + ledger);
  }
  const auto ms = timeline.at("ms").get<std::int64_t>();
  const Json& code = timeline.at("exitCode");
  const std::string end =
      code.is_null() ? "did not come to its end" : fmt::format("ended with {}", text_of(code));
  const Json& bars = timeline.at("bars");
  const Json& deadline = timeline.at("deadline");
  const auto total = std::max<std::int64_t>(ms, 1);
  std::string drawing;
  std::int64_t y = 0;
  for (const Json& one : bars) {
    drawing += bar(one, y, total);
    y += k_row;
  }
  drawing += deadline_mark(deadline, total, y);
  const std::string limit =
      deadline.is_null() ? ""
                         : fmt::format("; deadline of the rollouts at {}",
                                       format_duration(Millis(deadline.get<std::int64_t>())));
  return section(
      "The newest restore",
      paragraph(fmt::format("LKG {}, {} after {}{}; journal {}", text_of(timeline.at("lkg")), end,
                            format_duration(Millis(ms)), limit, text_of(timeline.at("journal")))) +
          fmt::format("<div class=\"wide\"><svg role=\"img\" aria-label=\"timeline\" viewBox=\"0 0 "
                      "{} {}\">\n{}</svg></div>\n",
                      k_width, std::max(y, k_row), drawing) +
          ledger);
}

std::string of_status(const Json& report) {
  const Json& status = report.at("status");
  if (status.is_null()) return {};
  const Json& kill_switch = status.at("switch");
  const Json& drift = status.at("drift");
  return section("Halt proof", table(kill_switch.is_null() ? kill_switch : kill_switch.at("proofs"),
                                     {"pod", "container", "way", "verdict", "reason"})) +
         section("Drift against the LKG",
                 drift.is_null() ? paragraph("not compared")
                                 : table(drift.at("objects"),
                                         {"object", "drift", "pointer", "differences", "by"}));
}

}  // namespace

std::string health_html(const HealthFacts& facts, const RestoreResult* restore) {
  const Json report = health_json(facts, restore);
  return std::string(k_head) + "<h1>Deployment Health Report</h1>\n" + verdict(report) +
         origin(report) + signals(report) + failing(report) + gaps(report) + timeline(report) +
         of_status(report) +
         section("Rollouts", table(report.at("rollouts"), {"workload", "settled", "wanted",
                                                           "updated", "ready", "reason"})) +
         section("Pods", table(report.at("pods"),
                               {"name", "ready", "containers", "status", "restarts", "node"})) +
         section("Images on pods",
                 table(report.at("podImages"), {"pod", "container", "image", "imageId"})) +
         section("Warning events", table(report.at("warningEvents"),
                                         {"lastSeen", "object", "reason", "count", "message"})) +
         "</body></html>\n";
}

}  // namespace dr::lkg
