#include "common/os/process_runner_child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

// clang-format off
// GCC 12 warns at -O2 about code of Boost that it inlines.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <boost/core/exchange.hpp>  // Boost.Process 1.81 with std::filesystem does not include these four itself
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/writable_pipe.hpp>
#include <boost/asio/write.hpp>
#include <boost/process/v2/default_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#pragma GCC diagnostic pop
// clang-format on

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "common/base/error.hpp"
#include "common/os/file_io.hpp"

namespace dr::os {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

constexpr std::size_t k_buffer = std::size_t{64} << 10;
constexpr Millis k_drain_round{100};  // five of them make the drain grace
constexpr int k_drain_rounds = 5;

[[noreturn]] void throw_cannot_run(const Command& command, const std::string& why) {
  throw Error(ExitCode::usage, "failed to run " + command.program.string() + ": " + why);
}

[[noreturn]] void throw_cannot_run(const Command& command, const error_code& why) {
  throw_cannot_run(command, why.message());
}

error_code last_error() {
  return {errno, boost::system::system_category()};
}

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe(const Command& command) {
  int ends[2] = {-1, -1};
#ifdef __linux__
  const bool made = ::pipe2(ends, O_CLOEXEC) == 0;
#else
  const bool made = ::pipe(ends) == 0 && ::fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 &&
                    ::fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0;
#endif
  if (!made) throw_cannot_run(command, last_error());
  return {Fd(ends[0]), Fd(ends[1])};
}

// Gives the descriptor to `end`.
template <class End>
void assign(End& end, Fd fd, const Command& command) {
  error_code error;
  end.assign(fd.get(), error);
  if (error) throw_cannot_run(command, error);
  fd.release();
}

// exec takes C strings: text after a NUL would be lost without a word.
void refuse_nul(const Command& command) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (has_nul(command.program.string()) || std::ranges::any_of(command.args, has_nul) ||
      std::ranges::any_of(command.environment, has_nul)) {
    throw_cannot_run(command, "a NUL byte in its arguments or environment");
  }
}

// Runs in the child between fork and exec, so it makes async-signal-safe calls only.
struct ChildSetup {
  bool on_terminal;

  template <class Launcher>
  error_code on_exec_setup(Launcher&, const std::filesystem::path&, const char* const*&) {
    // A session is a process group too. Without a terminal, a credential plugin that prompts on
    // /dev/tty fails at once instead of being stopped until the deadline.
    if (!on_terminal && ::setsid() < 0) return last_error();
#ifdef __linux__
    // Not even SIGKILL of ours leaves a watch or a proxy behind. (Our only thread is the parent.)
    if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return last_error();
#endif
    for (const int signal : {SIGINT, SIGTERM, SIGCHLD, SIGPIPE}) ::signal(signal, SIG_DFL);
    if (::signal(SIGHUP, SIG_DFL) == SIG_IGN) ::signal(SIGHUP, SIG_IGN);  // nohup covers children
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    return {};
  }
  // The default is exit(), which would flush our stdio a second time.
  template <class... Args>
  void on_exec_error(Args&&...) {
    ::_exit(127);
  }
};

// Holds all signals back. Between fork and exec a child still has our handlers, and its pipe to
// them is ours: a Ctrl-C would count twice.
class SignalBlock {
 public:
  SignalBlock() {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &m_before);
  }
  ~SignalBlock() { ::sigprocmask(SIG_SETMASK, &m_before, nullptr); }
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;

 private:
  sigset_t m_before;
};

// Its handlers share the ownership, so that a late one finds it alive.
class BoostChild final : public Child, public std::enable_shared_from_this<BoostChild> {
 public:
  BoostChild(asio::io_context& io, const Command& command, OutputSink sink)
      : m_io(io),
        m_command(command),
        m_sink(std::move(sink)),
        m_out(io),
        m_err(io),
        m_in(io),
        m_timer(io) {}

  void start();
  void stop(int signal) override;
  void kill() override { signal_group(SIGKILL); }
  void abandon() noexcept override;
  bool done() const override { return m_exited && !m_out.pipe.is_open() && !m_err.pipe.is_open(); }
  ProcessResult take_result() override;

 private:
  struct Output {
    explicit Output(asio::io_context& io) : pipe(io) {}
    asio::readable_pipe pipe;
    std::array<char, k_buffer> buffer;
    std::string bytes;
  };

  void launch(int in, int out, int err);
  void read(Output& from);
  void keep(Output& from, std::size_t count);
  void write_input();
  void on_exit(const error_code& error);
  void on_deadline();
  void drain(int rounds);
  void close_pipes();
  void signal_group(int signal);
  template <class Work>
  void after(Millis delay, Work work);

  asio::io_context& m_io;
  const Command& m_command;
  OutputSink m_sink;
  Output m_out;
  Output m_err;
  asio::writable_pipe m_in;
  asio::steady_timer m_timer;  // deadline, then grace, then drain: one at a time
  unsigned m_timer_turn = 0;
  std::optional<process::process> m_process;
  pid_t m_pid = -1;  // of the process group too, unless it shares ours
  bool m_exited = false;
  Steady::time_point m_started;
  ProcessResult m_result;
};

void BoostChild::start() {
  refuse_nul(m_command);
  Pipe out = make_pipe(m_command);
  Pipe err = make_pipe(m_command);
  Pipe in;
  if (m_command.input.empty()) {
    in.read = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!in.read.is_open()) throw_cannot_run(m_command, last_error());
  } else {
    in = make_pipe(m_command);
    assign(m_in, std::move(in.write), m_command);
  }
  assign(m_out.pipe, std::move(out.read), m_command);
  assign(m_err.pipe, std::move(err.read), m_command);
  m_started = Steady::now();
  launch(in.read.get(), out.write.get(), err.write.get());

  m_process->async_wait(
      [self = shared_from_this()](error_code error, int) { self->on_exit(error); });
  read(m_out);
  read(m_err);
  write_input();
  after(m_command.timeout, &BoostChild::on_deadline);
}

void BoostChild::launch(int in, int out, int err) {
  std::vector<const char*> environment;
  environment.reserve(m_command.environment.size() + 1);
  for (const std::string& line : m_command.environment) environment.push_back(line.c_str());
  environment.push_back(nullptr);

  process::default_process_launcher launcher;
  launcher.env = environment.data();
  error_code error;
  const SignalBlock block;
  m_process.emplace(launcher(asio::any_io_executor(m_io.get_executor()), error, m_command.program,
                             m_command.args, process::process_stdio{in, out, err},
                             ChildSetup{m_command.on_terminal}));
  if (error) {
    if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);  // Boost leaves a zombie
    throw_cannot_run(m_command, error);
  }
  m_pid = m_process->id();
}

void BoostChild::read(Output& from) {
  from.pipe.async_read_some(asio::buffer(from.buffer), [self = shared_from_this(), &from](
                                                           error_code error, std::size_t count) {
    self->keep(from, count);
    if (!error) return self->read(from);
    error_code ignored;
    from.pipe.close(ignored);
  });
}

void BoostChild::keep(Output& from, std::size_t count) {
  if (m_sink) {
    if (&from == &m_out && count > 0) m_sink({from.buffer.data(), count});
    return;
  }
  const std::size_t limit =
      &from == &m_out ? m_command.max_output : std::min(m_command.max_output, k_max_errors);
  const std::size_t room = limit - from.bytes.size();
  if (count > room) m_result.truncated = true;
  from.bytes.append(from.buffer.data(), std::min(count, room));
}

void BoostChild::write_input() {
  if (!m_in.is_open()) return;
  // An error is EPIPE: the child does not want the rest.
  asio::async_write(m_in, asio::buffer(m_command.input),
                    [self = shared_from_this()](error_code, std::size_t) {
                      error_code ignored;
                      self->m_in.close(ignored);
                    });
}

void BoostChild::on_exit(const error_code& error) {
  if (m_exited) return;
  m_exited = true;
  const int status = m_process->native_exit_code();
  m_process->detach();  // the handle would signal a process id that may be another's by then
  if (!error && WIFEXITED(status)) m_result.exit_code = WEXITSTATUS(status);
  if (!error && WIFSIGNALED(status)) m_result.signal = WTERMSIG(status);
  error_code ignored;
  m_in.close(ignored);
  drain(k_drain_rounds);
}

void BoostChild::on_deadline() {
  m_result.timed_out = true;
  stop(SIGTERM);
}

void BoostChild::stop(int signal) {
  if (m_exited) return;
  signal_group(signal);
  after(m_command.grace, &BoostChild::kill);
}

// Waits for the ends of both pipes. In rounds, so that a stall of this process counts as one round
// and not as the silence of a grandchild.
void BoostChild::drain(int rounds) {
  if (done()) return;
  if (rounds > 0) {
    return after(k_drain_round, [rounds](BoostChild& self) { self.drain(rounds - 1); });
  }
  m_result.pipe_held = true;
  close_pipes();
  signal_group(SIGKILL);
}

void BoostChild::close_pipes() {
  error_code ignored;
  m_in.close(ignored);
  m_out.pipe.close(ignored);
  m_err.pipe.close(ignored);
}

void BoostChild::abandon() noexcept {
  ++m_timer_turn;
  if (m_sink) m_sink = [](std::string_view) {};
  close_pipes();
  if (m_exited || m_pid <= 0) return;
  signal_group(SIGKILL);
  m_exited = true;
  const SignalBlock block;
  ::waitpid(m_pid, nullptr, 0);
  m_process->detach();
}

void BoostChild::signal_group(int signal) {
  if (m_pid <= 0) return;
  if (!m_command.on_terminal) {
    ::killpg(m_pid, signal);
  } else if (!m_exited) {  // later the id may be another's
    ::kill(m_pid, signal);
  }
}

template <class Work>
void BoostChild::after(Millis delay, Work work) {
  m_timer.expires_after(delay);
  // The turn: a handler that is queued already is not cancelled by a new expiry.
  m_timer.async_wait([self = shared_from_this(), work, turn = ++m_timer_turn](error_code error) {
    if (!error && turn == self->m_timer_turn) std::invoke(work, *self);
  });
}

ProcessResult BoostChild::take_result() {
  m_timer.cancel();
  ++m_timer_turn;
  m_result.out = std::move(m_out.bytes);
  m_result.err = std::move(m_err.bytes);
  m_result.elapsed = std::chrono::duration_cast<Millis>(Steady::now() - m_started);
  return std::move(m_result);
}

}  // namespace

std::shared_ptr<Child> start_child(asio::io_context& io, const Command& command, OutputSink sink) {
  auto child = std::make_shared<BoostChild>(io, command, std::move(sink));
  try {
    child->start();
  } catch (...) {
    child->abandon();
    throw;
  }
  return child;
}

}  // namespace dr::os
