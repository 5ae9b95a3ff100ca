#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "common/base/error.hpp"
#include "common/cli/live_progress.hpp"
#include "common/cli/table.hpp"
#include "common/cli/verb.hpp"
#include "common/kube/kind_list.hpp"
#include "common/kube/kinds.hpp"
#include "plugins/lkg/cmd_support.hpp"
#include "plugins/lkg/commands.hpp"

namespace dr::lkg {
namespace {

struct HaltOptions {
  std::string prove = "started";
  std::string timeout = "0s";
};

constexpr Millis k_poll{2'000};

bool all_hold(const std::vector<kube::HaltProof>& proofs) {
  return std::all_of(proofs.begin(), proofs.end(),
                     [](const kube::HaltProof& proof) { return proof.holds(); });
}

cli::Waiting unproven_rows(const std::vector<kube::HaltProof>& proofs) {
  cli::Waiting rows;
  for (const auto& proof : proofs) {
    if (proof.holds()) continue;
    const bool may_follow = proof.verdict == kube::HaltVerdict::waiting;
    rows[proof.pod + " " + proof.container] = {
        fmt::format("{}: {}", name_of(proof.verdict), proof.reason), !may_follow};
  }
  return rows;
}

// Looks until every consuming container is proven halted or the time is over.
std::vector<kube::HaltProof> prove(const kube::Kubectl& kubectl,
                                   const kube::KillSwitch& kill_switch, const kube::Halted& halted,
                                   const os::Clock& clock, Millis timeout, bool by_exec,
                                   cli::LiveProgress& progress) {
  progress.phase("halted, proving it", timeout);
  const kube::HaltProver prover(kubectl, halted);
  const auto deadline = clock.steady() + timeout;
  while (true) {
    auto proofs = prover.prove(kube::list_objects(kubectl, *kube::find_kind("Pod")));
    if (by_exec) kube::prove_by_exec(kubectl, proofs);
    kill_switch.require_unchanged(halted);
    if (all_hold(proofs) || clock.steady() >= deadline) return proofs;
    progress.wait_only_for(unproven_rows(proofs));
    kubectl.wait(k_poll);
  }
}

std::string text_of(const kube::Halted& halted, const std::vector<kube::HaltProof>& proofs) {
  std::string text =
      fmt::format("configmap/{} halted: {}=\"{}\" read back in namespace {}\n", kube::k_switch_name,
                  kube::k_switch_key, kube::k_switch_halted, halted.ns());
  if (proofs.empty()) return text;
  cli::Table table({"POD", "CONTAINER", "TAKES-IT-BY", "VERDICT", "REASON"});
  for (const auto& proof : proofs) {
    table.add({proof.pod, proof.container, std::string(name_of(proof.way)),
               std::string(name_of(proof.verdict)), proof.reason});
  }
  return text + "\n" + table.text();
}

ExitCode run(const HaltOptions& options, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const Millis timeout = cli::duration_flag("--timeout", options.timeout);
  cli::LiveProgress progress(runtime);
  cli::TickingRunner ticking(runtime.runner, progress);
  cli::Runtime shown{ticking, runtime.clock, runtime.environment, runtime.terminal};
  const auto kubectl = cli::connect(shown, globals);
  const kube::KillSwitch kill_switch(kubectl);
  const auto halted = kill_switch.halt();
  std::vector<kube::HaltProof> proofs;
  if (kill_switch.hold_safety()) {
    runtime.terminal.info(fmt::format("configmap/{} set to {}=\"{}\"", kube::k_safety_name,
                                      kube::k_safety_key, kube::k_safety_halted));
  }
  if (options.prove != "none")
    proofs = prove(kubectl, kill_switch, halted, runtime.clock, timeout, options.prove == "exec",
                   progress);
  cli::print_result(runtime, globals, "HaltReport",
                    {{"namespace", halted.ns()},
                     {"value", kube::k_switch_halted},
                     {"resourceVersion", halted.resource_version()},
                     {"prove", options.prove},
                     {"proofs", to_json(proofs)}},
                    text_of(halted, proofs));
  const auto unproven =
      std::count_if(proofs.begin(), proofs.end(), [](const auto& proof) { return !proof.holds(); });
  if (unproven > 0) {
    throw Error(
        ExitCode::unsafe,
        fmt::format("the switch is \"1\", but {} of {} consuming containers are not proven halted",
                    unproven, proofs.size()),
        "restart the workloads of the named pods (`kubectl rollout restart`), or run `kubectl lkg "
        "restore`, which "
        "restarts them");
  }
  return ExitCode::ok;
}

}  // namespace

cli::CommandSpec halt_command() {
  return {
      "halt", "Halt trading, read the kill switch back, prove the halt per pod",
      "Set ConfigMap/agenttrader-kill-switch EXECUTION_HALTED to \"1\", read it back, and "
      "prove for each container that "
      "takes the switch that it has seen it.\n\nA ConfigMap halts nobody by itself: a "
      "container that takes the switch as "
      "an environment variable keeps what it read at its start. A container is proven halted "
      "when it started after the "
      "last write of the switch. Exit code 5 says that the halt is not proven.",
      "  # Halt trading and see which pods are proven halted\n"
      "  kubectl lkg halt -n trading-floor\n\n"
      "  # Ask the containers themselves, for up to two minutes: a mounted file follows late\n"
      "  kubectl lkg halt -n trading-floor --prove exec --timeout 2m",
      [](CLI::App& app) -> cli::Action {
        auto options = std::make_shared<HaltOptions>();
        app.add_option(
               "--prove", options->prove,
               "How to prove it per pod: none, started (after the last write of the switch), or "
               "exec (started, else what the container itself reads)")
            ->check(CLI::IsMember({"none", "started", "exec"}))
            ->capture_default_str();
        app.add_option("--timeout", options->timeout, "How long to wait for the proof")
            ->type_name("DURATION")
            ->capture_default_str();
        return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
          return run(*options, runtime, globals);
        };
      }};
}

}  // namespace dr::lkg
