#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/unit/common/os/process_runner_fixture.hpp"

namespace dr::os {
namespace {

using namespace std::literals;
using testing::StartsWith;
using Steady = std::chrono::steady_clock;

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

// A server behind a Unix socket that answers each connection with what `answer` writes to it.
class Server {
 public:
  using Answer = std::function<void(int connection, const std::string& request)>;

  Server(const std::filesystem::path& path, Answer answer) : m_answer(std::move(answer)) {
    const auto address = address_of(path);
    m_listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(m_listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(m_listener, 16), 0);
    m_thread = std::thread([this] { serve(); });
  }
  ~Server() {
    m_is_over = true;
    m_thread.join();
    for (const int connection : m_connections) ::close(connection);
    ::close(m_listener);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  void serve() {
    sigset_t all;  // the runner's are for the main thread
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    while (!m_is_over) {
      pollfd ready{m_listener, POLLIN, 0};
      if (::poll(&ready, 1, 5) != 1) continue;
      const int connection = ::accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC);
      std::string request;
      char byte = 0;
      while (!request.ends_with("\r\n\r\n") && ::read(connection, &byte, 1) == 1) request += byte;
      m_answer(connection, request);
      m_connections.push_back(connection);
    }
  }

  Answer m_answer;
  int m_listener = -1;
  std::vector<int> m_connections;
  std::atomic<bool> m_is_over = false;
  std::thread m_thread;
};

void say(int connection, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

Server::Answer saying(std::string text) {
  return [text = std::move(text)](int connection, const std::string&) {
    say(connection, text);
    ::shutdown(connection, SHUT_RDWR);
  };
}

class HttpFetchTest : public test::ProcessRunnerFixture {
 protected:
  Fetch fetch_of(std::string target) const {
    Fetch fetch;
    fetch.socket = file("s");
    fetch.target = std::move(target);
    return fetch;
  }

  ProcessResult ask(const Fetch& fetch) {
    ProcessResult answer;
    runner.fetch_each({&fetch, 1}, 1, {},
                      [&](std::size_t, ProcessResult r) { answer = std::move(r); });
    return answer;
  }
  ProcessResult ask() { return ask(fetch_of("/x")); }
};

TEST_F(HttpFetchTest, AsksForTheTargetAndTakesTheBodyOfA200) {
  std::string asked;
  const Server server(file("s"), [&](int connection, const std::string& request) {
    asked = request;
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  });
  const auto result = ask(fetch_of("/api/v1/pods?limit=5"));
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, "abc");
  EXPECT_THAT(asked, StartsWith("GET /api/v1/pods?limit=5 HTTP/1.1\r\nHost: localhost\r\n"));
}

// The API server sends big lists so.
TEST_F(HttpFetchTest, JoinsTheChunksOfABody) {
  const std::string mib(1 << 20, 'x');
  const Server server(file("s"), [&](int connection, const std::string&) {
    say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; ++i) say(connection, "100000\r\n" + mib + "\r\n");
    say(connection, "0\r\n\r\n");
  });
  const auto result = ask();
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out.size(), 20 * mib.size());
}

TEST_F(HttpFetchTest, KeepsResultsApartAndInOrder) {
  const Server server(file("s"), [](int connection, const std::string& request) {
    const auto path = request.substr(4, request.find(" HTTP") - 4);
    say(connection,
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(path.size()) + "\r\n\r\n" + path);
  });
  std::vector<Fetch> fetches;
  for (int i = 0; i < 30; ++i) fetches.push_back(fetch_of("/" + std::to_string(i)));
  std::vector<std::string> answers(fetches.size());
  runner.fetch_each(fetches, 4, {}, [&](std::size_t index, ProcessResult result) {
    EXPECT_TRUE(result.ok());
    answers[index] = result.out;
  });
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], "/" + std::to_string(i));
}

// A list of thousands tells its version at once, and is never there as text and whole.
TEST_F(HttpFetchTest, HandsABodyOnWhileItComesAndAsksForWhatFollows) {
  int long_one = -1;
  int asked_for_more = 0;
  const Server server(file("s"), [&](int connection, const std::string& request) {
    if (!request.starts_with("GET /more")) {
      long_one = connection;
      return say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhead\r\n");
    }
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmore");
    if (++asked_for_more == 2) say(long_one, "4\r\ntail\r\n0\r\n\r\n");
  });
  Fetch first = fetch_of("/1");
  std::string body;
  first.on_body = [&](std::string_view part) { body += part; };
  std::vector<std::string> heads;
  const auto follow_up = [&](std::size_t index, std::string_view head) {
    heads.emplace_back(head);
    return index == 0 ? std::vector{fetch_of("/more"), fetch_of("/more")} : std::vector<Fetch>{};
  };
  std::map<std::size_t, ProcessResult> answers;
  runner.fetch_each({&first, 1}, 4, follow_up, [&](std::size_t index, ProcessResult result) {
    EXPECT_TRUE(result.ok()) << result.err;
    answers[index] = std::move(result);
  });
  EXPECT_EQ(heads, (std::vector<std::string>{"head", "more", "more"}));
  EXPECT_EQ(body, "headtail");
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].out, "");
  EXPECT_EQ(answers[0].handed_on, 8U);
  EXPECT_EQ(answers[2].out, "more");
}

// What says why there is no answer is none itself.
TEST_F(HttpFetchTest, KeepsTheBodyOfAnotherStatus) {
  const Server server(file("s"), saying("HTTP/1.1 410 Gone\r\nContent-Length: 2\r\n\r\n{}"));
  Fetch fetch = fetch_of("/x");
  fetch.on_body = [](std::string_view) { FAIL(); };
  ProcessResult answer;
  runner.fetch_each(
      {&fetch, 1}, 1,
      [](std::size_t, std::string_view) -> std::vector<Fetch> { throw std::logic_error("a head"); },
      [&](std::size_t, ProcessResult result) { answer = std::move(result); });
  EXPECT_EQ(answer.exit_code, 410);
  EXPECT_EQ(answer.out, "{}");
}

// Each part was right, the whole is not.
TEST_F(HttpFetchTest, ABodyThatBreaksOffIsNoAnswerThoughItsPartsWereHandedOn) {
  const Server server(file("s"),
                      saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"));
  Fetch fetch = fetch_of("/x");
  std::string body;
  fetch.on_body = [&](std::string_view part) { body += part; };
  EXPECT_FALSE(ask(fetch).ok());
  EXPECT_EQ(body, "ab");
}

// What is handed on is not kept, and has a limit all the same: a list can have no end.
TEST_F(HttpFetchTest, GivesABodyUpThatIsLongerThanTheLimitThoughItIsHandedOn) {
  const Server server(file("s"), [](int connection, const std::string&) {
    say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; ++i) say(connection, "4\r\nmore\r\n");
    say(connection, "0\r\n\r\n");
  });
  Fetch fetch = fetch_of("/x");
  std::size_t taken = 0;
  fetch.on_body = [&](std::string_view part) { taken += part.size(); };
  fetch.max_output = 79;
  const auto result = ask(fetch);
  EXPECT_FALSE(result.ok());
  EXPECT_TRUE(result.truncated);
  EXPECT_LE(taken, 79U);
  fetch.max_output = 80;
  EXPECT_TRUE(ask(fetch).ok());
}

TEST_F(HttpFetchTest, EndsWithWhatTheTakerOfABodyThrows) {
  const Server server(file("s"), saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"));
  Fetch fetch = fetch_of("/x");
  fetch.on_body = [](std::string_view) { throw Error(ExitCode::failed, "no"); };
  EXPECT_THROW(ask(fetch), Error);
}

TEST_F(HttpFetchTest, AnotherStatusIsNoSuccess) {
  const Server server(file("s"), saying("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"));
  const auto result = ask();
  EXPECT_EQ(result.exit_code, 404);
  EXPECT_EQ(result.out, "{}");
}

// Half a list read as a whole one would be a capture that lacks objects.
TEST_F(HttpFetchTest, ABodyThatBreaksOffIsNoAnswer) {
  for (const std::string text : {
           "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{}",
           "HTTP/1.1 200 OK\r\nContent-Len",
           "HTTP/1.1 200 OK\r\n\r\n{}",  // to the end of the connection: nothing tells that it is
                                         // whole
           "",
       }) {
    SCOPED_TRACE(text);
    std::filesystem::remove(file("s"));
    const Server server(file("s"), saying(text));
    EXPECT_EQ(ask().exit_code, -1);
  }
}

TEST_F(HttpFetchTest, WhatIsNoHttpIsNoAnswer) {
  for (const std::string& text : {
           std::string("hello\r\n\r\n"),
           "HTTP/1.1 200 OK\r\nA: " + std::string(std::size_t{1} << 20, 'x'),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
       }) {
    SCOPED_TRACE(text.substr(0, 60));
    std::filesystem::remove(file("s"));
    const Server server(file("s"), saying(text));
    EXPECT_EQ(ask().exit_code, -1);
  }
}

TEST_F(HttpFetchTest, ABodyAboveTheLimitIsCutOffAndSaysSo) {
  const Server server(
      file("s"), saying("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x')));
  Fetch fetch = fetch_of("/x");
  fetch.max_output = 99;
  const auto result = ask(fetch);
  EXPECT_FALSE(result.ok());
  EXPECT_TRUE(result.truncated);
}

TEST_F(HttpFetchTest, GivesUpASilentServerButNotASlowOne) {
  const Server server(file("s"), [](int connection, const std::string& request) {
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    const bool is_slow = request.starts_with("GET /slow");
    for (int i = 0; is_slow && i < 5; ++i) {
      std::this_thread::sleep_for(100ms);
      say(connection, "x");
    }
  });
  Fetch fetch = fetch_of("/slow");
  fetch.silence = Millis{300};
  EXPECT_EQ(ask(fetch).out, "xxxxx");
  fetch.target = "/silent";
  const auto result = ask(fetch);
  EXPECT_EQ(result.exit_code, -1);
  EXPECT_TRUE(result.timed_out);
}

TEST_F(HttpFetchTest, NobodyBehindTheSocketIsNoAnswer) {
  EXPECT_EQ(ask().exit_code, -1);
  Fetch fetch = fetch_of("/x");
  fetch.socket = file(std::string(200, 's'));
  EXPECT_EQ(ask(fetch).exit_code, -1);
}

// A line break would be a second request.
TEST_F(HttpFetchTest, SendsNothingButAPath) {
  std::atomic<int> asked = 0;
  const Server server(file("s"), [&](int, const std::string&) { ++asked; });
  for (const auto* target : {"", "x", "/a b", "/a\r\nHost: evil", "/\x7f", "/\xc3\xa4"}) {
    SCOPED_TRACE(target);
    EXPECT_EQ(ask(fetch_of(target)).exit_code, -1);
  }
  EXPECT_EQ(asked, 0);
}

TEST_F(HttpFetchTest, ASignalGivesAllUpAtOnce) {
  const Server server(file("s"), [](int, const std::string&) { ::kill(::getpid(), SIGTERM); });
  const std::vector<Fetch> fetches(3, fetch_of("/never"));
  const auto began = Steady::now();
  EXPECT_THROW(runner.fetch_each(fetches, 2, {}, [](std::size_t, const ProcessResult&) {}),
               Interrupted);
  EXPECT_LT(Steady::now() - began, 5s);
}

TEST_F(HttpFetchTest, AnErrorOfTheHandlerEndsTheOthers) {
  const Server server(file("s"), saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  const std::vector<Fetch> fetches(8, fetch_of("/x"));
  EXPECT_THROW(
      runner.fetch_each(fetches, 4, {},
                        [](std::size_t, const ProcessResult&) { throw std::runtime_error("no"); }),
      std::runtime_error);
  EXPECT_TRUE(ask().ok());
}

}  // namespace
}  // namespace dr::os
