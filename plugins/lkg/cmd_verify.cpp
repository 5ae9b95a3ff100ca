#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/cli/lkg_source.hpp"
#include "common/cli/verb.hpp"
#include "common/lkg/ledger.hpp"
#include "plugins/lkg/commands.hpp"

namespace dr::lkg {
namespace {

Json signature_json(const Lkg& lkg) {
  const auto signer = lkg.signer.value_or(os::SshSigner{});
  return {{"state", lkg.signer      ? "good"
                    : lkg.is_signed ? "unchecked"
                                    : "none"},
          {"principal", signer.principal},
          {"key", signer.key}};
}

std::string signature_text(const Lkg& lkg) {
  if (lkg.signer)
    return fmt::format("signed by {} with key {}\n", lkg.signer->principal, lkg.signer->key);
  return lkg.is_signed ? "signed, not checked: no allowed_signers\n" : "";
}

ExitCode run(const cli::LkgSource& source, cli::Runtime& runtime,
             const cli::GlobalOptions& globals) {
  const Lkg lkg = cli::load_lkg(source, runtime, globals);
  const std::size_t restores = Ledger(globals.root).entries().size();
  const std::string name = lkg.id.empty() ? "of the incumbent scripts" : lkg.id;
  cli::print_result(
      runtime, globals, "VerifyReport",
      {{"id", lkg.id},
       {"namespace", lkg.ns},
       {"objects", lkg.objects.size()},
       {"timestamp", data::string_or(lkg.metadata, {"timestamp_utc"}, "")},
       {"ledgerLines", restores},
       {"signature", signature_json(lkg)},
       {"warnings", lkg.warnings}},
      fmt::format(
          "LKG {} is intact: {} objects of namespace {}, captured {}, every image by digest\n",
          name, lkg.objects.size(), lkg.ns,
          data::string_or(lkg.metadata, {"timestamp_utc"}, "at an unknown time")) +
          signature_text(lkg));
  return ExitCode::ok;
}

}  // namespace

cli::CommandSpec verify_command() {
  return {
      "verify", "Check an LKG on disk, without a cluster",
      "Check the files of an LKG: checksums, shape, every workload image by digest, the kill "
      "switch at \"1\", no Secret, one "
      "namespace, no object twice; the signature, when allowed signers say who may sign; and the "
      "chain of ops/lkg/ledger.jsonl, when there is one. "
      "Contacts no cluster. Exit code 6 says that one of them is damaged, or not signed as it "
      "must be.",
      "  # Check the current LKG\n  kubectl lkg verify\n\n"
      "  # Check a kept one\n  kubectl lkg verify --from 20260102T030405Z-0a1b2c3d\n\n"
      "  # Who signed it, by a list that the repository cannot change?\n"
      "  kubectl lkg verify --allowed-signers /etc/dr/allowed_signers",
      [](CLI::App& app) -> cli::Action {
        auto source = std::make_shared<cli::LkgSource>();
        cli::add_lkg_source(app, *source);
        return [source](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
          return run(*source, runtime, globals);
        };
      }};
}

}  // namespace dr::lkg
