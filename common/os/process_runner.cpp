#include "common/os/process_runner.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

// GCC 12 warns at -O2 about code of Boost that it inlines.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#pragma GCC diagnostic pop

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <utility>

#include "common/base/error.hpp"
#include "common/os/file_io.hpp"
#include "common/os/process_runner_child.hpp"
#include "common/os/process_runner_fetch.hpp"

namespace dr::os {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::array k_caught{SIGINT, SIGTERM, SIGHUP};

// Saves the dispositions that the runner changes, and puts them back.
class SignalDispositions {
 public:
  SignalDispositions() {
    sigset_t needed;
    sigemptyset(&needed);
    for (std::size_t at = 0; at < k_changed.size(); ++at) {
      ::sigaction(k_changed[at], nullptr, &m_before[at]);
      sigaddset(&needed, k_changed[at]);
    }
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGCHLD, SIG_DFL);  // ignored, the kernel would reap the children itself
    ::sigprocmask(SIG_UNBLOCK, &needed, &m_mask_before);
  }
  ~SignalDispositions() {
    for (std::size_t at = 0; at < k_changed.size(); ++at) {
      ::sigaction(k_changed[at], &m_before[at], nullptr);
    }
    ::sigprocmask(SIG_SETMASK, &m_mask_before, nullptr);
  }
  SignalDispositions(const SignalDispositions&) = delete;
  SignalDispositions& operator=(const SignalDispositions&) = delete;

  bool ignored(int signal) const {
    const auto at = std::ranges::find(k_changed, signal) - k_changed.begin();
    return m_before[static_cast<std::size_t>(at)].sa_handler == SIG_IGN;
  }

 private:
  static constexpr std::array k_changed{SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD};
  std::array<struct sigaction, k_changed.size()> m_before{};
  sigset_t m_mask_before{};
};

// A descriptor of a pipe that lands on its own target would keep O_CLOEXEC through dup2, and be
// lost at exec.
void open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    if (::open("/dev/null", O_RDWR) != fd) throw_errno("failed to open /dev/null");
  }
}

constexpr std::size_t k_max_line = std::size_t{8} << 20;

// Cuts a stream into lines. One that is too long is dropped.
class Lines {
 public:
  template <class Take>
  void add(std::string_view bytes, const Take& take) {
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      keep(bytes.substr(0, end));
      if (!m_too_long) take(m_line);
      m_line.clear();
      m_too_long = false;
      bytes.remove_prefix(end + 1);
    }
    keep(bytes);
  }

 private:
  void keep(std::string_view bytes) {
    m_too_long = m_too_long || m_line.size() + bytes.size() > k_max_line;
    if (!m_too_long) m_line += bytes;
  }

  std::string m_line;
  bool m_too_long = false;
};

}  // namespace

ProcessResult ProcessRunner::run(const Command& command) {
  return std::move(run_all({&command, 1}, 1).front());
}

std::vector<ProcessResult> ProcessRunner::run_all(std::span<const Command> commands,
                                                  std::size_t parallel) {
  std::vector<ProcessResult> results(commands.size());
  run_each(commands, parallel, [&results](std::size_t index, ProcessResult result) {
    results[index] = std::move(result);
  });
  return results;
}

class SystemProcessRunner::Impl {
 public:
  Impl() {
    for (const int signal : k_caught) {
      const bool under_nohup = signal == SIGHUP && m_dispositions.ignored(SIGHUP);
      if (!under_nohup) m_signals.add(signal);
    }
    wait_for_signal();
  }

  // Starts one job by its index.
  using Start = std::function<std::shared_ptr<Child>(asio::io_context& io, std::size_t index)>;
  // How many jobs there are; a job may bring more.
  using Count = std::function<std::size_t()>;
  void run_each(const Count& count, std::size_t parallel, const Start& start,
                const ResultHandler& on_result);
  void sleep(Millis duration);
  std::unique_ptr<Background> start_background(Command command, LineHandler on_line);

 private:
  class SystemBackground;
  struct Running {
    std::size_t index;
    std::shared_ptr<Child> child;
  };

  void wait_for_signal();
  void on_signal(int signal);
  void alarm(const Error& error);
  bool is_stopping() const { return m_caught != 0 || m_alarm; }
  void throw_if_stopped();
  void report_pending();  // what came since the last call
  bool may_start(std::size_t parallel) const;
  void start(const Start& start_job, std::size_t index);
  void collect();
  void abandon_all() noexcept;

  SignalDispositions m_dispositions;  // outlives the signal set, which leaves SIG_DFL behind
  asio::io_context m_io{1};
  asio::signal_set m_signals{m_io};
  int m_caught = 0;              // the first signal that was not reported yet
  std::optional<Error> m_alarm;  // the first one that was not thrown yet
  std::vector<Running> m_running;
  std::deque<std::pair<std::size_t, ProcessResult>> m_ended;  // not handed on yet
  std::optional<Error> m_failure;
};

class SystemProcessRunner::Impl::SystemBackground final : public Background {
 public:
  SystemBackground(Impl& impl, Command command, LineHandler on_line)
      : m_impl(impl), m_command(std::move(command)), m_on_line(std::move(on_line)) {
    m_child = start_child(m_impl.m_io, m_command, [this](std::string_view bytes) { take(bytes); });
  }
  ~SystemBackground() override {
    m_child->abandon();
    m_impl.m_alarm.reset();
  }
  SystemBackground(const SystemBackground&) = delete;
  SystemBackground& operator=(const SystemBackground&) = delete;

  bool is_running() const override { return !m_child->done(); }

 private:
  void take(std::string_view bytes) {
    m_lines.add(bytes, [this](std::string_view line) {
      if (const auto error = m_on_line(line)) m_impl.alarm(*error);
    });
  }

  Impl& m_impl;
  Command m_command;
  LineHandler m_on_line;
  Lines m_lines;
  std::shared_ptr<Child> m_child;
};

void SystemProcessRunner::Impl::wait_for_signal() {
  m_signals.async_wait([this](error_code error, int signal) {
    if (error) return;
    on_signal(signal);
    wait_for_signal();
  });
}

void SystemProcessRunner::Impl::on_signal(int signal) {
  const bool is_first = m_caught == 0;
  if (is_first) m_caught = signal;
  for (const Running& running : m_running) {
    if (is_first) {
      running.child->stop(signal);
    } else {
      running.child->kill();
    }
  }
}

void SystemProcessRunner::Impl::alarm(const Error& error) {
  if (m_alarm) return;
  m_alarm = error;
  for (const Running& running : m_running) running.child->stop(SIGTERM);
}

void SystemProcessRunner::Impl::throw_if_stopped() {
  if (m_caught != 0) throw Interrupted{std::exchange(m_caught, 0)};
  if (m_alarm) throw *std::exchange(m_alarm, std::nullopt);
}

void SystemProcessRunner::Impl::report_pending() {
  m_io.poll();
  throw_if_stopped();
}

std::unique_ptr<Background> SystemProcessRunner::Impl::start_background(Command command,
                                                                        LineHandler on_line) {
  report_pending();
  return std::make_unique<SystemBackground>(*this, std::move(command), std::move(on_line));
}

bool SystemProcessRunner::Impl::may_start(std::size_t parallel) const {
  return !is_stopping() && !m_failure && m_running.size() < std::max(parallel, std::size_t{1});
}

void SystemProcessRunner::Impl::start(const Start& start_job, std::size_t index) {
  try {
    m_running.push_back({index, start_job(m_io, index)});
  } catch (const Error& error) {
    m_failure = error;
    for (const Running& running : m_running) running.child->stop(SIGTERM);
  }
}

void SystemProcessRunner::Impl::collect() {
  std::erase_if(m_running, [this](const Running& running) {
    if (!running.child->done()) return false;
    m_ended.emplace_back(running.index, running.child->take_result());
    return true;
  });
}

void SystemProcessRunner::Impl::abandon_all() noexcept {
  for (const Running& running : m_running) running.child->abandon();
  m_running.clear();
  m_ended.clear();
}

void SystemProcessRunner::Impl::run_each(const Count& count, std::size_t parallel,
                                         const Start& start_job, const ResultHandler& on_result) {
  report_pending();
  m_failure.reset();
  std::size_t next = 0;
  const auto start_next = [&] {
    for (; may_start(parallel) && next < count(); ++next) start(start_job, next);
  };
  try {
    for (;;) {
      start_next();
      collect();  // a request can have failed at once
      if (m_ended.empty() && m_running.empty()) break;
      if (m_ended.empty()) {
        m_io.run_one();
        continue;
      }
      auto [index, result] = std::move(m_ended.front());
      m_ended.pop_front();
      start_next();
      m_io.poll();  // what was started goes on its way meanwhile
      if (!is_stopping() && !m_failure) on_result(index, std::move(result));
    }
  } catch (...) {
    abandon_all();
    throw;
  }
  throw_if_stopped();
  if (m_failure) throw *m_failure;
}

void SystemProcessRunner::Impl::sleep(Millis duration) {
  report_pending();
  asio::steady_timer timer(m_io, duration);
  bool over = false;
  timer.async_wait([&over](error_code) { over = true; });
  while (!over) {
    m_io.run_one();
    if (is_stopping()) timer.cancel();  // its handler still has to run: it refers to `over`
  }
  throw_if_stopped();
}

SystemProcessRunner::SystemProcessRunner() {
  open_standard_streams();  // before the Impl opens its own
  m_impl = std::make_unique<Impl>();
}

SystemProcessRunner::~SystemProcessRunner() = default;

void SystemProcessRunner::run_each(std::span<const Command> commands, std::size_t parallel,
                                   const ResultHandler& on_result) {
  const auto start = [&](asio::io_context& io, std::size_t index) {
    return start_child(io, commands[index]);
  };
  const auto count = [&] { return commands.size(); };
  m_impl->run_each(count, parallel, start, on_result);
}

void SystemProcessRunner::fetch_each(std::span<const Fetch> fetches, std::size_t parallel,
                                     const FollowUp& follow_up, const ResultHandler& on_result) {
  std::deque<Fetch> all(fetches.begin(), fetches.end());  // each stays where it is
  const auto start = [&](asio::io_context& io, std::size_t index) {
    return start_fetch(io, all[index], [&follow_up, &all, index](std::string_view head) {
      if (follow_up) std::ranges::move(follow_up(index, head), std::back_inserter(all));
    });
  };
  m_impl->run_each([&] { return all.size(); }, parallel, start, on_result);
}

void SystemProcessRunner::sleep(Millis duration) {
  m_impl->sleep(duration);
}

std::unique_ptr<Background> SystemProcessRunner::start(Command command, LineHandler on_line) {
  return m_impl->start_background(std::move(command), std::move(on_line));
}

}  // namespace dr::os
