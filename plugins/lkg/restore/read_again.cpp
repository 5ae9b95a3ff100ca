#include "plugins/lkg/restore/read_again.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace dr::lkg {

std::map<kube::ObjectKey, Json> read_again(const RestoreRun& run,
                                           const std::vector<kube::ObjectKey>& keys) {
  std::map<const kube::Kind*, std::map<std::string, kube::ObjectKey>> wanted;  // by name
  for (const auto& key : keys) wanted[&kube::kind_of(key)].emplace(key.name, key);
  std::vector<std::string> paths;
  for (const auto& [kind, names] : wanted) paths.push_back(kube::list_path(*kind, run.lkg.ns));
  auto replies = run.kubectl.get_all(paths);
  std::map<kube::ObjectKey, Json> objects;
  auto reply = replies.begin();
  for (const auto& [kind, names] : wanted) {
    if (reply->error) {
      throw Error(ExitCode::incomplete,
                  fmt::format("failed to list {}: {}", kind->name(), reply->error->text),
                  "run the restore again");
    }
    for (Json item : data::array_or_empty(reply->value, {"items"})) {
      const auto named = names.find(kube::name_of(item));
      if (named == names.end()) continue;
      kube::set_type(item, kind->api_version, kind->kind);
      objects.emplace(named->second, std::move(item));
    }
    ++reply;
  }
  return objects;
}

}  // namespace dr::lkg
