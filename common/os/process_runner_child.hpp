#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "common/os/process_runner.hpp"

namespace boost::asio {
class io_context;
}

namespace dr::os {

// One started command or request, for SystemProcessRunner. It makes progress while its io_context
// runs.
class Child {
 public:
  virtual ~Child() = default;

  // Passes `signal` to its process group, and SIGKILL after the grace of the command.
  virtual void stop(int signal) = 0;
  virtual void kill() = 0;
  // Kills it and waits for its end, for a caller that cannot go on.
  virtual void abandon() noexcept = 0;

  // It has exited and its output was read to the end or given up.
  virtual bool done() const = 0;
  virtual ProcessResult take_result() = 0;
};

// Takes stdout as it comes, instead of the result; called from the io_context, until the child is
// done or abandoned.
using OutputSink = std::function<void(std::string_view bytes)>;

// `command` outlives the child. Throws Error(usage) when it cannot be started.
std::shared_ptr<Child> start_child(boost::asio::io_context& io, const Command& command,
                                   OutputSink sink = {});

}  // namespace dr::os
