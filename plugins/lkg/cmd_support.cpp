#include "plugins/lkg/cmd_support.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/yaml_codec.hpp"
#include "plugins/lkg/lkg_store.hpp"

namespace dr::lkg {
namespace {

constexpr std::string_view k_api_version = "dr.agenttrader.dev/v1";
constexpr std::size_t k_shown_head = 20;
constexpr std::size_t k_shown_tail = 36;

}  // namespace

kube::Kubectl connect(cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  kube::CommandLog log;
  if (globals.verbose)
    log = [&terminal = runtime.terminal](const std::string& line) { terminal.info("+ " + line); };
  return {runtime.runner, runtime.environment, globals.kubectl, globals.connection, std::move(log)};
}

void add_lkg_source(CLI::App& app, LkgSource& source) {
  auto* from = app.add_option("--from", source.from, "Id of a kept LKG; default: the current one")
                   ->type_name("ID");
  auto* manifest =
      app.add_option("--manifest", source.manifest, "Manifest file, instead of ops/lkg")
          ->type_name("FILE");
  auto* metadata =
      app.add_option("--metadata", source.metadata, "Metadata file that belongs to --manifest")
          ->type_name("FILE");
  manifest->needs(metadata)->excludes(from);
  metadata->needs(manifest)->excludes(from);
}

Lkg load_lkg(const LkgSource& source, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const LkgStore store(globals.root);
  Lkg lkg = !source.manifest.empty() ? load_files(source.manifest, source.metadata)
            : source.from.empty()    ? store.load()
                                     : store.load(source.from);
  for (const auto& warning : lkg.warnings) runtime.terminal.warn(warning);
  return lkg;
}

Millis duration_flag(std::string_view flag, const std::string& value) {
  if (const auto duration = parse_duration(value)) return *duration;
  throw Error(ExitCode::usage, fmt::format("{}: \"{}\" is not a duration", flag, printable(value)),
              "write it as in 30s, 5m or 1h30m");
}

void print_result(cli::Runtime& runtime, const cli::GlobalOptions& globals, std::string_view kind,
                  Json document, const std::string& text) {
  if (globals.output == "table") {
    runtime.terminal.print(text);
    return;
  }
  document["apiVersion"] = k_api_version;
  document["kind"] = kind;
  runtime.terminal.print(globals.output == "json" ? data::write_json(document)
                                                  : data::write_yaml(document));
}

Progress progress_lines(cli::Runtime& runtime) {
  const auto start = runtime.clock.steady();
  return [&runtime, start](std::string_view line) {
    const std::chrono::duration<double> elapsed = runtime.clock.steady() - start;
    runtime.terminal.info(fmt::format("[{:6.1f}s] {}", elapsed.count(), line));
  };
}

std::string shown(const std::optional<Json>& value) {
  if (!value) return "<absent>";
  std::string text = printable(data::write_json(*value, -1));
  if (text.size() <= k_shown_head + k_shown_tail) return text;
  // The end tells two images apart, the beginning says what it is.
  return printable(text.substr(0, k_shown_head)) + "..." +
         printable(text.substr(text.size() - k_shown_tail));
}

Json to_json(const std::vector<kube::HaltProof>& proofs) {
  Json list = Json::array();
  for (const auto& proof : proofs) {
    list.push_back({{"pod", proof.pod},
                    {"container", proof.container},
                    {"way", name_of(proof.way)},
                    {"verdict", name_of(proof.verdict)},
                    {"reason", proof.reason}});
  }
  return list;
}

Json to_json(const std::vector<data::Difference>& differences) {
  Json list = Json::array();
  for (const auto& difference : differences) {
    Json entry = {{"pointer", difference.pointer}};
    if (difference.left) entry["lkg"] = *difference.left;
    if (difference.right) entry["live"] = *difference.right;
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace dr::lkg
