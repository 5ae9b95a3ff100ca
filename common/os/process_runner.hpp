#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.hpp"
#include "common/base/time.hpp"

namespace dr::os {

struct Command {
  std::filesystem::path program;         // a path; bare names are not searched for
  std::vector<std::string> args;         // without argv[0]
  std::vector<std::string> environment;  // complete, "NAME=value"
  std::string input;                     // bytes for stdin; empty: stdin is /dev/null
  // Stays in our session and process group, so that it can ask on /dev/tty, and Ctrl-C reaches it
  // too. Its children are its own to end.
  bool on_terminal = false;
  Millis timeout{60'000};  // then SIGTERM to the child's process group
  Millis grace{2'000};     // then SIGKILL
  // Kept of stdout, and of stderr at most k_max_errors; the rest is drained.
  std::size_t max_output = std::size_t{512} << 20;
};

inline constexpr std::size_t k_max_errors = std::size_t{16} << 20;

// A GET of an HTTP server behind a Unix socket, such as `kubectl proxy`.
struct Fetch {
  std::filesystem::path socket;
  std::string target;      // "/api/v1/namespaces/floor/pods?limit=500"
  Millis silence{10'000};  // of the server, after which it is given up
  std::size_t max_output = std::size_t{512} << 20;
  // Takes the body of a 200 in parts, as they come, instead of ProcessResult::out.
  std::function<void(std::string_view part)> on_body{};
};

// How a child ended. A non-zero exit is data; only a child that could not be started throws. Of a
// Fetch: 0 after a 200, the status itself after any other, with the whole body in `out`; -1 without
// a whole answer, for which `err` has the reason; `handed_on` bytes went to its on_body.
struct ProcessResult {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;      // 0 when it exited
  bool timed_out = false;
  bool truncated = false;  // more than max_output came on a stream
  // A grandchild kept a pipe open past the drain time: the output may lack its end.
  bool pipe_held = false;
  std::string out;
  std::string err;
  std::size_t handed_on = 0;
  Millis elapsed{0};

  // It exited with 0 and its output is whole.
  bool ok() const { return exit_code == 0 && !timed_out && !truncated && !pipe_held; }
};

// Takes the result of a command, by its index, as soon as it has ended.
using ResultHandler = std::function<void(std::size_t index, ProcessResult result)>;

// What else is to be asked because of how the body of a 200 begins.
using FollowUp = std::function<std::vector<Fetch>(std::size_t index, std::string_view head)>;

// Called with each whole line of a background command's stdout, while run_each or sleep runs. An
// Error is an alarm: what runs is ended (SIGTERM, then SIGKILL), and run_each or sleep throws it.
using LineHandler = std::function<std::optional<Error>(std::string_view line)>;

// A command that runs beside the others; its destruction kills it, and takes back an alarm that was
// not thrown yet. The runner outlives it.
class Background {
 public:
  virtual ~Background() = default;
  virtual bool is_running() const = 0;
};

// The one place that starts processes. Children get a session, so a process group, of their own and
// no terminal, unless they ask for one; on Linux they do not outlive us, however we end.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;

  // Runs the commands, at most `parallel` at a time, and hands each result on while the others run,
  // as far as the pipes hold what they print. What `on_result` throws ends them.
  // Throws Error(usage) when a program cannot be started (after the running ones have been ended),
  // and Interrupted when SIGINT, SIGTERM or SIGHUP arrives: the children get it too, and are killed
  // on a second one or after their grace.
  virtual void run_each(std::span<const Command> commands, std::size_t parallel,
                        const ResultHandler& on_result) = 0;
  // The same for requests; a signal gives them up at once. What `follow_up` (empty: nothing) asks
  // for besides gets the next indices, and begins before that answer has ended.
  virtual void fetch_each(std::span<const Fetch> fetches, std::size_t parallel,
                          const FollowUp& follow_up, const ResultHandler& on_result) = 0;
  // run_each, and returns the results in order.
  std::vector<ProcessResult> run_all(std::span<const Command> commands, std::size_t parallel);

  // Sleeps; throws Interrupted when a signal arrives, or has arrived since the last call.
  virtual void sleep(Millis duration) = 0;

  // Starts a command that makes progress while run_each or sleep runs. Its input must be empty; its
  // stderr is dropped. Throws as run_each does when it cannot be started.
  virtual std::unique_ptr<Background> start(Command command, LineHandler on_line) = 0;

  ProcessResult run(const Command& command);
};

// On Boost.Process v2: one thread, one io_context, many children. From its construction on SIGINT,
// SIGTERM and SIGHUP are caught and reported by run_each and sleep (each signal once, so that work
// after it, such as a last halt, can still run children), and SIGPIPE is ignored; under nohup
// SIGHUP stays ignored. The destructor restores the signals. At most one exists at a time.
class SystemProcessRunner final : public ProcessRunner {
 public:
  SystemProcessRunner();
  ~SystemProcessRunner() override;
  void run_each(std::span<const Command> commands, std::size_t parallel,
                const ResultHandler& on_result) override;
  void fetch_each(std::span<const Fetch> fetches, std::size_t parallel, const FollowUp& follow_up,
                  const ResultHandler& on_result) override;
  void sleep(Millis duration) override;
  std::unique_ptr<Background> start(Command command, LineHandler on_line) override;

 private:
  class Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace dr::os
