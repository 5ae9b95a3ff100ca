// The HTTP reply of `kubectl proxy`: the input is all that the server sends.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstring>

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Server server;
  boost::asio::io_context io;
  os::Fetch fetch;
  fetch.socket = server.path();
  fetch.target = "/api/v1/namespaces/trading-floor/pods";
  fetch.max_output = 4096;
  const auto request = os::start_fetch(io, fetch);
  io.poll();
  server.answer(fuzz::text_of(bytes, size));
  io.run();
  fuzz::require(request->done(), "it comes to an end");
  const auto result = request->take_result();
  fuzz::require(result.out.size() <= fetch.max_output, "no more is kept than is wanted");
  fuzz::require(result.out.size() <= size, "nothing is kept that was not sent");
  fuzz::require(!result.ok() || result.err.empty(), "a whole answer has no error");
  fuzz::require(result.exit_code >= 0 || !result.err.empty(), "a broken answer has a reason");
  fuzz::require(fuzz::is_harmless(result.err), "a reason does nothing to a terminal");
  return 0;
}
