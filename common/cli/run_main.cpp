#include <fcntl.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>
#include <limits>
#include <new>
#include <system_error>
#include <vector>

#include "common/base/error.hpp"
#include "common/cli/command.hpp"
#include "common/cli/command_line.hpp"
#include "common/cli/completion.hpp"
#include "common/cli/version.hpp"

namespace dr::cli {
namespace {

namespace fs = std::filesystem;

std::string signal_name(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "signal " + std::to_string(signal);
  }
}

// The one converter from exceptions to messages and exit codes.
template <typename Body>
ExitCode guarded(Terminal& terminal, Body&& body) {
  try {
    return body();
  } catch (const Error& error) {
    terminal.error(error.what(), error.next_step());
    return error.code();
  } catch (const Interrupted& interrupted) {
    terminal.error("interrupted by " + signal_name(interrupted.signal), {});
    return interrupted.code();
  } catch (const std::bad_alloc&) {
    terminal.error("internal error: out of memory", {});
  } catch (const std::exception& error) {
    terminal.error(std::string("internal error: ") + error.what(),
                   "this is a defect of the program; report it with the command that showed it");
  }
  return ExitCode::failed;
}

// A result that nobody got is a failure, whatever the verb did.
ExitCode flushed(Terminal& terminal, ExitCode code) {
  if (terminal.flush()) return code;
  terminal.error("failed to write the result to standard output", {});
  return worse(code, ExitCode::failed);
}

ExitCode dispatch(std::span<const std::string> args, const Program& program, Runtime& runtime,
                  const fs::path& current_directory) {
  CommandLine line(program, runtime.terminal.program());
  if (args.empty()) {
    runtime.terminal.print(line.help());
    return ExitCode::ok;
  }
  if (args.front() == k_complete_verb) {
    runtime.terminal.print(complete(args.subspan(1), line, runtime, current_directory));
    return ExitCode::ok;
  }
  const Request request = line.parse(args);
  if (request.help) {
    runtime.terminal.print(line.help(*request.app));
    return ExitCode::ok;
  }
  if (request.version) {
    runtime.terminal.print(version_text("kubectl-" + program.name));
    return ExitCode::ok;
  }
  line.globals().apply(runtime.terminal, runtime.environment);
  const GlobalOptions options =
      line.globals().resolve(runtime.environment, current_directory, line.more_outputs());
  return line.action()(runtime, options);
}

// A closed descriptor 0, 1 or 2 would be given to the next file that is opened, and a message would
// be written into it. The directions make its use fail as it does for a closed one.
void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

// A tree of JSON is many small blocks. For each large one that is freed, the C library would go
// through all small ones that wait for reuse, and hand memory back that the next list asks for.
void suit_allocation_to_trees() {
#ifdef __GLIBC__
  constexpr int k_largest_list = 32 << 20;
  ::mallopt(M_MXFAST, 0);
  ::mallopt(M_MMAP_THRESHOLD, k_largest_list);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

std::string shown_name(const char* argv0, const Program& program) {
  std::string basename = argv0 == nullptr ? "" : fs::path(argv0).filename().string();
  if (basename.empty() || basename.starts_with("kubectl-")) return "kubectl " + program.name;
  return basename;
}

fs::path current_directory() {
  std::error_code failure;
  fs::path path = fs::current_path(failure);
  if (failure) {
    throw Error(ExitCode::failed, "failed to read the current directory: " + failure.message(),
                "change to a directory that exists");
  }
  return path;
}

}  // namespace

ExitCode run(std::span<const std::string> args, const Program& program, Runtime& runtime,
             const fs::path& current_directory) {
  const ExitCode code = guarded(
      runtime.terminal, [&] { return dispatch(args, program, runtime, current_directory); });
  return flushed(runtime.terminal, code);
}

int run_main(int argc, char** argv, const Program& program) {
  occupy_standard_descriptors();
  suit_allocation_to_trees();
  Terminal terminal(std::cout, std::cerr, shown_name(argc > 0 ? argv[0] : nullptr, program));
  const ExitCode code = guarded(terminal, [&] {
    const auto environment = os::Environment::of_process();
    terminal.set_color(ColorMode::automatic, environment, ::isatty(STDOUT_FILENO) == 1,
                       ::isatty(STDERR_FILENO) == 1);
    const std::string term = environment.get("TERM").value_or("dumb");
    terminal.set_live(::isatty(STDERR_FILENO) == 1 && term != "dumb");
    os::SystemProcessRunner runner;
    const os::SystemClock clock;
    Runtime runtime{runner, clock, environment, terminal};
    const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
    return run(args, program, runtime, current_directory());
  });
  return static_cast<int>(code);
}

}  // namespace dr::cli
