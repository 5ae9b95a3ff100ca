#include "common/cli/verb.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/yaml_codec.hpp"

namespace dr::cli {
namespace {

constexpr std::string_view k_api_version = "dr.agenttrader.dev/v1";
constexpr std::size_t k_shown_head = 20;
constexpr std::size_t k_shown_tail = 36;

std::function<void(const std::string&)> command_log(Runtime& runtime,
                                                    const GlobalOptions& globals) {
  if (!globals.verbose) return {};
  return [&terminal = runtime.terminal](const std::string& line) { terminal.info("+ " + line); };
}

}  // namespace

kube::Kubectl connect(Runtime& runtime, const GlobalOptions& globals) {
  return {runtime.runner, runtime.environment, globals.kubectl, globals.connection,
          command_log(runtime, globals)};
}

gcloud::Gcloud make_gcloud(Runtime& runtime, const GlobalOptions& globals) {
  return {runtime.runner, runtime.environment, globals.gcloud, command_log(runtime, globals)};
}

std::optional<registry::Inventory> find_inventory(Runtime& runtime, const GlobalOptions& globals) {
  const auto path = registry::inventory_path(globals.root);
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) return std::nullopt;
  try {
    return registry::read_inventory(path);
  } catch (const Error& error) {
    runtime.terminal.warn(std::string("the inventory is not used: ") + error.what());
    return std::nullopt;
  }
}

Millis duration_flag(std::string_view flag, const std::string& value) {
  if (const auto duration = parse_duration(value)) return *duration;
  throw Error(ExitCode::usage, fmt::format("{}: \"{}\" is not a duration", flag, printable(value)),
              "write it as in 30s, 5m or 1h30m");
}

void print_result(Runtime& runtime, const GlobalOptions& globals, std::string_view kind,
                  Json document, const std::string& text) {
  if (globals.output == "table") {
    runtime.terminal.print(text);
    return;
  }
  document["apiVersion"] = k_api_version;
  document["kind"] = kind;
  print_document(runtime, globals, document);
}

void print_document(Runtime& runtime, const GlobalOptions& globals, const Json& document) {
  runtime.terminal.print(globals.output == "json" ? data::write_shown_json(document)
                                                  : data::write_yaml(document));
}

std::string shown(const std::optional<Json>& value) {
  if (!value) return "<absent>";
  std::string text = printable(data::write_json(*value, -1));
  if (text.size() <= k_shown_head + k_shown_tail) return text;
  // The end tells two images apart, the beginning says what it is.
  return printable(text.substr(0, k_shown_head)) + "..." +
         printable(text.substr(text.size() - k_shown_tail));
}

}  // namespace dr::cli
