#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/text.hpp"
#include "common/base/time.hpp"
#include "common/kube/kill_switch.hpp"
#include "plugins/lkg/health_report.hpp"

// The Markdown is a view of health_json(): what one of them says the other says too.
namespace dr::lkg {
namespace {

// --- Markdown

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Between letters an underscore is text; names of clusters and variables stay readable as they are.
bool is_within_word(std::string_view text, std::size_t at) {
  return at > 0 && at + 1 < text.size() && is_alphanumeric(text[at - 1]) &&
         is_alphanumeric(text[at + 1]);
}

// One line that shows `outside` literally, in a table cell too. Only for places that do not begin a
// line: what is markup there alone (#, -, 1.) is not escaped.
std::string escaped(std::string_view outside) {
  const std::string text = printable(outside);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      const bool is_markup = c == '_' ? !is_within_word(text, i)
                                      : std::string_view("\\`*[]|~$").find(c) != std::string::npos;
      if (is_markup) out += '\\';
      out += c;
    }
  }
  return std::string(trimmed(out));
}

std::string text_of(const Json& value) {
  if (value.is_null()) return "unknown";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "NO";
  if (!value.is_string()) return data::write_json(value, -1);
  const std::string text = escaped(value.get_ref<const std::string&>());
  return text.empty() ? "-" : text;
}

struct Column {
  std::string_view heading;
  std::string_view member;
};
using Columns = std::initializer_list<Column>;

std::string table(Columns columns, const Json& rows) {
  std::string head = "|";
  std::string rule = "|";
  for (const Column& column : columns) {
    head += fmt::format(" {} |", column.heading);
    rule += " --- |";
  }
  std::string text = head + "\n" + rule + "\n";
  for (const Json& row : rows) {
    text += '|';
    for (const Column& column : columns)
      text += fmt::format(" {} |", text_of(row.at(column.member)));
    text += '\n';
  }
  return text;
}

std::string bullet(std::string_view label, const Json& value) {
  return fmt::format("- {}: {}\n", label, text_of(value));
}

// Entries that begin with a word of ours, such as a kind.
std::string bullets(const Json& texts) {
  std::string list;
  for (const Json& text : texts) list += fmt::format("- {}\n", text_of(text));
  return list;
}

std::string section(std::string_view title, const std::string& body) {
  return fmt::format("\n## {}\n\n{}", title, body);
}

std::string subsection(std::string_view title, const std::string& body) {
  return fmt::format("\n### {}\n\n{}", title, body);
}

std::string or_none(const Json& rows, const std::string& body, std::string_view none = "none") {
  return rows.empty() ? std::string(none) + "\n" : body;
}

std::string part(const Json& rows, Columns columns) {
  if (rows.is_null()) return "could not be read\n";
  return or_none(rows, table(columns, rows));
}

// --- Parts of the report

std::string header(const Json& report) {
  const Json& value = report.at("killSwitch");
  std::string verdict = "UNKNOWN";
  if (value.is_string()) {
    const bool is_halted = value == kube::k_switch_halted;
    verdict = fmt::format("{}=\"{}\" ({})", kube::k_switch_key,
                          escaped(value.get_ref<const std::string&>()),
                          is_halted ? "halted" : "NOT HALTED: trading may execute");
  }
  return "# Deployment Health Report\n\n" + bullet("Generated (UTC)", report.at("generated")) +
         bullet("Git SHA", report.at("gitSha")) + bullet("Branch", report.at("gitBranch")) +
         bullet("Context", report.at("context")) + bullet("Cluster", report.at("cluster")) +
         bullet("User", report.at("user")) + bullet("Namespace", report.at("namespace")) +
         fmt::format("- Kill switch: {}\n", verdict);
}

std::string gaps(const Json& report) {
  const Json& texts = report.at("gaps");
  return texts.empty() ? std::string() : section("Not readable", bullets(texts));
}

std::string signals(const Json& report) {
  const Json& rows = report.at("signals");
  std::string list;
  for (const Json& plural : report.at("signalsNotCovered")) {
    list += fmt::format("- Not covered, could not be read: {}\n", text_of(plural));
  }
  for (const Json& row : rows) {
    list += fmt::format("- **[{}]** {}: {}\n", row.at("signal").get<std::string>(),
                        text_of(row.at("object")), text_of(row.at("message")));
  }
  return section("Incident signals", rows.is_null() ? "could not be read\n"
                                     : list.empty() ? "none\n"
                                                    : list);
}

// Lines of a list, escaped like any other text: a program could close a block of code.
std::string failing(const Json& report) {
  const Json& failing = report.at("failing");
  if (failing.is_null()) return section("Failing pods", "could not be read\n");
  std::string text;
  for (const Json& one : failing.at("containers")) {
    text += fmt::format("{}- **{}** {}: {}\n", text.empty() ? "" : "\n", text_of(one.at("pod")),
                        text_of(one.at("container")), text_of(one.at("trouble")));
    for (const Json& event : one.at("events")) text += "  - event " + text_of(event) + "\n";
    for (const Json& line : one.at("log")) text += "  - log: " + text_of(line) + "\n";
    if (one.at("noLog") != "") text += "  - no log: " + text_of(one.at("noLog")) + "\n";
  }
  if (failing.at("notShown") != 0)
    text += "\n" + text_of(failing.at("notShown")) + " more are not shown\n";
  return section("Failing pods", text.empty() ? "none\n" : text);
}

// The verdict of `status`, and what it rests on.
std::string status(const Json& report) {
  const Json& status = report.at("status");
  if (status.is_null()) return {};
  const Json& verdict = status.at("verdict");
  std::string text = section("Status", fmt::format("**{}**: {}\n", text_of(verdict.at("word")),
                                                   text_of(verdict.at("sentence"))));
  if (verdict.at("nextStep") != "") text += "\n" + bullet("Next step", verdict.at("nextStep"));
  const Json& kill_switch = status.at("switch");
  const Json& drift = status.at("drift");
  return text +
         subsection("Halt proof", kill_switch.is_null()
                                      ? "could not be read\n"
                                      : part(kill_switch.at("proofs"), {{"POD", "pod"},
                                                                        {"CONTAINER", "container"},
                                                                        {"WAY", "way"},
                                                                        {"VERDICT", "verdict"},
                                                                        {"REASON", "reason"}})) +
         subsection("Drift against the LKG",
                    drift.is_null() ? "not compared\n"
                                    : part(drift.at("objects"), {{"OBJECT", "object"},
                                                                 {"DRIFT", "drift"},
                                                                 {"FIRST POINTER", "pointer"},
                                                                 {"DIFFERENCES", "differences"},
                                                                 {"BY", "by"}}));
}

std::string workloads(const Json& rows) {
  return part(rows, {{"NAME", "name"},
                     {"WANTED", "wanted"},
                     {"CURRENT", "current"},
                     {"READY", "ready"},
                     {"UP-TO-DATE", "updated"},
                     {"AVAILABLE", "available"},
                     {"CREATED", "created"}});
}

std::string pods(const Json& report) {
  return part(report.at("pods"), {{"POD", "name"},
                                  {"READY", "ready"},
                                  {"CONTAINERS", "containers"},
                                  {"STATUS", "status"},
                                  {"RESTARTS", "restarts"},
                                  {"CREATED", "created"},
                                  {"NODE", "node"}});
}

// Which of the lists that a part is made of are missing in it.
std::string unread_note(const Json& report, std::initializer_list<const char*> members) {
  std::vector<std::string> unread;
  for (const char* member : members) {
    if (report.at(member).is_null()) unread.emplace_back(member);
  }
  return unread.empty() ? "" : "Not covered, could not be read: " + join(unread, ", ") + "\n\n";
}

std::string rollouts(const Json& report) {
  const Json& rows = report.at("rollouts");
  Json troubles = Json::array();
  for (const Json& row : rows) {
    for (Json trouble : row.at("troubles")) {
      trouble["workload"] = row.at("workload");
      troubles.push_back(std::move(trouble));
    }
  }
  std::string text = unread_note(report, {"deployments", "statefulSets", "daemonSets"}) +
                     part(rows, {{"WORKLOAD", "workload"},
                                 {"ROLLED OUT", "settled"},
                                 {"WANTED", "wanted"},
                                 {"UPDATED", "updated"},
                                 {"READY", "ready"},
                                 {"REASON", "reason"}});
  if (troubles.empty()) return text;
  return text + subsection("Troubles", table({{"WORKLOAD", "workload"},
                                              {"POD", "pod"},
                                              {"CONTAINER", "container"},
                                              {"REASON", "reason"},
                                              {"MESSAGE", "message"}},
                                             troubles));
}

std::string images(const Json& report) {
  return "### From specs\n\n" + unread_note(report, {"deployments", "statefulSets", "daemonSets"}) +
         part(report.at("specImages"), {{"WORKLOAD", "workload"}, {"IMAGE", "image"}}) +
         subsection("Observed on pods", part(report.at("podImages"), {{"POD", "pod"},
                                                                      {"CONTAINER", "container"},
                                                                      {"IMAGE", "image"},
                                                                      {"IMAGE ID", "imageId"}}));
}

std::string events(const Json& report) {
  const Json& rows = report.at("warningEvents");
  const std::string title = rows.empty()
                                ? "Recent warning events"
                                : fmt::format("Recent warning events (last {})", rows.size());
  return section(title, part(rows, {{"LAST SEEN", "lastSeen"},
                                    {"OBJECT", "object"},
                                    {"REASON", "reason"},
                                    {"COUNT", "count"},
                                    {"MESSAGE", "message"}}));
}

std::string scale_up(const Json& report) {
  const Json& rows = report.at("scaleUp");
  std::string text =
      "Execution must stay disabled: keep the kill switch at \"1\". This report scales "
      "nothing.\n\n" +
      unread_note(report, {"deployments", "statefulSets"});
  if (rows.empty()) return text + (rows.is_null() ? "could not be read\n" : "none\n");
  text += "```sh\n";
  for (const Json& row : rows) text += row.at("command").get<std::string>() + "\n";
  return text + "```\n";
}

// --- What a restore did

std::string verdict(const Json& restore) {
  const auto code = restore.at("exitCode").get<int>();
  if (code == 0) return "**Restored and verified.**\n\n";
  return fmt::format("**FAILED in phase {} (exit code {}).**\n\n", text_of(restore.at("phase")),
                     code) +
         bullet("Error", restore.at("error")) + bullet("Next step", restore.at("nextStep"));
}

std::string switch_at_end(const Json& halted) {
  if (halted.is_null()) return "UNKNOWN";
  return halted.get<bool>() ? "\"1\"" : "NOT \"1\"";
}

std::string plan_of(const Json& restore) {
  const Json& hash = restore.at("planHash");
  if (hash == "") return "none was made";
  std::vector<std::string> counts;
  for (const auto& [action, count] : restore.at("actions").items()) {
    counts.push_back(fmt::format("{} {}", escaped(action), text_of(count)));
  }
  return fmt::format("{} (hash {})", join(counts, ", "), text_of(hash));
}

// The recovery time objective of the runbook: 30 to 60 minutes.
constexpr Millis k_objective{std::chrono::minutes(60)};

std::string time_of(const Json& restore) {
  const Json& verified = restore.at("verifiedAfterMs");
  if (verified.is_null()) return {};
  const Millis time{verified.get<std::int64_t>()};
  return fmt::format("- Verified after: {} ({} the 30 to 60 minutes of the runbook)\n",
                     format_duration(time), time <= k_objective ? "within" : "OVER");
}

// A file or directory that the restore has left.
std::string kept(std::string_view label, const Json& path) {
  return path == "" ? std::string() : bullet(label, path);
}

std::string facts_of(const Json& restore) {
  const Json& id = restore.at("lkg");
  const Json& halted_at = restore.at("haltedAt");
  return fmt::format("- LKG: {}\n",
                     id == "" ? "without an id (made by the earlier scripts)" : text_of(id)) +
         bullet("Restore id", restore.at("restoreId")) + bullet("Started", restore.at("started")) +
         fmt::format("- Kill switch read back as \"1\": {}\n",
                     halted_at == "" ? "never" : text_of(halted_at)) +
         fmt::format("- Kill switch at the end: {}\n", switch_at_end(restore.at("haltedAtEnd"))) +
         fmt::format("- Plan: {}\n", plan_of(restore)) + time_of(restore) +
         kept("State before", restore.at("evidence")) + kept("Journal", restore.at("journal"));
}

Json given_up(const Json& restore) {
  Json rows = Json::array();
  for (Json row : restore.at("workloads")) {
    if (row.at("settled") == true && row.at("failure") == "") continue;
    if (row.at("failure") != "") row["reason"] = row.at("failure");
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string restored(const Json& report) {
  const Json& restore = report.at("restore");
  if (restore.is_null()) return {};
  // A restore that ended early has not looked at everything.
  const std::string none = restore.at("exitCode") == 0 ? "none" : "none recorded";
  const auto list = [&](std::string_view title, const char* member) {
    const Json& texts = restore.at(member);
    return subsection(title, or_none(texts, bullets(texts), none));
  };
  const auto rows_of = [&](std::string_view title, const Json& rows, Columns columns) {
    return subsection(title, or_none(rows, table(columns, rows), none));
  };
  Json cron_jobs = Json::array();
  for (const Json& name : restore.at("suspendedCronJobs")) {
    cron_jobs.push_back("CronJob/" + name.get<std::string>());
  }
  return section("Restore", verdict(restore) + facts_of(restore)) +
         list("Objects changed", "changed") + list("Warnings", "warnings") +
         rows_of("Workloads given up", given_up(restore),
                 {{"WORKLOAD", "workload"},
                  {"WANTED", "wanted"},
                  {"READY", "ready"},
                  {"REASON", "reason"}}) +
         rows_of("Halt proof", restore.at("proofs"),
                 {{"POD", "pod"},
                  {"CONTAINER", "container"},
                  {"WAY", "way"},
                  {"VERDICT", "verdict"},
                  {"REASON", "reason"}}) +
         rows_of("Still different from the LKG", restore.at("differences"),
                 {{"OBJECT", "object"}, {"DRIFT", "drift"}, {"POINTER", "pointer"}}) +
         list("Objects not in the LKG", "extras") +
         subsection("CronJobs still suspended", or_none(cron_jobs, bullets(cron_jobs), none));
}

}  // namespace

std::string health_markdown(const HealthFacts& facts, const RestoreResult* restore) {
  const Json report = health_json(facts, restore);
  return header(report) + signals(report) + failing(report) + status(report) + restored(report) +
         gaps(report) + section("Pods status", pods(report)) +
         section("Deployments", workloads(report.at("deployments"))) +
         section("StatefulSets", workloads(report.at("statefulSets"))) +
         section("DaemonSets", workloads(report.at("daemonSets"))) +
         section("Deployment rollout status", rollouts(report)) +
         section("Images currently deployed", images(report)) + events(report) +
         section("Suggested scale-up commands", scale_up(report));
}

}  // namespace dr::lkg
