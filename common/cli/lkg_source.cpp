#include "common/cli/lkg_source.hpp"

#include <CLI/CLI.hpp>

#include "common/lkg/lkg_store.hpp"

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
  manifest->needs(metadata)->excludes(from);
  metadata->needs(manifest)->excludes(from);
}

lkg::Lkg load_lkg(const LkgSource& source, Runtime& runtime, const GlobalOptions& globals) {
  const lkg::LkgStore store(globals.root);
  lkg::Lkg lkg = !source.manifest.empty() ? lkg::load_files(source.manifest, source.metadata)
                 : source.from.empty()    ? store.load()
                                          : store.load(source.from);
  for (const auto& warning : lkg.warnings) runtime.terminal.warn(warning);
  return lkg;
}

}  // namespace dr::cli
