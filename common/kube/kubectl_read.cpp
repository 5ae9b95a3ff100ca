#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
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

}  // namespace

Reply Kubectl::reply_of(const os::ProcessResult& result, std::string_view path,
                        const data::JsonLimits& limits) const {
  if (!result.ok()) return {nullptr, api_error_of(result)};
  try {
    return {data::read_json(result.out, std::string("answer to GET ").append(path), limits),
            std::nullopt};
  } catch (const Error& error) {
    return {nullptr, ApiError{ApiReason::other, error.what()}};
  }
}

void Kubectl::get_each(std::span<const Get> gets, const ReplyHandler& on_reply,
                       const HeadHandler& on_head) const {
  std::deque<Get> all(gets.begin(), gets.end());
  const auto left = ask_proxy(all, on_reply, on_head);
  std::vector<os::Command> commands;
  for (const std::size_t index : left) commands.push_back(get_command(all[index].path));
  log(commands);
  // Parsed while the others are read; and of the texts, which can be hundreds of megabytes, there
  // is one at a time.
  m_runner.run_each(commands, k_parallel, [&](std::size_t at, const os::ProcessResult& result) {
    const Get& get = all[left[at]];
    on_reply(left[at], reply_of(result, get.path, get.limits));
  });
}

std::vector<Reply> Kubectl::get_all(std::span<const std::string> paths) const {
  std::vector<Get> gets;
  for (const auto& path : paths) gets.push_back({path});
  std::vector<Reply> replies(paths.size());
  get_each(gets, [&](std::size_t index, Reply reply) { replies[index] = std::move(reply); });
  return replies;
}

std::optional<Reply> Kubectl::proxied_reply(const os::ProcessResult& result, const Get& get,
                                            data::JsonFeed* feed) const {
  const auto refusal = std::ranges::find(k_refusals, result.exit_code, &Refusal::status);
  if (refusal != k_refusals.end()) {
    if (auto error = read_refusal(*refusal, result.out)) return Reply{nullptr, std::move(error)};
  }
  if (!result.ok()) return std::nullopt;
  if (feed != nullptr) {
    auto value = feed->take();
    return value ? std::optional(Reply{std::move(*value), std::nullopt}) : std::nullopt;
  }
  Reply reply = reply_of(result, get.path, get.limits);
  if (reply.error) return std::nullopt;
  return reply;
}

os::Fetch Kubectl::fetch_of(const Get& get, data::JsonFeed* feed) const {
  if (m_log) m_log(command_line(get_command(get.path)) + "  # through the proxy");
  os::Fetch fetch = m_proxy->fetch(get.path);
  if (feed != nullptr) fetch.on_body = [feed](std::string_view part) { feed->add(part); };
  return fetch;
}

std::vector<std::size_t> Kubectl::ask_proxy(std::deque<Get>& gets, const ReplyHandler& on_reply,
                                            const HeadHandler& on_head) const {
  std::vector<std::size_t> order;  // of the fetches, by the index of their get
  for (std::size_t index = 0; index < gets.size(); ++index) order.push_back(index);
  if (!m_proxy || !m_proxy->is_usable()) {
    m_proxy.reset();
    return order;
  }
  // What takes longest begins first.
  std::ranges::stable_partition(order, [&](std::size_t index) { return gets[index].is_long; });
  std::map<std::size_t, data::JsonFeed> feeds;
  const auto feed_of = [&](std::size_t index) {
    const auto feed = feeds.find(index);
    return feed == feeds.end() ? nullptr : &feed->second;
  };
  const auto begin = [&](std::size_t index) {
    if (gets[index].is_long) feeds.try_emplace(index, gets[index].limits);
    return fetch_of(gets[index], feed_of(index));
  };
  std::vector<os::Fetch> fetches;
  for (const std::size_t index : order) fetches.push_back(begin(index));
  const auto follow_up = [&](std::size_t at, std::string_view head) {
    std::vector<os::Fetch> more;
    if (!on_head) return more;
    for (Get& get : on_head(order[at], head)) {
      order.push_back(gets.size());
      gets.push_back(std::move(get));
      more.push_back(begin(order.back()));
    }
    return more;
  };
  std::vector<std::size_t> left;
  bool is_whole = true;
  m_runner.fetch_each(fetches, k_parallel, follow_up,
                      [&](std::size_t at, const os::ProcessResult& result) {
                        const std::size_t index = order[at];
                        is_whole = is_whole && result.exit_code >= 0;
                        auto reply = proxied_reply(result, gets[index], feed_of(index));
                        if (!reply) return left.push_back(index);
                        on_reply(index, std::move(*reply));
                      });
  if (!is_whole) m_proxy.reset();
  std::ranges::sort(left);
  return left;
}

Reply Kubectl::urgent_get(const std::string& path) const {
  Reply reply;
  std::deque<Get> gets = {{path}};
  const auto left =
      ask_proxy(gets, [&](std::size_t, Reply proxied) { reply = std::move(proxied); });
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
