#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/gcloud/gcloud.hpp"
#include "common/lkg/lkg.hpp"
#include "tests/unit/common/registry/registry_builder.hpp"
#include "tests/unit/support/fake_process_runner.hpp"

namespace dr::test {

inline const std::string k_not_found = "NOT_FOUND: Requested entity was not found.";

// An Artifact Registry behind a gcloud that is a fake.
class FakeRegistry {
 public:
  FakeRegistry() {
    runner.handler = [this](const os::Command& command) { return answer(command.args); };
  }

  std::map<std::string, std::vector<Json>> rows;       // by path of the repository
  std::map<std::string, Json> settings;                // by name of the repository
  std::map<std::string, std::string> list_errors;      // by path of the repository
  std::map<std::string, std::string> describe_errors;  // by digest; others are described
  std::map<std::string, std::string> tag_errors;       // by tag
  FakeProcessRunner runner;

  gcloud::Gcloud gcloud() { return {runner, os::Environment({}), "/opt/gcloud"}; }

  // The calls so far that begin with these words.
  std::vector<std::vector<std::string>> calls(const std::vector<std::string>& words) const {
    std::vector<std::vector<std::string>> found;
    for (const auto& command : runner.commands()) {
      if (begins_with(command.args, words)) found.push_back(command.args);
    }
    return found;
  }

 private:
  static bool begins_with(const std::vector<std::string>& args,
                          const std::vector<std::string>& words) {
    return args.size() >= words.size() && std::equal(words.begin(), words.end(), args.begin());
  }

  static os::ProcessResult refuse(const std::string& words) {
    return failed(1, "ERROR: (gcloud.artifacts.x) " + words + "\n");
  }

  static std::string flag(const std::vector<std::string>& args, const std::string& name) {
    for (const auto& arg : args) {
      if (arg.starts_with(name + "=")) return arg.substr(name.size() + 1);
    }
    return {};
  }

  os::ProcessResult answer(const std::vector<std::string>& args) {
    if (begins_with(args, {"artifacts", "docker", "images", "list"})) return list(args[4]);
    if (begins_with(args, {"artifacts", "versions", "describe"})) return describe(args[3]);
    if (begins_with(args, {"artifacts", "repositories", "describe"})) {
      return succeeded(settings.at(args[3]).dump());
    }
    return tag(args);
  }

  os::ProcessResult list(const std::string& path) {
    if (list_errors.contains(path)) return refuse(list_errors.at(path));
    return succeeded(Json(rows[path]).dump());
  }

  os::ProcessResult describe(const std::string& digest) {
    if (describe_errors.contains(digest)) return refuse(describe_errors.at(digest));
    return succeeded(Json{{"name", "projects/p/packages/x/versions/" + digest}}.dump());
  }

  os::ProcessResult tag(const std::vector<std::string>& args) {
    const std::string& name = args.at(3);
    if (args.at(2) == "create" && tag_errors.contains(name)) return refuse(tag_errors.at(name));
    return succeeded(Json{{"name", "projects/p/tags/" + name},
                          {"version", "projects/p/versions/" + flag(args, "--version")}}
                         .dump());
  }
};

// An LKG of the incumbent's form with a Deployment of that name for each image.
inline lkg::Lkg lkg_of(const std::vector<std::pair<std::string, std::string>>& images) {
  Json items = Json::array();
  for (const auto& [name, image] : images) {
    const Json labels = {{"app", name}};
    const Json container = {{"name", "main"}, {"image", image}};
    items.push_back({{"apiVersion", "apps/v1"},
                     {"kind", "Deployment"},
                     {"metadata", {{"name", name}, {"namespace", "trading-floor"}}},
                     {"spec",
                      {{"selector", {{"matchLabels", labels}}},
                       {"template",
                        {{"metadata", {{"labels", labels}}},
                         {"spec", {{"containers", Json::array({container})}}}}}}}});
  }
  return lkg::parse_lkg(
      {data::write_json({{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}}),
       data::write_json({{"timestamp_utc", "2026-01-01T00:00:00Z"},
                         {"namespace", "trading-floor"},
                         {"components", Json::array()}})});
}

}  // namespace dr::test
