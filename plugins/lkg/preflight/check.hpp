#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dr::lkg {

enum class Verdict {
  ok,
  warn,  // it may hold the restore up, or nobody can tell; a restore goes on
  stop,  // a restore cannot succeed: it refuses before its first change
};
std::string_view name_of(Verdict verdict);

// What was looked at before anything is changed, and what came of it.
struct Check {
  std::string name;  // "nodes": rows of one name are about the same question
  Verdict verdict = Verdict::ok;
  std::string subject;  // "Deployment/web"; empty when it is the namespace as a whole
  std::string detail;   // what was found, naming the subject
  std::string cure;     // the next step, a command where there is one; empty when ok
};

// The rows that one question found, or where nothing was found the one that says so.
std::vector<Check> or_ok(std::vector<Check> found, std::string_view name, std::string detail);

// What is not known because it could not be read. Never an ok, and never a reason to stop.
Check not_known(std::string_view name, std::string_view what, std::string_view cause);

// "Deployment/a, Deployment/b and 7 more": the first few of what may be many.
std::string first_of(const std::vector<std::string>& names);

// Rows about many objects: one for each cause, which names the first few of those that it meets.
class ByCause {
 public:
  // In `check.detail` the first "{}" stands for the objects; `check.subject` is one of them. Rows
  // of one name, verdict and cause are one, with the detail and the cure of the first.
  void add(const std::string& cause, Check check);
  std::vector<Check> rows() const;

 private:
  struct Row {
    std::string cause;
    Check check;
    std::vector<std::string> subjects;
  };
  std::vector<Row> m_rows;
};

// A line for each warn: what and what to do.
std::vector<std::string> warnings_of(const std::vector<Check>& checks);

bool has_stops(const std::vector<Check>& checks);

// Throws Error(refused) that names every stop, with the cures as the next step.
void refuse_stops(const std::vector<Check>& checks);

}  // namespace dr::lkg
