#pragma once

#include <memory>

#include "common/os/process_runner_child.hpp"

namespace dr::os {

// Begins a request on a connection of its own; `fetch` outlives it. A server that cannot be
// reached, or says no HTTP, is a result.
std::shared_ptr<Child> start_fetch(boost::asio::io_context& io, const Fetch& fetch);

}  // namespace dr::os
