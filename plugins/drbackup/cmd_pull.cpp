#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "common/cli/lkg_source.hpp"
#include "plugins/drbackup/cmd_completion.hpp"
#include "plugins/drbackup/cmd_remote.hpp"
#include "plugins/drbackup/cmd_support.hpp"
#include "plugins/drbackup/commands.hpp"
#include "plugins/drbackup/transfer.hpp"

namespace dr::backup {
namespace {

struct PullOptions {
  RemoteOptions remote;
  std::string id;
};

ExitCode run(const PullOptions& options, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const Form form = options.remote.form();
  const auto destination = Destination::parse(options.remote.place);
  const std::string id = parse_id(form, options.id);
  const auto remote = connect_remote(options.remote, destination, runtime, globals);
  const Pulled pulled =
      pull(globals.root, cli::open_lkgs(runtime, globals), form, id, destination, *remote);
  const State state = pulled.adopted.state;
  if (state != State::complete)
    runtime.terminal.warn(fmt::format("{} {} is {}", name_of(form), id, name_of(state)));
  const std::string_view outcome = pulled.adopted.was_there ? "already there" : "pulled";
  const std::string directory = local_path(globals.root, form, id).string();
  cli::print_result(runtime, globals, "PullReport",
                    {{"form", form == Form::backup ? "backup" : "lkg"},
                     {"id", id},
                     {"object", pulled.object},
                     {"directory", directory},
                     {"outcome", outcome},
                     {"state", name_of(state)},
                     {"files", pulled.adopted.files},
                     {"bytes", pulled.bytes}},
                    fmt::format("{} {} {}: {} files in {}\n", name_of(form), id, outcome,
                                pulled.adopted.files, directory));
  return ExitCode::ok;
}

}  // namespace

cli::CommandSpec pull_command() {
  return {"pull",
          "Fetch a backup from where push copied it",
          "Fetch one backup, or with --lkg one LKG, from PLACE/cluster_backup/ID.tar or "
          "PLACE/lkg/ID.tar. It passes every check of `verify` before it appears here, whole or "
          "not at all. One that is here already with the same content is left alone, with another "
          "content is exit code 6. A pulled LKG is used with `kubectl lkg restore --from ID`.",
          "  # On a new machine\n"
          "  kubectl drbackup pull 20260102T030405Z --from gs://agenttrader-dr/prod\n\n"
          "  # An LKG\n"
          "  kubectl drbackup pull --lkg 20260102T030405Z-0a1b2c3d --from /mnt/dr",
          [](CLI::App& app) -> cli::Action {
            auto options = std::make_shared<PullOptions>();
            app.add_option("ID", options->id, "What to fetch")->type_name("")->required();
            add_remote_options(app, options->remote, "--from");
            return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*options, runtime, globals);
            };
          },
          {},
          {{"ID", complete_pulled}, {"--from", cli::directories}}};
}

}  // namespace dr::backup
