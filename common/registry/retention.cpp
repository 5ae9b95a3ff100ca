#include "common/registry/retention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"

// Forms and meaning as in the API's CleanupPolicy resource; gcloud and the API spell the words in
// different cases.
namespace dr::registry {
namespace {

using std::chrono::seconds;

[[noreturn]] void refuse(const std::string& cause) {
  throw Error(ExitCode::failed, cause);
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return text;
}

// An unknown member may be a condition that narrows or widens the policy.
template <std::size_t N>
void check_members(const Json& object, const std::array<std::string_view, N>& known) {
  if (!object.is_object()) refuse("something in it is not an object");
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(known, name) == known.end()) {
      refuse(fmt::format("\"{}\" is a condition that we do not know", printable(name)));
    }
  }
}

// "2592000s", "2592000.0s"; a fraction is cut off.
std::optional<seconds> duration_at(const Json& condition, std::string_view member) {
  if (!data::has(condition, {member})) return std::nullopt;
  const std::string& text = data::string_at(condition, {member});
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, count);
  constexpr std::int64_t k_thousand_years = 31'557'600'000;
  std::string_view rest(stop, static_cast<std::size_t>(end - stop));
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789"), rest.size()));
  }
  if (failure != std::errc() || rest != "s" || count < 0 || count > k_thousand_years) {
    refuse(fmt::format("{}: \"{}\" is not a duration", member, printable(text)));
  }
  return seconds(count);
}

std::vector<std::string> strings_at(const Json& object, std::string_view member) {
  std::vector<std::string> list;
  for (const auto& entry : data::array_or_empty(object, {member})) {
    if (!entry.is_string()) refuse(fmt::format("{} holds something that is no text", member));
    list.push_back(entry.get<std::string>());
  }
  return list;
}

CleanupPolicy::TagState tag_state_at(const Json& condition) {
  const std::string state = upper(data::string_or(condition, {"tagState"}, "ANY"));
  if (state == "ANY") return CleanupPolicy::TagState::any;
  if (state == "TAGGED") return CleanupPolicy::TagState::tagged;
  if (state == "UNTAGGED") return CleanupPolicy::TagState::untagged;
  refuse(fmt::format("tagState \"{}\" is not known", printable(state)));
}

void read_condition(const Json& condition, CleanupPolicy& policy) {
  constexpr std::array<std::string_view, 7> k_known = {
      "tagState",  "tagPrefixes", "versionNamePrefixes", "packageNamePrefixes",
      "olderThan", "newerThan",   "moreStaleThan"};
  check_members(condition, k_known);
  policy.tag_state = tag_state_at(condition);
  policy.tag_prefixes = strings_at(condition, "tagPrefixes");
  policy.version_prefixes = strings_at(condition, "versionNamePrefixes");
  policy.package_prefixes = strings_at(condition, "packageNamePrefixes");
  policy.older_than = duration_at(condition, "olderThan");
  policy.newer_than = duration_at(condition, "newerThan");
  policy.by_last_pull = duration_at(condition, "moreStaleThan").has_value();
}

void read_most_recent(const Json& newest, CleanupPolicy& policy) {
  constexpr std::array<std::string_view, 2> k_known = {"keepCount", "packageNamePrefixes"};
  check_members(newest, k_known);
  const std::int64_t count = data::integer_or(newest, {"keepCount"}, 0);
  if (count <= 0 || !policy.keep) refuse("mostRecentVersions is not a number of versions to keep");
  policy.keep_newest = count;
  policy.package_prefixes = strings_at(newest, "packageNamePrefixes");
}

CleanupPolicy policy_of(const std::string& name, const Json& json) {
  constexpr std::array<std::string_view, 4> k_known = {"id", "action", "condition",
                                                       "mostRecentVersions"};
  check_members(json, k_known);
  CleanupPolicy policy;
  policy.name = printable(name);
  const std::string action = upper(data::string_at(json, {"action"}));
  if (action != "KEEP" && action != "DELETE") {
    refuse(fmt::format("action \"{}\" is not known", printable(action)));
  }
  policy.keep = action == "KEEP";
  const Json* condition = data::find(json, {"condition"});
  const Json* newest = data::find(json, {"mostRecentVersions"});
  if ((condition == nullptr) == (newest == nullptr)) {
    refuse("it needs either a condition or mostRecentVersions");
  }
  if (condition != nullptr) read_condition(*condition, policy);
  if (newest != nullptr) read_most_recent(*newest, policy);
  return policy;
}

bool begins_with_one_of(std::string_view text, const std::vector<std::string>& prefixes) {
  return prefixes.empty() || std::ranges::any_of(prefixes, [&](const std::string& prefix) {
           return text.starts_with(prefix);
         });
}

bool matches_tags(const CleanupPolicy& policy, const std::vector<std::string>& tags) {
  if (policy.tag_state == CleanupPolicy::TagState::tagged && tags.empty()) return false;
  if (policy.tag_state == CleanupPolicy::TagState::untagged && !tags.empty()) return false;
  return policy.tag_prefixes.empty() || std::ranges::any_of(tags, [&](const std::string& tag) {
           return begins_with_one_of(tag, policy.tag_prefixes);
         });
}

// When a policy matches an image: from `from` on, until before `until`.
struct Match {
  const CleanupPolicy* policy = nullptr;
  UtcTime from = UtcTime::min();
  UtcTime until = UtcTime::max();
  bool uncertain = false;  // it may match, at any time
  bool at(UtcTime time) const { return !uncertain && from <= time && time < until; }
};

struct Subject {
  const RegistryImage& image;
  const ListedImage& listed;
  std::span<const ListedImage> images;
  UtcTime now;
};

// How many versions of its package are as new; those of the same second count, to be safe.
std::int64_t newer_versions(const Subject& subject) {
  return std::ranges::count_if(subject.images, [&](const ListedImage& other) {
    return other.name() == subject.listed.name() && other.digest() != subject.listed.digest() &&
           (!other.created() || *other.created() >= *subject.listed.created());
  });
}

std::optional<Match> match_of(const CleanupPolicy& policy, const Subject& subject) {
  if (!matches_tags(policy, subject.listed.tags()) ||
      !begins_with_one_of(subject.listed.digest(), policy.version_prefixes) ||
      !begins_with_one_of(subject.image.package, policy.package_prefixes)) {
    return std::nullopt;
  }
  Match match;
  match.policy = &policy;
  match.uncertain = policy.by_last_pull;
  const auto created = subject.listed.created();
  const bool by_age = policy.older_than || policy.newer_than || policy.keep_newest;
  if (by_age && !created) {
    match.uncertain = true;
    return match;
  }
  if (policy.keep_newest && newer_versions(subject) >= *policy.keep_newest) return std::nullopt;
  if (policy.older_than) match.from = *created + *policy.older_than;
  if (policy.newer_than) match.until = *created + *policy.newer_than;
  if (match.until <= subject.now || match.until <= match.from) return std::nullopt;
  return match;
}

struct Matches {
  std::vector<Match> keeping;
  std::vector<Match> deleting;
};

const Match* match_at(const std::vector<Match>& matches, UtcTime time) {
  const auto found = std::ranges::find_if(matches, [&](const Match& m) { return m.at(time); });
  return found == matches.end() ? nullptr : &*found;
}

const Match* uncertain_one(const std::vector<Match>& matches) {
  const auto found = std::ranges::find_if(matches, &Match::uncertain);
  return found == matches.end() ? nullptr : &*found;
}

// The first time from `now` on at which one policy deletes and none keeps.
struct Deletion {
  UtcTime time;
  const CleanupPolicy* policy;
};
std::optional<Deletion> first_deletion(const Matches& matches, UtcTime now) {
  std::vector<UtcTime> times = {now};
  for (const auto& match : matches.deleting) times.push_back(match.from);
  for (const auto& match : matches.keeping) times.push_back(match.until);
  std::ranges::sort(times);
  for (const UtcTime time : times) {
    if (time < now || time == UtcTime::max()) continue;
    const Match* deleting = match_at(matches.deleting, time);
    if (deleting != nullptr && match_at(matches.keeping, time) == nullptr) {
      return Deletion{time, deleting->policy};
    }
  }
  return std::nullopt;
}

Forecast unknown(std::string reason) {
  return {Outlook::unknown, std::nullopt, {}, std::move(reason)};
}

Forecast kept_by(const CleanupPolicy& policy, const Subject& subject) {
  Forecast kept{Outlook::kept, std::nullopt, policy.name, "a keep policy matches it"};
  if (policy.keep_newest) {
    kept.reason = fmt::format("until {} newer versions of its package are pushed",
                              *policy.keep_newest - newer_versions(subject));
  }
  return kept;
}

Forecast forecast_of(const Matches& matches, const Subject& subject) {
  // A policy that keeps it for good settles it, whatever others may do; one that counts pushes the
  // least.
  for (const bool by_count : {false, true}) {
    for (const auto& match : matches.keeping) {
      const bool for_good = match.at(subject.now) && match.until == UtcTime::max();
      if (for_good && match.policy->keep_newest.has_value() == by_count &&
          !matches.deleting.empty()) {
        return kept_by(*match.policy, subject);
      }
    }
  }
  const auto deletion = first_deletion(matches, subject.now);
  for (const auto* one : {&matches.deleting, &matches.keeping}) {
    const Match* match = uncertain_one(*one);
    if (match == nullptr || (one == &matches.keeping && !deletion)) continue;
    return unknown(fmt::format("policy {} depends on what no listing shows", match->policy->name));
  }
  if (!deletion) return {Outlook::kept, std::nullopt, {}, "no policy deletes it"};
  // A part of an index cannot be deleted before it, but no listing shows what is a part of one.
  const bool may_be_part = !subject.listed.is_index() && subject.listed.tags().empty();
  const std::string unless = may_be_part ? ", unless it is part of an index" : "";
  if (deletion->time == subject.now) {
    return {Outlook::deletable, std::nullopt, deletion->policy->name,
            "a delete policy matches it" + unless};
  }
  return {Outlook::deletable_later, deletion->time, deletion->policy->name,
          "a delete policy will match it" + unless};
}

}  // namespace

std::string_view name_of(Outlook outlook) {
  switch (outlook) {
    case Outlook::kept:
      return "kept";
    case Outlook::deletable:
      return "deletable";
    case Outlook::deletable_later:
      return "deletable-later";
    case Outlook::missing:
      return "missing";
    case Outlook::unknown:
      break;
  }
  return "unknown";
}

Retention parse_retention(const Json& repository) {
  Retention retention;
  std::string name;
  try {
    retention.dry_run = data::boolean_or(repository, {"cleanupPolicyDryRun"}, false);
    retention.immutable_tags =
        data::boolean_or(repository, {"dockerConfig", "immutableTags"}, false);
    for (const auto& [key, policy] : data::object_or_empty(repository, {"cleanupPolicies"})) {
      name = key;
      retention.policies.push_back(policy_of(key, policy));
    }
  } catch (const Error& error) {
    retention.not_understood =
        name.empty() ? std::string(error.what())
                     : fmt::format("cleanup policy {}: {}", printable(name), error.what());
  }
  return retention;
}

Forecast forecast(const RegistryImage& image, std::span<const ListedImage> images,
                  const Retention& retention, UtcTime now) {
  if (!retention.not_understood.empty()) return unknown(retention.not_understood);
  const ListedImage* listed = find_image(images, image);
  if (listed == nullptr) return unknown("it is not in the listing");
  const Subject subject{image, *listed, images, now};
  Matches matches;
  for (const auto& policy : retention.policies) {
    if (const auto match = match_of(policy, subject)) {
      (policy.keep ? matches.keeping : matches.deleting).push_back(*match);
    }
  }
  Forecast result = forecast_of(matches, subject);
  if (result.outlook == Outlook::kept) return result;
  if (retention.dry_run) {
    return {Outlook::kept, std::nullopt, {}, "cleanup runs dry: it deletes nothing"};
  }
  if (retention.immutable_tags && !listed->tags().empty()) {
    return {Outlook::kept, std::nullopt, {}, "it is tagged, and tags are immutable here"};
  }
  return result;
}

}  // namespace dr::registry
