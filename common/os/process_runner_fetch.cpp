#include "common/os/process_runner_fetch.hpp"

#include <sys/un.h>

// GCC 12 warns at -O2 about code of Boost that it inlines.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#pragma GCC diagnostic pop

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace dr::os {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::local::stream_protocol;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

constexpr std::size_t k_buffer = std::size_t{64} << 10;
constexpr std::size_t k_growth =
    4;  // a body is copied each time it grows; what it has not, costs nothing

// Nothing that could end the request line, or be another header.
bool is_target(std::string_view text) {
  return text.starts_with('/') &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

// Its handlers share the ownership, so that a late one finds it alive.
class HttpFetch final : public Child, public std::enable_shared_from_this<HttpFetch> {
 public:
  HttpFetch(asio::io_context& io, const Fetch& fetch, HeadHandler on_head)
      : m_fetch(fetch),
        m_on_head(std::move(on_head)),
        m_socket(io),
        m_timer(io),
        m_buffer(k_buffer) {}

  void start();
  void stop(int /*signal*/) override { fail("stopped"); }
  void kill() override { fail("stopped"); }
  void abandon() noexcept override { close(); }
  bool done() const override { return m_done; }
  ProcessResult take_result() override;

 private:
  void send();
  void read();
  void take(std::size_t count);
  void make_room();
  bool is_success() const { return m_parser.get().result() == http::status::ok; }
  void hand_on();
  void wait_while_silent();
  void finish();
  void fail(std::string why);
  void close() noexcept;

  const Fetch& m_fetch;
  HeadHandler m_on_head;  // empty once it was called
  stream_protocol::socket m_socket;
  asio::steady_timer m_timer;
  std::string m_request;
  boost::beast::flat_buffer m_buffer;  // what the parser has not taken yet
  http::response_parser<http::string_body> m_parser;
  Steady::time_point m_started = Steady::now();
  ProcessResult m_result;
  bool m_done = false;
};

void HttpFetch::start() {
  if (!is_target(m_fetch.target)) return fail("a target that is no path");
  if (m_fetch.socket.native().size() >= sizeof(sockaddr_un::sun_path))
    return fail("the name of its socket is too long");
  m_parser.eager(true);
  m_parser.body_limit(m_fetch.max_output);
  wait_while_silent();
  m_socket.async_connect(stream_protocol::endpoint(m_fetch.socket.string()),
                         [self = shared_from_this()](error_code error) {
                           if (error) return self->fail(error.message());
                           self->send();
                         });
}

void HttpFetch::send() {
  m_request = "GET " + m_fetch.target +
              " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, */*\r\n"
              "Connection: close\r\n\r\n";
  asio::async_write(m_socket, asio::buffer(m_request),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (error) return self->fail(error.message());
                      self->read();
                    });
}

void HttpFetch::read() {
  if (m_done) return;
  m_socket.async_read_some(m_buffer.prepare(k_buffer - m_buffer.size()),
                           [self = shared_from_this()](error_code error, std::size_t count) {
                             if (error) return self->fail(error.message());
                             self->take(count);
                           });
}

void HttpFetch::take(std::size_t count) {
  if (m_done) return;
  wait_while_silent();
  m_buffer.commit(count);
  make_room();
  error_code error;
  while (m_buffer.size() > 0 && !m_parser.is_done()) {
    m_buffer.consume(m_parser.put(m_buffer.data(), error));
    if (error) break;
  }
  hand_on();
  if (error == http::error::body_limit) m_result.truncated = true;
  if (error && error != http::error::need_more) return fail(error.message());
  if (m_parser.is_done()) return finish();
  if (m_buffer.size() == k_buffer) return fail("a header that is too long");
  read();
}

void HttpFetch::make_room() {
  auto& body = m_parser.get().body();
  const std::size_t needed = body.size() + m_buffer.size();
  if (body.capacity() < needed)
    body.reserve(std::max(needed, std::min(k_growth * needed, m_fetch.max_output)));
}

void HttpFetch::hand_on() {
  auto& body = m_parser.get().body();
  if (!m_parser.is_header_done() || !is_success() || body.empty()) return;
  if (m_on_head) std::exchange(m_on_head, nullptr)(body);
  if (!m_fetch.on_body) return;
  m_result.handed_on += body.size();
  m_fetch.on_body(body);
  body.clear();
}

void HttpFetch::wait_while_silent() {
  m_timer.expires_after(m_fetch.silence);
  m_timer.async_wait([self = shared_from_this()](error_code error) {
    if (error || Steady::now() < self->m_timer.expiry()) return;
    self->m_result.timed_out = true;
    self->fail("no answer");
  });
}

void HttpFetch::finish() {
  m_result.exit_code = is_success() ? 0 : static_cast<int>(m_parser.get().result_int());
  m_result.out = std::move(m_parser.get().body());
  m_done = true;
  close();
}

void HttpFetch::fail(std::string why) {
  if (m_done) return;
  m_result.err = std::move(why);
  m_done = true;
  close();
}

void HttpFetch::close() noexcept {
  m_done = true;
  error_code ignored;
  m_socket.close(ignored);
  m_timer.cancel();
}

ProcessResult HttpFetch::take_result() {
  m_result.elapsed = std::chrono::duration_cast<Millis>(Steady::now() - m_started);
  return std::move(m_result);
}

}  // namespace

std::shared_ptr<Child> start_fetch(asio::io_context& io, const Fetch& fetch, HeadHandler on_head) {
  auto request = std::make_shared<HttpFetch>(io, fetch, std::move(on_head));
  request->start();
  return request;
}

}  // namespace dr::os
