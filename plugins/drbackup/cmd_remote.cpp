#include "plugins/drbackup/cmd_remote.hpp"

#include <CLI/CLI.hpp>

#include "common/base/error.hpp"
#include "common/cli/verb.hpp"

namespace dr::backup {

void add_remote_options(CLI::App& app, RemoteOptions& options, const char* place_flag) {
  app.add_option(place_flag, options.place,
                 "Where the copies are kept: gs://BUCKET/PREFIX or a directory")
      ->type_name("PLACE")
      ->required();
  app.add_flag("--lkg", options.lkg, "LKGs of ops/lkg/history instead of backups");
  app.add_option("--timeout", options.timeout, "Deadline of each call of gcloud")
      ->type_name("DURATION");
}

std::unique_ptr<Remote> connect_remote(const RemoteOptions& options, const Destination& destination,
                                       cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const Millis timeout = cli::duration_flag("--timeout", options.timeout);
  if (timeout <= Millis::zero()) {
    throw Error(ExitCode::usage, "--timeout: nothing can be done in no time",
                "write it as in 30s, 5m or 1h30m");
  }
  if (!destination.in_cloud()) return directory_remote(destination);
  return cloud_remote(destination, cli::make_gcloud(runtime, globals), timeout);
}

}  // namespace dr::backup
