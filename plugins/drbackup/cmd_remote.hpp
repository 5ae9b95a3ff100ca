#pragma once

#include <memory>
#include <string>

#include "common/cli/command.hpp"
#include "plugins/drbackup/remote.hpp"

// What `push` and `pull` share.
namespace dr::backup {

struct RemoteOptions {
  std::string place;  // --to or --from
  bool lkg = false;
  std::string timeout = "5m";

  Form form() const { return lkg ? Form::lkg : Form::backup; }
};

// --lkg, --timeout, and the place under its own flag, which is required.
void add_remote_options(CLI::App& app, RemoteOptions& options, const char* place_flag);

// Throws Error(usage) on a --timeout that is none, and when gcloud is needed but not there.
std::unique_ptr<Remote> connect_remote(const RemoteOptions& options, const Destination& destination,
                                       cli::Runtime& runtime, const cli::GlobalOptions& globals);

}  // namespace dr::backup
