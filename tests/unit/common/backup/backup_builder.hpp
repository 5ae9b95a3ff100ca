#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/backup/backup.hpp"
#include "tests/unit/support/floor_builder.hpp"

namespace dr::test {

inline backup::BackupId backup_id(const std::string& text = "20260102T030405Z") {
  return *backup::BackupId::parse(text);
}

inline backup::Coverage coverage(const std::string& resource, const std::string& api_version,
                                 const std::string& kind, const std::string& short_name) {
  backup::Coverage one;
  one.resource = resource;
  one.api_version = api_version;
  one.kind = kind;
  one.short_name = short_name;
  return one;
}

// An object as a backup keeps it.
inline Json kept(const std::string& api_version, const std::string& kind, const std::string& name,
                 Json rest = Json::object()) {
  rest["apiVersion"] = api_version;
  rest["kind"] = kind;
  rest["metadata"] = {{"name", name}, {"namespace", "trading-floor"}};
  return rest;
}

// A complete backup of two ConfigMaps, a Deployment and a custom resource.
inline backup::Backup small_backup(const std::string& id = "20260102T030405Z") {
  backup::Backup backup{backup_id(id), {}, {}, {}, {}, {}, {}};
  backup.provenance = {"trading-floor", "prod", "c1", "uid-1", "v1.36.3", "UNKNOWN", "v0.1.0"};
  backup.coverage = {
      coverage("configmaps", "v1", "ConfigMap", "cm"),
      coverage("deployments.apps", "apps/v1", "Deployment", "deploy"),
      coverage("widgets.example.com", "example.com/v1", "Widget", "widgets.example.com")};
  backup.coverage[0].count = 2;
  backup.coverage[1].count = 1;
  backup.coverage[2].count = 1;
  backup.objects = {
      kept("v1", "ConfigMap", "a", {{"data", {{"x", "1"}, {"y", "yes"}}}}),
      kept("v1", "ConfigMap", "b", {{"data", {{"x", "2"}}}}),
      kept("apps/v1", "Deployment", "web", {{"spec", {{"template", make_template("web:1")}}}}),
      kept("example.com/v1", "Widget", "w", {{"spec", {{"n", nullptr}}}})};
  return backup;
}

}  // namespace dr::test
