#include "common/backup/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/text.hpp"
#include "common/base/time.hpp"
#include "common/kube/object.hpp"

// Everything here is linear in the length of a value (1 MiB in a ConfigMap): each search goes on
// behind what the one before it looked at.
namespace dr::backup {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c);
}

template <std::size_t Size>
bool is_one_of(std::string_view word, const std::array<std::string_view, Size>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// --- By name

// The words of a key, in lower case: "DB_PASSWORD", "dbPassword", "db-password2" and "DBPassword"
// are all "db password".
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  const auto end_word = [&](std::size_t end) {
    if (end > begin) words.push_back(in_lower_case(name.substr(begin, end - begin)));
    begin = end;
  };
  for (std::size_t at = 0; at < name.size(); ++at) {
    const char c = name[at];
    if (!is_lower(c) && !is_upper(c)) {
      end_word(at);
      begin = at + 1;
      continue;
    }
    const bool after_lower = at > 0 && is_lower(name[at - 1]);
    const bool ends_capitals = at > begin && at + 1 < name.size() && is_lower(name[at + 1]);
    if (is_upper(c) && (after_lower || ends_capitals)) end_word(at);
  }
  end_word(name.size());
  return words;
}

bool is_named_like_credential(std::string_view name) {
  static constexpr std::array<std::string_view, 16> k_words = {
      "password",   "passwords", "passwd",  "passphrase", "pwd",         "secret",
      "secrets",    "token",     "tokens",  "credential", "credentials", "apikey",
      "privatekey", "accesskey", "apikeys", "secretkey"};
  static constexpr std::array<std::string_view, 5> k_before_key = {"api", "private", "access",
                                                                   "signing", "encryption"};
  // With one of these last the value tells about a credential and is none: SECRET_NAME, TOKEN_TTL.
  static constexpr std::array<std::string_view, 20> k_about = {
      "name",   "names",  "file",     "path",     "dir",    "url",     "uri",
      "host",   "ref",    "id",       "type",     "ttl",    "policy",  "length",
      "issuer", "expiry", "endpoint", "provider", "header", "audience"};
  const std::vector<std::string> words = words_of(name);
  if (words.empty() || is_one_of(words.back(), k_about)) return false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (is_one_of(words[at], k_words)) return true;
    const bool is_key = words[at] == "key" || words[at] == "keys";
    if (is_key && at > 0 && is_one_of(words[at - 1], k_before_key)) return true;
  }
  return false;
}

bool is_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return end == text.data() + text.size() && error != std::errc::invalid_argument;
}

bool is_switch_word(std::string_view text) {
  static constexpr std::array<std::string_view, 8> k_words = {"true", "false", "yes",  "no",
                                                              "on",   "off",   "none", "null"};
  return text.size() <= 5 && is_one_of(in_lower_case(text), k_words);
}

bool is_path(std::string_view text) {
  const bool starts_like_one = text.starts_with('/') || text.starts_with("./") ||
                               text.starts_with("../") || text.starts_with("~/");
  return starts_like_one && text.find_first_of(" \t\r\n") == std::string_view::npos;
}

// ${X}, $(X), {{ X }}: filled in elsewhere.
bool is_reference(std::string_view text) {
  return (text.starts_with("${") && text.ends_with('}')) ||
         (text.starts_with("$(") && text.ends_with(')')) ||
         (text.starts_with("{{") && text.ends_with("}}"));
}

bool is_harmless(std::string_view value) {
  const std::string_view text = trimmed(value);
  return text.empty() || is_switch_word(text) || is_number(text) || is_path(text) ||
         is_reference(text) || parse_duration(text).has_value();
}

// --- By form

// Where the run of characters that `belongs` from `at` on ends.
template <class Belongs>
std::size_t end_of_run(std::string_view text, std::size_t at, const Belongs& belongs) {
  while (at < text.size() && belongs(text[at])) ++at;
  return at;
}

bool is_of_base64url(char c) {
  return is_alnum(c) || c == '-' || c == '_';
}

bool is_of_aws_id(char c) {
  return is_upper(c) || is_digit(c);
}

bool starts_word(std::string_view text, std::size_t at) {
  return at == 0 || !is_alnum(text[at - 1]);
}

// A token that a service marks by its first characters.
struct TokenForm {
  std::string_view prefix;
  std::size_t shortest;  // characters after the prefix
  std::string_view name;
  bool (*belongs)(char) = is_of_base64url;
};

constexpr std::array<TokenForm, 24> k_tokens = {{
    {"AKIA", 16, "an AWS access key", is_of_aws_id},
    {"ASIA", 16, "an AWS access key", is_of_aws_id},
    {"ghp_", 36, "a GitHub token"},
    {"gho_", 36, "a GitHub token"},
    {"ghu_", 36, "a GitHub token"},
    {"ghs_", 36, "a GitHub token"},
    {"ghr_", 36, "a GitHub token"},
    {"github_pat_", 22, "a GitHub token"},
    {"xoxb-", 10, "a Slack token"},
    {"xoxa-", 10, "a Slack token"},
    {"xoxp-", 10, "a Slack token"},
    {"xoxr-", 10, "a Slack token"},
    {"xoxs-", 10, "a Slack token"},
    {"xapp-", 10, "a Slack token"},
    {"sk_live_", 16, "a Stripe key"},
    {"rk_live_", 16, "a Stripe key"},
    {"sk_test_", 16, "a Stripe key"},
    {"AIza", 35, "a Google API key"},
    // PEM once more in base64: the first 15 or 18 bytes of it.
    {"LS0tLS1CRUdJTiBQUklW", 16, "a private key"},
    {"LS0tLS1CRUdJTiBSU0Eg", 16, "a private key"},
    {"LS0tLS1CRUdJTiBFQyBQ", 16, "a private key"},
    {"LS0tLS1CRUdJTiBFTkNS", 16, "a private key"},
    {"LS0tLS1CRUdJTiBPUEVOU1NI", 16, "a private key"},
    {"glpat-", 20, "a GitLab token"},
}};

bool has_token(std::string_view text, const TokenForm& form) {
  for (auto at = text.find(form.prefix); at != std::string_view::npos;) {
    std::size_t next = at + form.prefix.size();
    if (starts_word(text, at)) {
      const std::size_t begin = std::exchange(next, end_of_run(text, next, form.belongs));
      if (next - begin >= form.shortest) return true;
    }
    at = text.find(form.prefix, next);
  }
  return false;
}

// -----BEGIN RSA PRIVATE KEY-----, and every other kind of them.
bool has_private_key(std::string_view text) {
  constexpr std::string_view k_begin = "-----BEGIN ";
  constexpr std::size_t k_longest_label = 64;
  for (auto at = text.find(k_begin); at != std::string_view::npos;
       at = text.find(k_begin, at + 1)) {
    std::string_view label = text.substr(at + k_begin.size(), k_longest_label);
    label = label.substr(0, label.find("-----"));
    if (label.find("PRIVATE KEY") != std::string_view::npos) return true;
  }
  return false;
}

bool has_service_account_key(std::string_view text) {
  return text.find("\"service_account\"") != std::string_view::npos &&
         text.find("\"private_key\"") != std::string_view::npos;
}

// Three parts in base64url, the first two of them JSON objects: {" is eyJ.
bool has_json_web_token(std::string_view text) {
  constexpr std::string_view k_object = "eyJ";
  constexpr std::size_t k_shortest_part = 10;
  for (auto at = text.find(k_object); at != std::string_view::npos;) {
    if (!starts_word(text, at)) {
      at = text.find(k_object, at + k_object.size());
      continue;
    }
    const std::size_t header = end_of_run(text, at, is_of_base64url);
    if (header - at >= k_shortest_part && text.substr(header).starts_with(".eyJ")) {
      const std::size_t payload = end_of_run(text, header + 1, is_of_base64url);
      const bool is_signed =
          payload - header > k_shortest_part && text.substr(payload).starts_with('.') &&
          end_of_run(text, payload + 1, is_of_base64url) > payload + k_shortest_part;
      if (is_signed) return true;
    }
    at = text.find(k_object, header);
  }
  return false;
}

// scheme://user:password@host
bool has_url_with_password(std::string_view text) {
  constexpr std::string_view k_mark = "://";
  for (auto at = text.find(k_mark); at != std::string_view::npos;) {
    const std::size_t begin = at + k_mark.size();
    const std::size_t end = text.find_first_of("@/?#\"'`<>, \t\r\n", begin);
    if (end == std::string_view::npos) return false;
    const std::string_view user_info = text.substr(begin, end - begin);
    const auto colon = user_info.find(':');
    if (text[end] == '@' && colon != std::string_view::npos) {
      const std::string_view password = user_info.substr(colon + 1);
      if (!password.empty() && !is_reference(password)) return true;
    }
    at = text.find(k_mark, end);
  }
  return false;
}

// What the value holds, by its form; nothing when it holds none of what is known here.
std::optional<std::string_view> form_of(std::string_view value) {
  if (has_service_account_key(value)) return "a service account key";
  if (has_private_key(value)) return "a private key";
  if (has_json_web_token(value)) return "a JSON web token";
  for (const TokenForm& form : k_tokens) {
    if (has_token(value, form)) return form.name;
  }
  if (has_url_with_password(value)) return "a URL with a password";
  return std::nullopt;
}

// key=value, "key": "value", --key value: a key that is named like a credential, with a value.
bool gives_named_credential(std::string_view line) {
  constexpr std::string_view k_quotes = "\"'";
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end =
        end_of_run(line, at, [](char c) { return is_of_base64url(c) || c == '.'; });
    const std::string_view name = line.substr(at, end - at);
    std::string_view rest = line.substr(end);
    if (!rest.empty() && k_quotes.find(rest.front()) != std::string_view::npos)
      rest.remove_prefix(1);
    const bool has_value = !rest.empty() && (rest.front() == '=' || rest.front() == ':' ||
                                             (name.starts_with("--") && rest.front() == ' '));
    if (has_value && is_named_like_credential(name)) {
      rest.remove_prefix(1);
      std::string_view value = trimmed(rest);
      if (!value.empty() && k_quotes.find(value.front()) != std::string_view::npos)
        value.remove_prefix(1);
      if (!is_harmless(value.substr(0, value.find_first_of(" \t,;&\"'}")))) return true;
    }
    at = std::max(end, at) + 1;
  }
  return false;
}

// --- Where to look

class Search {
 public:
  void look_at(const Json& object) {
    if (data::string_at(object, {"apiVersion"}) == "v1" &&
        data::string_at(object, {"kind"}) == "ConfigMap") {
      look_at_values(object, "data");
      look_at_values(object, "binaryData");
    }
    const bool is_pod = data::string_at(object, {"kind"}) == "Pod";
    if (const Json* pod = is_pod ? &object : kube::pod_template_of(object)) {
      for (const Json* container : kube::containers_of(*pod)) look_at_container(object, *container);
    }
  }

  std::vector<std::string> take() { return std::move(m_warnings); }

 private:
  void look_at_values(const Json& config_map, std::string_view member) {
    for (const auto& [key, value] : data::object_or_empty(config_map, {member})) {
      warn(config_map, fmt::format("key \"{}\"", key), key, data::string_or(value, {}, ""));
    }
  }

  void look_at_container(const Json& workload, const Json& container) {
    for (const Json& variable : data::array_or_empty(container, {"env"})) {
      const std::string name = data::string_or(variable, {"name"}, "");
      warn(workload,
           fmt::format("environment variable \"{}\" of container \"{}\"", name,
                       data::string_or(container, {"name"}, "")),
           name, data::string_or(variable, {"value"}, ""));
    }
  }

  void warn(const Json& object, const std::string& place, std::string_view name,
            std::string_view value) {
    std::string cause;
    if (const auto form = form_of(value)) {
      cause = fmt::format("holds {}", *form);
    } else if (is_named_like_credential(name) && !is_harmless(value)) {
      cause = "looks like a credential by its name";
    } else {
      return;
    }
    m_warnings.push_back(printable(fmt::format("{}: {} {}", kube::display(object), place, cause)));
  }

  std::vector<std::string> m_warnings;
};

}  // namespace

std::string without_credentials(std::string_view line) {
  if (!form_of(line) && !gives_named_credential(line)) return std::string(line);
  return "(left out: it may tell a credential)";
}

std::vector<std::string> credential_warnings(const std::vector<Json>& objects) {
  Search search;
  for (const Json& object : objects) search.look_at(object);
  return search.take();
}

}  // namespace dr::backup
