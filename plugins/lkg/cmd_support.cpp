#include "plugins/lkg/cmd_support.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/verb.hpp"
#include "common/lkg/ledger.hpp"
#include "plugins/lkg/restore/restore.hpp"

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

void show_step(std::string_view event, const Json& members, Millis timeout,
               cli::LiveProgress& live) {
  if (event == "phase") {
    const auto& phase = data::string_at(members, {"phase"});
    live.phase(phase, phase == "rollout" ? std::optional(timeout) : std::nullopt);
  } else if (event == "wave") {
    live.detail("wave " + data::string_at(members, {"wave"}));
  } else if (event == "workload") {
    const auto& workload = data::string_at(members, {"workload"});
    const auto& trouble = data::string_at(members, {"trouble"});
    if (data::boolean_or(members, {"settled"}, false) && trouble.empty())
      return live.done(workload);
    live.wait_for(workload, trouble.empty() ? data::string_at(members, {"reason"}) : trouble,
                  !trouble.empty());
  }
}

void show_line(std::string_view line, cli::LiveProgress& live) {
  // The block has it, with more room.
  if (!live.is_live() || !line.starts_with(k_waiting_line)) live.line(line);
}

void add_to_ledger(std::string_view kind, const RestoreResult& result, const std::string& ns,
                   cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  LedgerEntry entry;
  entry.time = result.started;
  entry.kind = kind;
  entry.lkg = result.lkg_id;
  entry.ns = ns;
  entry.cluster_uid = result.cluster_uid;
  entry.restore_id = result.restore_id;
  entry.exit_code = static_cast<int>(result.code);
  entry.phases = result.phases;
  entry.objects = result.actions;
  entry.changed = result.changed.size();
  entry.verified_after = time_to_verified(result);
  try {
    Ledger(globals.root).append(entry);
  } catch (const Error& error) {
    runtime.terminal.warn(fmt::format("this {} is not in the ledger: {}", kind, error.what()));
  }
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
