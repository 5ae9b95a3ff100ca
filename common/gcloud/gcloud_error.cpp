#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "common/base/text.hpp"
#include "common/gcloud/gcloud.hpp"

// What gcloud prints on stderr, measured with version 528. Its exit code tells usage errors only.
namespace dr::gcloud {
namespace {

constexpr std::string_view k_error_prefix = "ERROR: ";
constexpr std::string_view k_command_prefix = "(gcloud.";
constexpr std::string_view k_artifacts_prefix = "(gcloud.artifacts.";
constexpr std::size_t k_max_characters = 300;
constexpr int k_usage_exit_code = 2;

struct Named {
  std::string_view name;
  Reason reason;
};

// google.rpc.Code, as gcloud prints it before an API's message.
constexpr std::array<Named, 9> k_statuses = {{{"NOT_FOUND", Reason::not_found},
                                              {"PERMISSION_DENIED", Reason::forbidden},
                                              {"UNAUTHENTICATED", Reason::unauthenticated},
                                              {"ALREADY_EXISTS", Reason::already_exists},
                                              {"RESOURCE_EXHAUSTED", Reason::rate_limited},
                                              {"INTERNAL", Reason::server},
                                              {"UNAVAILABLE", Reason::server},
                                              {"DEADLINE_EXCEEDED", Reason::server},
                                              {"UNKNOWN", Reason::server}}};

// Exceptions that gcloud does not handle: "gcloud crashed (NAME)".
constexpr std::array<Named, 9> k_crashes = {{{"ReadTimeout", Reason::timeout},
                                             {"ConnectTimeout", Reason::timeout},
                                             {"Timeout", Reason::timeout},
                                             {"ConnectionError", Reason::transport},
                                             {"ConnectionResetError", Reason::transport},
                                             {"ChunkedEncodingError", Reason::transport},
                                             {"SSLError", Reason::transport},
                                             {"ProxyError", Reason::transport},
                                             {"InvalidDataFromServerError", Reason::transport}}};

// Anywhere in the line, in this order: a refresh of the credentials that did not reach the server
// says nothing about the credentials.
constexpr std::array<Named, 12> k_markers = {{
    {"database is locked", Reason::locked},
    {"Max retries exceeded", Reason::transport},
    {"NameResolutionError", Reason::transport},
    {"Connection aborted", Reason::transport},
    {"active account selected", Reason::unauthenticated},
    {"does not have any valid credentials", Reason::unauthenticated},
    {"refreshing auth tokens", Reason::unauthenticated},
    {"refreshing your current auth tokens", Reason::unauthenticated},
    {"Reauthentication", Reason::unauthenticated},
    {"invalid_grant", Reason::unauthenticated},
    {"does not have permission to access", Reason::forbidden},
    {"matched no objects", Reason::not_found},
}};

template <std::size_t N>
std::optional<Reason> find_name(const std::array<Named, N>& names, std::string_view name) {
  const auto* hit = std::ranges::find(names, name, &Named::name);
  return hit == names.end() ? std::nullopt : std::optional(hit->reason);
}

Reason reason_of_http(int status) {
  switch (status) {
    case 401:
      return Reason::unauthenticated;
    case 403:
      return Reason::forbidden;
    case 404:
      return Reason::not_found;
    case 409:
      return Reason::already_exists;
    case 412:
      return Reason::precondition_failed;
    case 429:
      return Reason::rate_limited;
    default:
      return status >= 500 ? Reason::server : Reason::other;
  }
}

std::optional<int> number_after(std::string_view text, std::string_view marker) {
  const auto at = text.find(marker);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(at + marker.size());
  int number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc()) return std::nullopt;
  return number;
}

std::string_view leading_word(std::string_view text, std::string_view end) {
  const auto at = text.find(end);
  return at == std::string_view::npos ? std::string_view() : text.substr(0, at);
}

// `words` are those after "ERROR: (gcloud.some.command) ".
Reason classify(std::string_view words, bool of_artifacts) {
  if (const auto reason = find_name(k_statuses, leading_word(words, ": "))) return *reason;
  constexpr std::string_view k_crash = "gcloud crashed (";
  if (words.starts_with(k_crash)) {
    const auto name = leading_word(words.substr(k_crash.size()), ")");
    if (const auto reason = find_name(k_crashes, name)) return *reason;
  }
  for (const auto& marker : k_markers) {
    if (words.find(marker.name) != std::string_view::npos) return marker.reason;
  }
  for (const auto* form : {"HTTPError ", "'status': ", " not found: "}) {
    const auto status = number_after(words, form);
    if (!status) continue;
    // Artifact Registry says NOT_FOUND in so many words; a bare 404 comes from something before it.
    const bool of_something_else = *status == 404 && of_artifacts;
    return of_something_else ? Reason::other : reason_of_http(*status);
  }
  return Reason::other;
}

bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

bool is_account(std::string_view word) {
  const auto at = word.find('@');
  if (at == std::string_view::npos || at == 0) return false;
  const std::string_view domain = word.substr(at + 1);
  return word.find('/') == std::string_view::npos && domain.find('.') != std::string_view::npos &&
         domain.find('@') == std::string_view::npos;
}

// Access tokens of Google ("ya29."), JSON web tokens, and what follows "Bearer".
bool is_token(std::string_view word, std::string_view word_before) {
  constexpr std::size_t k_shortest_jwt = 20;
  return word.starts_with("ya29.") || word_before == "Bearer" ||
         (word.starts_with("eyJ") && word.size() >= k_shortest_jwt);
}

std::string with_words_masked(std::string_view text) {
  constexpr std::string_view k_separators = " \t,;:=#'\"`()[]{}<>";
  std::string masked;
  std::string_view before;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find_first_of(k_separators), text.size());
    const std::string_view word = text.substr(0, size);
    masked += is_account(word) || is_token(word, before) ? "***" : word;
    if (!word.empty()) before = word;
    text.remove_prefix(size);
    while (!text.empty() && is_one_of(text.front(), k_separators)) {
      masked += text.front();
      text.remove_prefix(1);
    }
  }
  return masked;
}

std::string with_values_masked(std::string text, std::span<const std::string> secrets) {
  constexpr std::string_view k_mask = "***";
  for (const auto& secret : secrets) {
    for (auto at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + k_mask.size())) {
      text.replace(at, secret.size(), k_mask);
    }
  }
  return text;
}

std::string shortened(std::string text) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool continues = (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
    if (!continues && ++characters > k_max_characters) return text.substr(0, i);
  }
  return text;
}

// Fit for a file and a ticket.
std::string clean(std::string_view words, std::span<const std::string> secrets) {
  const std::string_view own = words.substr(0, words.find("This command is authenticated"));
  std::string text = with_words_masked(with_values_masked(printable(own), secrets));
  return shortened(std::string(trimmed(text)));
}

// The value of a member of the JSON text that gcloud quotes, which may be cut or of several lines.
std::string_view quoted_member(std::string_view text, std::string_view name) {
  const auto at = text.find(fmt::format("\"{}\":", name));
  if (at == std::string_view::npos) return {};
  text.remove_prefix(text.find(':', at) + 1);
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos || text[begin] != '"') return {};
  text.remove_prefix(begin + 1);
  return leading_word(text, "\"");
}

// "HttpError accessing <URL>: response: <headers>, content <body>": the URL and the headers say
// nothing, and the body says it all. `rest` is stderr from these words on.
std::string http_words(std::string_view words, std::string_view rest) {
  if (!words.starts_with("HttpError accessing ")) return std::string(words);
  const auto body = rest.substr(std::min(rest.find("content <"), rest.size()));
  const auto status = quoted_member(body, "status");
  if (!status.empty()) return fmt::format("{}: {}", status, quoted_member(body, "message"));
  const auto number = number_after(words, "'status': ");
  return number ? fmt::format("HTTP {} without a reason", *number) : std::string(words);
}

// The first error line that tells a reason, else the first one.
std::optional<GcloudError> error_in(std::string_view err, std::span<const std::string> secrets) {
  std::optional<GcloudError> first;
  for (std::size_t at = 0; at < err.size(); at = std::min(err.find('\n', at), err.size()) + 1) {
    const std::string_view rest = err.substr(at);
    if (!rest.starts_with(k_error_prefix)) continue;
    const std::string_view line = rest.substr(0, rest.find('\n'));
    std::string_view words = line.substr(k_error_prefix.size());
    const bool of_artifacts = words.starts_with(k_artifacts_prefix);
    if (words.starts_with(k_command_prefix)) {
      words.remove_prefix(std::min(words.find(") "), words.size() - 2) + 2);
    }
    const Reason reason = classify(words, of_artifacts);
    if (!first || reason != Reason::other)
      first = GcloudError{reason, clean(http_words(words, rest), secrets)};
    if (reason != Reason::other) break;
  }
  return first;
}

}  // namespace

std::optional<GcloudError> gcloud_error_of(const os::ProcessResult& result,
                                           std::span<const std::string> secrets) {
  if (result.ok()) return std::nullopt;
  if (result.timed_out) {
    return GcloudError{Reason::timeout, fmt::format("gcloud gave no answer within {}",
                                                    format_duration(result.elapsed))};
  }
  if (result.truncated || result.pipe_held) {
    return GcloudError{Reason::transport, "the output of gcloud is not whole"};
  }
  if (result.signal != 0) {
    return GcloudError{Reason::other, fmt::format("gcloud was ended by signal {}", result.signal)};
  }
  auto error = error_in(result.err, secrets);
  if (!error) {
    error = GcloudError{Reason::other, fmt::format("gcloud ended with exit code {} and no reason",
                                                   result.exit_code)};
  }
  if (result.exit_code == k_usage_exit_code) error->reason = Reason::usage;
  return error;
}

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::not_found:
      return "not found";
    case Reason::forbidden:
      return "forbidden";
    case Reason::unauthenticated:
      return "unauthenticated";
    case Reason::already_exists:
      return "already exists";
    case Reason::precondition_failed:
      return "precondition failed";
    case Reason::rate_limited:
      return "rate limited";
    case Reason::server:
      return "server error";
    case Reason::transport:
      return "no connection";
    case Reason::timeout:
      return "timeout";
    case Reason::locked:
      return "locked";
    case Reason::usage:
      return "usage";
    case Reason::other:
      break;
  }
  return "other";
}

std::string_view next_step_of(Reason reason) {
  switch (reason) {
    case Reason::not_found:
      return "check the project, the location and the name";
    case Reason::forbidden:
      return "check the project, and which roles the account has: `gcloud auth list` names it";
    case Reason::unauthenticated:
      return "log in with `gcloud auth login`, or in a job with `gcloud auth "
             "activate-service-account`";
    case Reason::rate_limited:
    case Reason::server:
    case Reason::transport:
    case Reason::timeout:
      return "check the connection, then run it again";
    case Reason::locked:
      return "run it again when no other gcloud runs on this configuration";
    case Reason::usage:
      return "update the Google Cloud CLI with `gcloud components update`";
    case Reason::already_exists:
    case Reason::precondition_failed:
    case Reason::other:
      break;
  }
  return "run it with -v to see the command of gcloud";
}

}  // namespace dr::gcloud
