#include "plugins/drbackup/cmd_completion.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <string_view>

#include "common/cli/completion_values.hpp"
#include "common/os/atomic_file.hpp"
#include "plugins/drbackup/cmd_support.hpp"

namespace dr::drbackup {
namespace {

// The newest first.
cli::Candidates ids(const cli::Completion& completion) {
  cli::Candidates candidates;
  const UtcTime now = completion.runtime.clock.now();
  for (const auto& id : BackupStore(completion.globals.root).ids()) {
    candidates.values.push_back({id.text(), cli::age_text(id.time(), now)});
  }
  std::reverse(candidates.values.begin(), candidates.values.end());
  return candidates;
}

std::string object_word(const IndexedObject& object, std::string_view typed) {
  const std::size_t slash = typed.find('/');
  if (slash == std::string_view::npos) return object.kind + "/" + object.name;
  const std::string_view kind = typed.substr(0, slash);
  return is_named(object.coverage, kind) ? std::string(kind) + "/" + object.name : std::string();
}

}  // namespace

cli::Candidates complete_id(const cli::Completion& completion) {
  cli::Candidates candidates = ids(completion);
  if (!candidates.values.empty()) candidates.values.push_back({"latest", "the newest backup"});
  return candidates;
}

cli::Candidates complete_id_or_live(const cli::Completion& completion) {
  cli::Candidates candidates = complete_id(completion);
  candidates.values.push_back({"live", "the namespace as it is now"});
  return candidates;
}

cli::Candidates complete_pushed(const cli::Completion& completion) {
  const bool lkg = completion.verb.get_option("--lkg")->count() > 0;
  return lkg ? cli::lkg_ids(completion) : ids(completion);
}

cli::Candidates complete_object(const cli::Completion& completion) {
  const BackupStore store(completion.globals.root);
  const BackupId id = backup_id(store, completion.arguments.at(0));
  // Only the index is read: to check all files takes longer than somebody waits for a TAB.
  const auto objects = indexed_objects(id, os::read_file(store.directory_of(id) / k_index_name));
  cli::Candidates candidates;
  for (const IndexedObject& object : objects) {
    std::string word = object_word(object, completion.typed);
    if (!word.empty()) candidates.values.push_back({std::move(word)});
  }
  return candidates;
}

}  // namespace dr::drbackup
