#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/command_line.hpp"
#include "common/kube/kubectl.hpp"

namespace dr::kube {
namespace {

// HTTP statuses.
constexpr int k_not_found = 404;
constexpr int k_gone = 410;

struct Refusal {
  int status;
  ApiReason reason;
  std::string_view word;  // the reason as the API server says it
};
constexpr std::array k_refusals = {Refusal{k_not_found, ApiReason::not_found, "NotFound"},
                                   Refusal{k_gone, ApiReason::expired, "Expired"}};

// What kubectl makes of a refusal of the API server: the words of its Status, or of none where
// nothing serves the path. nullopt: somebody else's, such as a load balancer's, which tells
// nothing.
std::optional<ApiError> read_refusal(const Refusal& refusal, const std::string& body) {
  const auto error = [&](const std::string& message) {
    return ApiError{refusal.reason,
                    fmt::format("Error from server ({}): {}", refusal.word, printable(message))};
  };
  if (refusal.status == k_not_found && body == "404 page not found\n")
    return error("the server could not find the requested resource");
  try {
    const Json status = data::read_json(body, "a Status");
    if (data::string_at(status, {"kind"}) != "Status" ||
        data::string_at(status, {"reason"}) != refusal.word) {
      return std::nullopt;
    }
    return error(data::string_at(status, {"message"}));
  } catch (const Error&) {
    return std::nullopt;
  }
}

// As many as kubectl itself asks for at a time.
constexpr std::string_view k_page = "limit=500";
// Five million objects: a list that goes on does not end.
constexpr std::size_t k_max_pages = 10'000;

// RFC 3986, 2.3.
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string query_value(std::string_view text) {
  std::string value;
  for (const char c : text) {
    if (is_unreserved(c)) {
      value += c;
    } else {
      value += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return value;
}

// A list from a page on. Its token holds the version to be read at, so that the path may not.
std::string rest_of(std::string_view path, std::string_view token) {
  return fmt::format("{}?continue={}", path.substr(0, path.find('?')), query_value(token));
}

}  // namespace

Reply Kubectl::reply_of(const os::ProcessResult& result, std::string_view path,
                        std::span<const std::string_view> without) const {
  if (!result.ok()) return {nullptr, api_error_of(result)};
  try {
    data::JsonLimits limits;
    limits.without = without;
    return {data::read_json(result.out, std::string("answer to GET ").append(path), limits),
            std::nullopt};
  } catch (const Error& error) {
    return {nullptr, ApiError{ApiReason::other, error.what()}};
  }
}

void Kubectl::get_each(std::span<const Get> gets, const ReplyHandler& on_reply) const {
  const auto left = ask_proxy(gets, on_reply);
  std::vector<os::Command> commands;
  for (const Ask& ask : left) commands.push_back(get_command(ask.path));
  log(commands);
  // Parsed while the others are read; and of the texts, which can be hundreds of megabytes, there
  // is one at a time.
  m_runner.run_each(commands, k_parallel, [&](std::size_t at, const os::ProcessResult& result) {
    const Ask& ask = left[at];
    on_reply(ask.index, reply_of(result, ask.path, gets[ask.index].without));
  });
}

std::vector<Reply> Kubectl::get_all(std::span<const std::string> paths) const {
  std::vector<Get> gets;
  for (const auto& path : paths) gets.push_back({path});
  std::vector<Reply> replies(paths.size());
  get_each(gets, [&](std::size_t index, Reply reply) { replies[index] = std::move(reply); });
  return replies;
}

std::optional<Reply> Kubectl::proxied_reply(const os::ProcessResult& result, const Get& get) const {
  const auto refusal = std::ranges::find(k_refusals, result.exit_code, &Refusal::status);
  if (refusal != k_refusals.end()) {
    if (auto error = read_refusal(*refusal, result.out)) return Reply{nullptr, std::move(error)};
  }
  if (!result.ok()) return std::nullopt;
  Reply reply = reply_of(result, get.path, get.without);
  if (reply.error) return std::nullopt;
  return reply;
}

os::Fetch Kubectl::fetch_of(const Ask& ask, const Get& get) const {
  std::string path = ask.path;
  if (get.in_pages) {
    path += path.find('?') == std::string::npos ? '?' : '&';
    path += k_page;
  }
  if (m_log) m_log(command_line(get_command(path)) + "  # through the proxy");
  return m_proxy->fetch(std::move(path));
}

std::vector<Kubectl::Ask> Kubectl::ask_proxy(std::span<const Get> gets,
                                             const ReplyHandler& on_reply) const {
  std::vector<Ask> asks;
  for (const Get& get : gets) asks.push_back({asks.size(), get.path});
  if (!m_proxy || !m_proxy->is_usable()) {
    m_proxy.reset();
    return asks;
  }
  // One page after the other takes longest, so that it begins first.
  std::ranges::stable_partition(asks, [&](const Ask& ask) { return gets[ask.index].in_pages; });
  std::vector<os::Fetch> fetches;
  for (const Ask& ask : asks) fetches.push_back(fetch_of(ask, gets[ask.index]));
  std::vector<Ask> left;
  bool is_whole = true;
  const auto next_page = [&](std::size_t at, const os::ProcessResult& result) {
    std::optional<os::Fetch> next;
    const auto [index, path, page] = asks[at];
    if (!gets[index].in_pages || !result.ok()) return next;
    const auto token = data::peek_string(result.out, {"metadata", "continue"});
    if (!token || token->empty()) return next;
    if (page == k_max_pages) {
      throw Error(ExitCode::failed, fmt::format("failed to read {}: it does not end after {} pages",
                                                gets[index].path, page));
    }
    asks.push_back({index, rest_of(gets[index].path, *token), page + 1});
    next = fetch_of(asks.back(), gets[index]);
    return next;
  };
  const auto take = [&](std::size_t at, const os::ProcessResult& result) {
    const Ask& ask = asks[at];
    is_whole = is_whole && result.exit_code >= 0;
    // After a page that was no answer: the one that is asked for instead has this one in it.
    if (std::ranges::find(left, ask.index, &Ask::index) != left.end()) return;
    if (auto reply = proxied_reply(result, gets[ask.index])) {
      on_reply(ask.index, std::move(*reply));
    } else {
      left.push_back(ask);
    }
  };
  m_runner.fetch_each(fetches, k_parallel, next_page, take);
  if (!is_whole) m_proxy.reset();
  std::ranges::sort(left, {}, &Ask::index);
  return left;
}

Reply Kubectl::urgent_get(const std::string& path) const {
  Reply reply;
  const Get get{path};
  const auto left =
      ask_proxy({&get, 1}, [&](std::size_t, Reply proxied) { reply = std::move(proxied); });
  return left.empty() ? std::move(reply) : reply_of(urgent({"get", "--raw", path}), path);
}

std::optional<Json> Kubectl::find(std::string_view path, std::string_view what) const {
  const std::string asked(path);
  Reply reply = std::move(get_all({&asked, 1}).front());
  if (!reply.error) return std::move(reply.value);
  if (reply.error->reason == ApiReason::not_found) return std::nullopt;
  throw Error(ExitCode::failed, "failed to read " + std::string(what) + ": " + reply.error->text);
}

Json Kubectl::get(std::string_view path, std::string_view what) const {
  auto value = find(path, what);
  if (!value)
    throw Error(ExitCode::failed, "failed to read " + std::string(what) + ": it does not exist");
  return std::move(*value);
}

}  // namespace dr::kube
