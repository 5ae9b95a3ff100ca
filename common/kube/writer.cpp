#include "common/kube/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/kube/kinds.hpp"

namespace dr::kube {
namespace {

constexpr Millis k_write_timeout{120'000};
const std::string k_manager_flag = "--field-manager=" + std::string(k_field_manager);
const std::vector<std::string> k_replace = {"replace"};
const std::vector<std::string> k_apply = {"apply", "--server-side", "--force-conflicts"};
const std::vector<std::string> k_create = {"create"};
const Json k_with_dependents = {{"propagationPolicy", "Background"}};

std::vector<std::string> tried(std::vector<std::string> args) {
  args.emplace_back("--dry-run=server");
  return args;
}

void require_not_switch(const Json& object) {
  if (is_switch(key_of(object))) throw std::logic_error("only KillSwitch writes the switch");
}

bool names(std::string_view block, const Kind& kind, const std::string& name) {
  const std::string quoted = "\"" + name + "\"";
  const std::string plural(kind.plural);
  const std::string group(kind.group());
  const std::string qualified = group.empty() ? plural : plural + "." + group;
  return block.find(qualified + " " + quoted) != std::string_view::npos ||
         block.find(plural + " " + quoted) != std::string_view::npos ||
         block.find(std::string(kind.kind) + " " + quoted) != std::string_view::npos ||
         block.find(std::string(kind.kind) + "." + group + " " + quoted) != std::string_view::npos;
}

// Some refusals name their object in another form: "failed to create typed patch object (ns/name;
// apps/v1, Kind=Deployment)".
bool names_typed(std::string_view block, const Kind& kind, const std::string& name) {
  return block.find(fmt::format("/{}; {}, Kind={})", name, kind.api_version, kind.kind)) !=
         std::string_view::npos;
}

bool names_any(std::string_view block, const std::vector<Json>& bodies) {
  return std::any_of(bodies.begin(), bodies.end(), [&](const Json& body) {
    const Kind& kind = kind_of(body);
    return names(block, kind, name_of(body)) || names_typed(block, kind, name_of(body));
  });
}

// What went wrong with an object that no block names: the blocks that name no other object, else
// the end of the process. The error of another object is never given to this one.
ApiError unnamed_error(const std::vector<std::string>& blocks, const std::vector<Json>& bodies,
                       const os::ProcessResult& result) {
  if (result.ok()) return {ApiReason::other, "kubectl did not report it as written"};
  if (blocks.empty() || result.timed_out || result.signal != 0) return api_error_of(result);
  std::vector<std::string> unnamed;
  std::copy_if(blocks.begin(), blocks.end(), std::back_inserter(unnamed),
               [&](const std::string& block) { return !names_any(block, bodies); });
  if (unnamed.empty()) return {ApiReason::other, printable(result.err)};
  return {classify(unnamed.back()), printable(join(unnamed, "\n"))};
}

ApiError error_for(const Json& body, const std::vector<std::string>& blocks,
                   const std::vector<Json>& bodies, const os::ProcessResult& result) {
  const Kind& kind = kind_of(body);
  for (const auto& block : blocks) {
    if (names(block, kind, name_of(body)) || names_typed(block, kind, name_of(body)))
      return {classify(block), printable(block)};
  }
  return unnamed_error(blocks, bodies, result);
}

}  // namespace

WriteResult parse_write(const os::ProcessResult& result, const std::vector<Json>& bodies) {
  const auto lines = split(result.out, '\n');
  const std::set<std::string> written(lines.begin(), lines.end());
  const auto blocks = error_blocks(result.err);
  WriteResult outcome;
  for (const auto& body : bodies) {
    if (written.contains(kind_of(body).resource_name() + "/" + name_of(body))) continue;
    outcome.errors.emplace(key_of(body), error_for(body, blocks, bodies, result));
  }
  return outcome;
}

Writer::Writer(const Kubectl& kubectl, const Halted& halted) : m_kubectl(kubectl) {
  if (halted.ns() != kubectl.target().ns)
    throw std::logic_error("the halt was proven in another namespace");
}

WriteResult Writer::send(const Kubectl& kubectl, std::vector<std::string> args,
                         const std::vector<Json>& bodies) {
  if (bodies.empty()) return {};
  std::string documents;
  for (const auto& body : bodies) {
    require_not_switch(body);
    documents += data::write_json(body, -1) + "\n";
  }
  args.insert(args.end(), {"-f", "-", k_manager_flag, "-o", "name"});
  return parse_write(kubectl.mutate(std::move(args), std::move(documents), k_write_timeout),
                     bodies);
}

os::Command Writer::removal(const Kubectl& kubectl, const std::string& path, Json options,
                            Json preconditions) {
  options["apiVersion"] = "v1";
  options["kind"] = "DeleteOptions";
  options["preconditions"] = std::move(preconditions);
  auto command = kubectl.command({"delete", "--raw", path, "-f", "-"}, k_write_timeout);
  command.input = data::write_json(options);
  return command;
}

WriteResult Writer::remove(const Kubectl& kubectl, const std::vector<Json>& objects,
                           const Json& options) {
  std::vector<os::Command> removals;
  for (const auto& object : objects) {
    require_not_switch(object);
    removals.push_back(removal(
        kubectl, object_path(kind_of(object), kubectl.target().ns, name_of(object)), options,
        {{"uid", uid_of(object)}, {"resourceVersion", resource_version_of(object)}}));
  }
  const auto results = kubectl.run_all(removals);
  WriteResult outcome;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (results[i].ok()) continue;
    auto error = api_error_of(results[i]);
    if (error.reason != ApiReason::not_found)
      outcome.errors.emplace(key_of(objects[i]), std::move(error));
  }
  return outcome;
}

WriteResult Writer::replace(const std::vector<Json>& bodies) const {
  return send(m_kubectl, k_replace, bodies);
}

WriteResult Writer::apply(const std::vector<Json>& bodies) const {
  return send(m_kubectl, k_apply, bodies);
}

WriteResult Writer::create(const std::vector<Json>& bodies) const {
  return send(m_kubectl, k_create, bodies);
}

WriteResult Writer::remove(const std::vector<Json>& objects) const {
  return remove(m_kubectl, objects, k_with_dependents);
}

bool Writer::delete_pod(const std::string& name, const std::string& uid) const {
  const std::string path = object_path(*find_kind("Pod"), m_kubectl.target().ns, name);
  const auto result = m_kubectl.run(removal(m_kubectl, path, Json::object(), {{"uid", uid}}));
  if (result.ok()) return true;
  const auto error = api_error_of(result);
  if (error.reason == ApiReason::not_found) return true;
  if (error.reason == ApiReason::conflict) return false;
  throw Error(ExitCode::incomplete, "failed to delete Pod/" + name + ": " + error.text);
}

void Writer::create_secrets(const std::vector<Json>& secrets) const {
  if (secrets.empty()) return;
  std::string documents;
  for (const auto& secret : secrets) documents += data::write_json(secret, -1) + "\n";
  const auto result = m_kubectl.mutate({"create", "-f", "-", k_manager_flag, "-o", "name"},
                                       std::move(documents), k_write_timeout);
  if (!result.ok())
    throw Error(ExitCode::failed, "failed to create Secrets: " + api_error_of(result).text);
}

WriteResult Writer::DryRun::replace(const std::vector<Json>& bodies) const {
  return send(m_kubectl, tried(k_replace), bodies);
}

WriteResult Writer::DryRun::apply(const std::vector<Json>& bodies) const {
  return send(m_kubectl, tried(k_apply), bodies);
}

WriteResult Writer::DryRun::create(const std::vector<Json>& bodies) const {
  return send(m_kubectl, tried(k_create), bodies);
}

WriteResult Writer::DryRun::remove(const std::vector<Json>& objects) const {
  Json options = k_with_dependents;
  options["dryRun"] = Json::array({"All"});
  return Writer::remove(m_kubectl, objects, options);
}

}  // namespace dr::kube
