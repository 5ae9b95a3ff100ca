#include "common/cli/lkg_source.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <system_error>

#include "common/base/error.hpp"
#include "common/base/text.hpp"

namespace dr::cli {

void add_lkg_source(CLI::App& app, LkgSource& source) {
  auto* from = app.add_option("--from", source.from, "Id of a kept LKG; default: the current one")
                   ->type_name("LKG");
  auto* manifest =
      app.add_option("--manifest", source.manifest, "Manifest file, instead of ops/lkg")
          ->type_name("FILE");
  auto* metadata =
      app.add_option("--metadata", source.metadata, "Metadata file that belongs to --manifest")
          ->type_name("FILE");
  app.add_option("--allowed-signers", source.allowed_signers,
                 "Believe only an LKG that a key of this file has signed; default: "
                 "ops/lkg/allowed_signers, when it is there")
      ->type_name("FILE");
  manifest->needs(metadata)->excludes(from);
  metadata->needs(manifest)->excludes(from);
}

lkg::LkgStore open_lkgs(Runtime& runtime, const GlobalOptions& globals,
                        const std::optional<std::string>& allowed_signers) {
  auto file = lkg::find_allowed_signers(globals.root / "ops" / "lkg");
  if (allowed_signers) {
    std::error_code ignored;
    if (!std::filesystem::exists(*allowed_signers, ignored)) {
      throw Error(ExitCode::usage, fmt::format("--allowed-signers: there is no file \"{}\"",
                                               printable(*allowed_signers)));
    }
    file = std::filesystem::absolute(*allowed_signers);
  }
  if (!file) return lkg::LkgStore(globals.root);
  return lkg::LkgStore(globals.root,
                       lkg::AllowedSigners(*file, runtime.environment, runtime.runner));
}

lkg::Lkg load_lkg(const LkgSource& source, Runtime& runtime, const GlobalOptions& globals) {
  const lkg::LkgStore store = open_lkgs(runtime, globals, source.allowed_signers);
  if (!source.manifest.empty() && store.wants_signatures()) {
    throw Error(ExitCode::integrity,
                "--manifest: two files have no SHA256SUMS, so nobody can have signed them, and "
                "LKGs must be signed here",
                "name a kept LKG with --from");
  }
  lkg::Lkg lkg = !source.manifest.empty() ? lkg::load_files(source.manifest, source.metadata)
                 : source.from.empty()    ? store.load()
                                          : store.load(source.from);
  for (const auto& warning : lkg.warnings) runtime.terminal.warn(warning);
  return lkg;
}

}  // namespace dr::cli
