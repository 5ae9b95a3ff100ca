#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/text.hpp"
#include "common/os/process_runner.hpp"
#include "tests/unit/support/fake_controllers.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/fake_store.hpp"

namespace dr::test {

// The kubectl command without the pinned connection flags in front: {"get", "--raw", "/version"}.
inline std::vector<std::string> verb_and_args(const os::Command& command) {
  const auto verb = std::find_if(command.args.begin(), command.args.end(),
                                 [](const std::string& arg) { return !arg.starts_with("--"); });
  return {verb, command.args.end()};
}

inline std::vector<Json> items_of(const FakeStore::State& state, const kube::Kind& kind) {
  const std::string prefix = kube::list_path(kind, k_floor) + "/";
  std::vector<Json> items;
  for (auto at = state.lower_bound(prefix); at != state.end() && at->first.starts_with(prefix);
       ++at) {
    if (at->first.find('/', prefix.size()) == std::string::npos) items.push_back(*at->second);
  }
  return items;
}

// What kubectl and the API server answer to the calls that our programs make. What it says and does
// is held to the real ones by tests/cluster/model.bats.
class FakeApiServer {
 public:
  // Knows no version before `compacted` any more.
  FakeApiServer(FakeStore& store, std::uint64_t compacted)
      : m_store(store), m_compacted(compacted) {}

  os::ProcessResult answer(const os::Command& command) {
    const auto args = verb_and_args(command);
    if (is_rehearsal(args)) return rehearse(command.input);
    if (is_dry_run(args, command.input)) return answer_without_effect(command);
    m_store.writer = manager_of(args);
    if (args.front() == "proxy") return failed(1, "error: this kubectl is no proxy\n");
    if (args.front() == "config") return succeeded(data::write_json(config()));
    if (args.front() == "api-resources") return succeeded(api_resources());
    if (args.front() == "get") return args[1] == "--raw" ? get(args[2]) : succeeded();
    if (args.front() == "patch") return patch(args);
    if (args.front() == "delete") return delete_raw(args[2], command.input);
    return write_documents(args, command.input);
  }

 private:
  using Query = std::map<std::string, std::string>;

  static Json config() {
    return {{"current-context", "floor-context"},
            {"contexts",
             Json::array(
                 {{{"name", "floor-context"},
                   {"context",
                    {{"cluster", "floor-cluster"}, {"user", "jane"}, {"namespace", k_floor}}}}})},
            {"clusters", Json::array({{{"name", "floor-cluster"},
                                       {"cluster", {{"server", "https://floor:6443"}}}}})}};
  }

  static bool has_arg(const std::vector<std::string>& args, std::string_view arg) {
    return std::find(args.begin(), args.end(), arg) != args.end();
  }

  // Of a preflight: its answers are the objects themselves.
  static bool is_rehearsal(const std::vector<std::string>& args) {
    return args.front() == "create" && has_arg(args, "--dry-run=server") && args.back() == "json";
  }

  static bool is_dry_run(const std::vector<std::string>& args, const std::string& input) {
    if (args.front() == "delete")
      return !data::array_or_empty(data::read_json(input, "DeleteOptions"), {"dryRun"}).empty();
    return has_arg(args, "--dry-run=server");
  }

  // The same on a store that nobody else sees.
  os::ProcessResult answer_without_effect(os::Command command) const {
    std::erase(command.args, "--dry-run=server");
    if (!command.input.empty() &&
        command.args.end() != std::find(command.args.begin(), command.args.end(), "--raw")) {
      Json options = data::read_json(command.input, "DeleteOptions");
      options.erase("dryRun");
      command.input = data::write_json(options);
    }
    FakeStore elsewhere = m_store;
    return FakeApiServer(elsewhere, m_compacted).answer(command);
  }

  static std::string manager_of(const std::vector<std::string>& args) {
    constexpr std::string_view k_flag = "--field-manager=";
    for (const auto& arg : args) {
      if (arg.starts_with(k_flag)) return arg.substr(k_flag.size());
    }
    return "kubectl-" + args.front();
  }

  // --- Reading

  // What `kubectl api-resources -o wide --no-headers` prints; there are no custom resources.
  static std::string api_resources() {
    std::string table;
    for (const auto& kind : kube::kinds()) {
      table += kind.plural + " " + kind.short_name + " " + kind.api_version +
               (kind.namespaced ? " true " : " false ") + kind.kind + " create,get,list,update\n";
    }
    return table;
  }

  static Json groups() {
    std::set<std::string> names;
    for (const auto& kind : kube::kinds()) names.emplace(kind.group());
    names.erase("");
    Json list = Json::array();
    for (const auto& name : names) list.push_back({{"name", name}});
    return {{"groups", std::move(list)}};
  }

  // As messages name it: deployments.apps "web".
  static std::string quoted(const kube::Kind& kind, std::string_view name) {
    std::string text(kind.plural);
    if (!kind.group().empty()) text.append(".").append(kind.group());
    return text.append(" \"").append(name).append("\"");
  }

  static os::ProcessResult refused(std::string_view reason, const std::string& text) {
    return failed(1, "Error from server (" + std::string(reason) + "): " + text + "\n");
  }

  // The kind whose list or objects are at that path, and the name of the object.
  struct Place {
    const kube::Kind* kind = nullptr;
    std::string name;
  };
  static Place place_of(const std::string& path) {
    static const auto lists = [] {
      std::map<std::string, const kube::Kind*> known;
      for (const auto& kind : kube::kinds()) known[kube::list_path(kind, k_floor)] = &kind;
      for (const auto& kind : other_kinds()) known[kube::list_path(kind, k_floor)] = &kind;
      return known;
    }();
    if (const auto list = lists.find(path); list != lists.end()) return {list->second, {}};
    const auto slash = path.rfind('/');
    const auto list = lists.find(path.substr(0, slash));
    if (list == lists.end()) return {};
    return {list->second, path.substr(slash + 1)};
  }

  static Query query_of(const std::string& raw) {
    Query query;
    const auto begin = raw.find('?');
    if (begin == std::string::npos) return query;
    for (const auto& part : split(raw.substr(begin + 1), '&')) {
      const auto equals = part.find('=');
      std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
      if (const auto coded = value.find("%3D"); coded != std::string::npos)
        value.replace(coded, 3, "=");
      query[part.substr(0, equals)] = value;
    }
    return query;
  }

  static bool is_selected(const Query& query, const Json& object) {
    const auto selector = query.find("fieldSelector");
    return selector == query.end() ||
           selector->second == "metadata.name=" + kube::name_of(object) ||
           selector->second == "type=" + data::string_or(object, {"type"}, "");
  }

  os::ProcessResult get(const std::string& raw) const {
    const std::string path = raw.substr(0, raw.find('?'));
    if (path == "/apis") return succeeded(data::write_json(groups()));
    if (path == "/version") return succeeded(R"({"gitVersion":"v1.36.3"})");
    const auto place = place_of(path);
    if (place.kind == nullptr)
      return refused("NotFound", "the server could not find the requested resource");
    const Query query = query_of(raw);
    if (place.name.empty())
      return query.contains("watch") ? replay(*place.kind, query) : list(*place.kind, query);
    const Json* object = m_store.find(path);
    if (object == nullptr)
      return refused("NotFound", quoted(*place.kind, place.name) + " not found");
    return succeeded(data::write_json(*object, -1));
  }

  os::ProcessResult list(const kube::Kind& kind, const Query& query) const {
    const std::uint64_t current = m_store.revision();
    const auto exact = query.find("resourceVersion");
    const std::uint64_t version = exact == query.end() ? current : std::stoull(exact->second);
    if (version < m_compacted) {
      return refused("Expired", "The resourceVersion for the provided list is too old.");
    }
    if (version > current) {
      return refused("Timeout", "Too large resource version: " + std::to_string(version) +
                                    ", current: " + std::to_string(current));
    }
    auto items = items_of(version == current ? m_store.state() : m_store.state_at(version), kind);
    std::erase_if(items, [&](const Json& item) { return !is_selected(query, item); });
    Json metadata = {{"resourceVersion", std::to_string(version)}};
    const auto limit = query.find("limit");
    if (limit != query.end() && items.size() > std::stoull(limit->second)) {
      metadata["continue"] = "more";
      items.resize(std::stoull(limit->second));
    }
    for (auto& item : items) {
      item.erase("apiVersion");
      item.erase("kind");
    }
    return succeeded(data::write_json({{"kind", std::string(kind.kind) + "List"},
                                       {"apiVersion", kind.api_version},
                                       {"metadata", std::move(metadata)},
                                       {"items", std::move(items)}},
                                      -1));
  }

  // All events after a version (without one: ever), one JSON document a line.
  os::ProcessResult replay(const kube::Kind& kind, const Query& query) const {
    const auto version = query.find("resourceVersion");
    const std::uint64_t since = version == query.end() ? 0 : std::stoull(version->second);
    if (since < m_compacted) {
      return succeeded(data::write_json({{"type", "ERROR"},
                                         {"object",
                                          {{"kind", "Status"},
                                           {"apiVersion", "v1"},
                                           {"metadata", Json::object()},
                                           {"status", "Failure"},
                                           {"message", "too old resource version"},
                                           {"reason", "Expired"},
                                           {"code", 410}}}},
                                        -1) +
                       "\n");
    }
    const std::string prefix = kube::list_path(kind, k_floor) + "/";
    std::string lines;
    for (const auto& event : m_store.events()) {
      if (event.revision <= since || !event.path.starts_with(prefix) ||
          !is_selected(query, *event.object))
        continue;
      const bool is_new = m_store.find_at(event.path, event.revision - 1) == nullptr;
      const char* type = event.is_deleted ? "DELETED" : is_new ? "ADDED" : "MODIFIED";
      lines += data::write_json({{"type", type}, {"object", *event.object}}, -1) + "\n";
    }
    return succeeded(lines);
  }

  // --- Writing

  // What an immutable ConfigMap says against becoming `now`; empty when it does not.
  static std::string frozen(const Json& old, const Json& now) {
    if (!data::boolean_or(old, {"immutable"}, false)) return {};
    for (const char* member : {"immutable", "data", "binaryData"}) {
      if (old.value(member, Json()) == now.value(member, Json())) continue;
      return "The ConfigMap \"" + kube::name_of(old) + "\" is invalid: " + member +
             ": Forbidden: field is immutable when `immutable` is set";
    }
    return {};
  }

  os::ProcessResult patch(const std::vector<std::string>& args) {
    const std::string& name = args.at(2);
    const Json* old = find("ConfigMap", name);
    if (old == nullptr) {
      return refused("NotFound", find("Namespace", k_floor) == nullptr
                                     ? "namespaces \"" + k_floor + "\" not found"
                                     : "configmaps \"" + name + "\" not found");
    }
    Json object = *old;
    object.merge_patch(data::read_json(*(std::find(args.begin(), args.end(), "-p") + 1), "-p"));
    if (const auto cause = frozen(*old, object); !cause.empty()) return failed(1, cause + "\n");
    m_store.store(std::move(object));
    return succeeded("configmap/" + name + "\n");
  }

  os::ProcessResult delete_raw(const std::string& path, const std::string& input) {
    const auto place = place_of(path);
    const Json* found = m_store.find(path);
    if (found == nullptr)
      return refused("NotFound", quoted(*place.kind, place.name) + " not found");
    const Json options = data::read_json(input, "DeleteOptions");
    const std::string uid = data::string_or(options, {"preconditions", "uid"}, "");
    const std::string version = data::string_or(options, {"preconditions", "resourceVersion"}, "");
    if (!uid.empty() && uid != kube::uid_of(*found)) {
      return refused("Conflict", "the UID in the precondition (" + uid +
                                     ") does not match the UID in record (" + kube::uid_of(*found) +
                                     "). The object might have been deleted and then recreated");
    }
    if (!version.empty() && version != kube::resource_version_of(*found)) {
      return refused("Conflict", "the ResourceVersion in the precondition (" + version +
                                     ") does not match the ResourceVersion in record (" +
                                     kube::resource_version_of(*found) +
                                     "). The object might have been modified");
    }
    if (!data::array_or_empty(*found, {"metadata", "finalizers"}).empty())
      return succeeded(data::write_json(mark_as_deleted(*found), -1) + "\n");
    FakeControllers(m_store).remove(place.kind->kind, place.name);
    Json details = {{"name", place.name}, {"kind", place.kind->plural}, {"uid", uid}};
    if (!place.kind->group().empty()) details["group"] = place.kind->group();
    return succeeded(data::write_json({{"kind", "Status"},
                                       {"apiVersion", "v1"},
                                       {"metadata", Json::object()},
                                       {"status", "Success"},
                                       {"details", std::move(details)}},
                                      -1) +
                     "\n");
  }

  // It stays until its finalizers are gone.
  Json mark_as_deleted(Json object) {
    const std::string path = path_of(object);
    if (!data::has(object, {"metadata", "deletionTimestamp"})) {
      object["metadata"]["deletionTimestamp"] = rfc3339(m_store.clock().now());
      m_store.store(std::move(object));
    }
    return *m_store.find(path);
  }

  // A create that stores nothing. Everything is allowed, and admission knows ServiceAccounts alone.
  os::ProcessResult rehearse(const std::string& input) const {
    os::ProcessResult result = succeeded();
    for (Json body : data::read_json_stream(input, "stdin")) {
      std::string refusal;
      if (data::string_at(body, {"kind"}) == "SelfSubjectAccessReview") {
        body["metadata"] = Json::object();
        body["status"] = {{"allowed", true}};
      } else {
        refusal = pod_refusal(body);
      }
      if (refusal.empty()) {
        result.out += data::write_json(body);
      } else {
        result.err += refusal + "\n";
        result.exit_code = 1;
      }
    }
    return result;
  }

  std::string pod_refusal(const Json& pod) const {
    const std::string when = "error when creating \"STDIN\": ";
    if (find("Namespace", k_floor) == nullptr)
      return "Error from server (NotFound): " + when + "namespaces \"" + k_floor + "\" not found";
    const std::string account = data::string_or(pod, {"spec", "serviceAccountName"}, "default");
    if (find("ServiceAccount", account) != nullptr) return {};
    return "Error from server (Forbidden): " + when + "pods \"" + kube::name_of(pod) +
           "\" is forbidden: error looking up service account " + k_floor + "/" + account +
           ": serviceaccount \"" + account + "\" not found";
  }

  os::ProcessResult write_documents(const std::vector<std::string>& args,
                                    const std::string& input) {
    os::ProcessResult result = succeeded();
    const std::string writer = m_store.writer;
    for (const auto& body : data::read_json_stream(input, "stdin")) {
      m_store.writer = writer;
      const auto& kind = *known_kind(data::string_at(body, {"kind"}));
      const std::string line = kind.resource_name() + "/" + kube::name_of(body) + "\n";
      // Forced, kubectl names the object that it deletes too.
      if (has_arg(args, "--force") && find(kind.kind, kube::name_of(body)) != nullptr)
        result.out += line;
      const std::string refusal = write_document(args, body);
      if (refusal.empty()) {
        FakeControllers(m_store).act_on(std::string(kind.kind), kube::name_of(body));
        result.out +=
            has_arg(args, "json") ? data::write_json(*find(kind.kind, kube::name_of(body))) : line;
      } else {
        result.err += refusal + "\n";
        result.exit_code = 1;
      }
    }
    return result;
  }

  // What kubectl prints against it; empty when it is written.
  std::string write_document(const std::vector<std::string>& args, Json body) {
    const auto& kind = *known_kind(data::string_at(body, {"kind"}));
    const std::string& name = kube::name_of(body);
    const std::string& verb = args[0];
    const std::string what = quoted(kind, name);
    const std::string when = verb == "create"    ? "error when creating \"STDIN\": "
                             : verb == "replace" ? "error when replacing \"STDIN\": "
                                                 : "";
    const auto error = [&](std::string_view reason, const std::string& text) {
      return "Error from server (" + std::string(reason) + "): " + when + text;
    };
    const bool is_forced = verb == "replace" && has_arg(args, "--force");
    const Json* old = find(kind.kind, name);
    if (verb == "replace" && !is_forced && old == nullptr)
      return error("NotFound", what + " not found");
    if (kind.namespaced && find("Namespace", k_floor) == nullptr)
      return error("NotFound", "namespaces \"" + k_floor + "\" not found");
    if (verb == "create" && old != nullptr) return error("AlreadyExists", what + " already exists");
    if (is_forced) {
      if (old != nullptr) m_store.remove(path_of(body));
    } else if (verb == "replace") {
      if (const auto cause = conflict(body, *old); !cause.empty())
        return error("Conflict", "Operation cannot be fulfilled on " + what + ": " + cause);
      if (const auto cause = frozen(*old, body); !cause.empty()) return cause;
    } else if (verb == "apply" && old != nullptr) {
      Json merged = *old;
      merged.merge_patch(body);
      if (const auto cause = frozen(*old, merged); !cause.empty()) return cause;
      body = std::move(merged);
    }
    m_store.store(std::move(body));
    return {};
  }

  // Why a fenced replace is refused; empty when it is not.
  static std::string conflict(const Json& body, const Json& old) {
    const std::string uid = data::string_or(body, {"metadata", "uid"}, "");
    const std::string version = data::string_or(body, {"metadata", "resourceVersion"}, "");
    if (!uid.empty() && uid != kube::uid_of(old)) {
      return "Precondition failed: UID in precondition: " + uid +
             ", UID in object meta: " + kube::uid_of(old);
    }
    if (!version.empty() && version != "0" && version != kube::resource_version_of(old)) {
      return "the object has been modified; please apply your changes to the latest version and "
             "try again";
    }
    return {};
  }

  const Json* find(std::string_view kind, std::string_view name) const {
    return m_store.find(path_of(kind, name));
  }

  FakeStore& m_store;
  std::uint64_t m_compacted;
};

}  // namespace dr::test
