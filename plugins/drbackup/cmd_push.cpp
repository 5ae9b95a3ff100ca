#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/table.hpp"
#include "plugins/drbackup/cmd_completion.hpp"
#include "plugins/drbackup/cmd_remote.hpp"
#include "plugins/drbackup/cmd_support.hpp"
#include "plugins/drbackup/commands.hpp"
#include "plugins/drbackup/transfer.hpp"

namespace dr::backup {
namespace {

struct PushOptions {
  RemoteOptions remote;
  std::string id = "latest";
  bool all = false;
};

std::vector<std::string> chosen_ids(const PushOptions& options, const std::filesystem::path& root) {
  const Form form = options.remote.form();
  if (!options.all && options.id != "latest") return {parse_id(form, options.id)};
  auto ids = local_ids(root, form);
  if (ids.empty()) {
    throw Error(ExitCode::failed,
                fmt::format("failed to push: there is no {} in {}", name_of(form),
                            local_path(root, form, "").parent_path().string()),
                form == Form::backup ? "make one: kubectl drbackup create"
                                     : "make one: kubectl lkg capture");
  }
  if (!options.all) ids.erase(ids.begin(), ids.end() - 1);
  return ids;
}

std::string text_of(const std::vector<Copy>& copies) {
  cli::Table table({"ID", "STATE", "SIZE", "OUTCOME", "OBJECT"});
  for (const Copy& copy : copies) {
    table.add({copy.id, copy.state ? std::string(name_of(*copy.state)) : "",
               copy.state ? size_text(copy.bytes) : "", std::string(name_of(copy.result.outcome)),
               copy.object});
  }
  return table.text();
}

Json json_of(const std::vector<Copy>& copies) {
  Json list = Json::array();
  for (const Copy& copy : copies) {
    Json entry = {
        {"id", copy.id}, {"object", copy.object}, {"outcome", name_of(copy.result.outcome)}};
    if (copy.state) {
      entry["state"] = name_of(*copy.state);
      entry["bytes"] = copy.bytes;
      entry["crc32c"] = copy.crc32c;
    }
    if (!copy.result.message.empty()) entry["message"] = copy.result.message;
    list.push_back(std::move(entry));
  }
  return list;
}

// Throws the error of the copies, if any: the most dangerous one in full, the others by number.
void throw_if_failed(const std::vector<Copy>& copies, Form form) {
  const ExitCode code = code_of(copies);
  if (code == ExitCode::ok) return;
  const auto is_worst = [&](const Copy& copy) {
    const ExitCode one = code_of(copy.result.outcome);
    return one == code || (one == ExitCode::failed && code == ExitCode::incomplete);
  };
  const auto worst = std::ranges::find_if(copies, is_worst);
  const auto troubles = std::ranges::count_if(
      copies, [](const Copy& copy) { return code_of(copy.result.outcome) != ExitCode::ok; });
  const std::string others = troubles > 1 ? fmt::format(" (and {} more)", troubles - 1) : "";
  throw Error(code,
              fmt::format("failed to push {} {} to {}: {}{}", name_of(form), worst->id,
                          worst->object, printable(worst->result.message), others),
              worst->result.next_step);
}

ExitCode run(const PushOptions& options, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  const Form form = options.remote.form();
  const auto destination = Destination::parse(options.remote.place);
  const auto remote = connect_remote(options.remote, destination, runtime, globals);
  const auto copies =
      push(globals.root, form, chosen_ids(options, globals.root), destination, *remote);
  for (const Copy& copy : copies) {
    if (copy.state && *copy.state != State::complete) {
      runtime.terminal.warn(
          fmt::format("{} {} is {}", name_of(form), copy.id, name_of(*copy.state)));
    }
  }
  cli::print_result(runtime, globals, "PushReport",
                    {{"form", form == Form::backup ? "backup" : "lkg"},
                     {"folder", destination.folder(form)},
                     {"copies", json_of(copies)}},
                    text_of(copies));
  throw_if_failed(copies, form);
  return ExitCode::ok;
}

}  // namespace

cli::CommandSpec push_command() {
  return {
      "push",
      "Copy backups to Cloud Storage or a directory",
      "Copy backups, or with --lkg kept LKGs, to where a lost machine or cluster does not reach: "
      "one tar archive each, PLACE/cluster_backup/ID.tar or PLACE/lkg/ID.tar. Each is checked "
      "first, sent, and compared with what the store then holds. Nothing is ever replaced: the "
      "same copy is left alone, another one under its name is exit code 6. A damaged backup is "
      "not sent. Cloud Storage is reached with gcloud and its account.",
      "  # The newest backup\n  kubectl drbackup push --to gs://agenttrader-dr/prod\n\n"
      "  # Every backup, after a day without a network\n"
      "  kubectl drbackup push --all --to gs://agenttrader-dr/prod\n\n"
      "  # The newest LKG, to a disk\n  kubectl drbackup push --lkg --to /mnt/dr",
      [](CLI::App& app) -> cli::Action {
        auto options = std::make_shared<PushOptions>();
        auto* id = app.add_option("ID", options->id, "What to copy; default: the newest one")
                       ->type_name("");
        app.add_flag("--all", options->all, "Copy all of them")->excludes(id);
        add_remote_options(app, options->remote, "--to");
        return [options](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
          return run(*options, runtime, globals);
        };
      },
      {},
      {{"ID", complete_pushed}, {"--to", cli::directories}}};
}

}  // namespace dr::backup
