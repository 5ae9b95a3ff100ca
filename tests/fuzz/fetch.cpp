// The HTTP reply of `kubectl proxy`: the input is all that the server sends.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <string>
#include <string_view>

#include "common/os/process_runner_fetch.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/support/temp_dir.hpp"

using namespace dr;

namespace {

// One thread is enough: the kernel takes the connection, the request and the reply.
class Server {
 public:
  Server() {
    const std::string path = this->path().string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(static_cast<char*>(address.sun_path), path.c_str(), path.size() + 1);
    const bool listens =
        ::bind(m_listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
        ::listen(m_listener, 1) == 0;
    fuzz::require(listens, "the server listens");
  }
  ~Server() { ::close(m_listener); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::filesystem::path path() const { return m_directory.path() / "s"; }

  void answer(std::string_view text) const {
    const int client = ::accept(m_listener, nullptr, nullptr);
    fuzz::require(client >= 0, "the request comes");
    char request[4096];
    fuzz::require(::recv(client, request, sizeof(request), 0) > 0, "it has a line");
    constexpr int k_buffer = 1 << 20;
    ::setsockopt(client, SOL_SOCKET, SO_SNDBUF, &k_buffer, sizeof(k_buffer));
    ::send(client, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::close(client);
  }

 private:
  test::TempDir m_directory;
  int m_listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

// What a server that sends `text` is taken to have said.
struct Answer {
  os::ProcessResult result;
  std::string head;
  std::string body;  // what was handed on
};

Answer answer_to(const Server& server, std::string_view text, bool hands_on) {
  Answer answer;
  boost::asio::io_context io;
  os::Fetch fetch;
  fetch.socket = server.path();
  fetch.target = "/api/v1/namespaces/trading-floor/pods";
  fetch.max_output = 4096;
  if (hands_on) fetch.on_body = [&](std::string_view part) { answer.body += part; };
  const auto request =
      os::start_fetch(io, fetch, [&](std::string_view head) { answer.head = head; });
  io.poll();
  server.answer(text);
  io.run();
  fuzz::require(request->done(), "it comes to an end");
  answer.result = request->take_result();
  fuzz::require(answer.result.out.size() <= fetch.max_output, "no more is kept than is wanted");
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Server server;
  const auto text = fuzz::text_of(bytes, size);
  const auto [result, head, none] = answer_to(server, text, false);
  fuzz::require(result.out.size() <= size, "nothing is kept that was not sent");
  fuzz::require(!result.ok() || result.err.empty(), "a whole answer has no error");
  fuzz::require(result.exit_code >= 0 || !result.err.empty(), "a broken answer has a reason");
  fuzz::require(fuzz::is_harmless(result.err), "a reason does nothing to a terminal");
  fuzz::require(!result.ok() || result.out.starts_with(head), "its head is how it begins");
  const auto streamed = answer_to(server, text, true);
  fuzz::require(streamed.result.exit_code == result.exit_code, "it ends the same in parts");
  fuzz::require(streamed.body.size() == streamed.result.handed_on, "each part counts");
  fuzz::require(!result.ok() || (streamed.body == result.out && streamed.result.out.empty()),
                "its parts are the whole");
  return 0;
}
