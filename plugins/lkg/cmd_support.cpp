#include "plugins/lkg/cmd_support.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/verb.hpp"

namespace dr::lkg {

void add_check_images(CLI::App& app, std::string& mode) {
  app.add_option("--check-images", mode,
                 "Whether the registry still has every image: auto, by the inventory file if there "
                 "is one; always, by asking the registry; never")
      ->type_name("auto|always|never");
}

ImageCheck image_check(const std::string& mode, const Lkg& lkg, cli::Runtime& runtime,
                       const cli::GlobalOptions& globals) {
  if (mode == "never") return {};
  if (mode == "always") {
    return [&lkg, &runtime, gcloud = cli::make_gcloud(runtime, globals)] {
      return registry::check_images_live(lkg, gcloud, runtime.clock.now());
    };
  }
  if (mode != "auto") {
    throw Error(
        ExitCode::usage,
        fmt::format("--check-images: \"{}\" is none of auto, always, never", printable(mode)));
  }
  auto inventory = cli::find_inventory(runtime, globals);
  if (!inventory) return {};
  return
      [&lkg, inventory = std::move(*inventory)] { return registry::check_images(lkg, inventory); };
}

std::string table_of(const std::vector<Check>& checks) {
  std::string lines;
  for (const auto verdict : {Verdict::stop, Verdict::warn}) {
    for (const auto& check : checks) {
      if (check.verdict != verdict) continue;
      lines += fmt::format("{:<15}{:<7}{}\n{:<22}cure: {}\n", check.name, name_of(verdict),
                           printable(check.detail), "", printable(check.cure));
    }
  }
  std::vector<std::string> ok;
  for (const auto& check : checks) {
    if (check.verdict == Verdict::ok) ok.push_back(check.name);
  }
  return lines + "preflight ok: " + join(ok, ", ") + "\n";
}

Json to_json(const std::vector<Check>& checks) {
  Json list = Json::array();
  for (const auto& check : checks) {
    list.push_back({{"name", check.name},
                    {"verdict", name_of(check.verdict)},
                    {"subject", check.subject},
                    {"detail", check.detail},
                    {"cure", check.cure}});
  }
  return list;
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
