#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "common/os/process_runner_child.hpp"

namespace dr::os {

// How the body of a 200 begins.
using HeadHandler = std::function<void(std::string_view head)>;

// Begins a request on a connection of its own; `fetch` outlives it. A server that cannot be
// reached, or says no HTTP, is a result.
std::shared_ptr<Child> start_fetch(boost::asio::io_context& io, const Fetch& fetch,
                                   HeadHandler on_head);

}  // namespace dr::os
