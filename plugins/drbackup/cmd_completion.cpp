#include "plugins/drbackup/cmd_completion.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.hpp"
#include "common/cli/completion_values.hpp"
#include "common/kube/kinds.hpp"
#include "common/lkg/lkg.hpp"
#include "common/os/atomic_file.hpp"
#include "plugins/drbackup/cmd_support.hpp"
#include "plugins/drbackup/remote.hpp"
#include "plugins/drbackup/selection.hpp"

namespace dr::backup {
namespace {

// The newest first.
cli::Candidates ids(const cli::Completion& completion) {
  cli::Candidates candidates;
  const UtcTime now = completion.runtime.clock.now();
  for (const auto& id : backups_of(completion.globals.root).ids()) {
    candidates.values.push_back({id.text(), cli::age_text(id.time(), now)});
  }
  std::reverse(candidates.values.begin(), candidates.values.end());
  return candidates;
}

Form form_of(const cli::Completion& completion) {
  return completion.verb.get_option("--lkg")->count() > 0 ? Form::lkg : Form::backup;
}

// Only the index is read: to check all files takes longer than somebody waits for a TAB.
Index index_of(const BackupStore& store, const BackupId& id) {
  return read_index(id, os::read_file(store.directory_of(id) / k_index_name));
}

// Of the newest backup; empty when there is none that can be read.
Index newest_index(const cli::Completion& completion) {
  const BackupStore store = backups_of(completion.globals.root);
  const auto ids = store.ids();
  if (ids.empty()) return {};
  try {
    return index_of(store, ids.back());
  } catch (const Error&) {
    return {};  // the kinds that every server has are still known
  }
}

// What a backup may hold: what the newest one asked the server for, and our own table, because that
// one may be partial. No server is asked.
std::vector<Coverage> known_kinds(std::vector<Coverage> kinds) {
  for (Coverage& one : planned_coverage({}, {})) {
    if (std::ranges::find(kinds, one.resource, &Coverage::resource) == kinds.end())
      kinds.push_back(std::move(one));
  }
  std::ranges::sort(kinds, {}, &Coverage::resource);
  return kinds;
}

// The first of a kind's names that begins as it is typed; "" when none does.
std::string kind_word(const Coverage& kind, std::string_view typed) {
  std::vector<std::string> names = kind.aliases;
  names.insert(names.begin(), {kind.resource, kind.short_name});
  if (kube::is_builtin_group(kube::group_of(kind.api_version)))
    names.front().resize(std::min(names.front().find('.'), names.front().size()));
  names.push_back(kind.kind);
  const auto name =
      std::ranges::find_if(names, [&](const std::string& one) { return one.starts_with(typed); });
  return name == names.end() ? std::string() : *name;
}

// A list with commas: its last element is the one that is being typed.
struct TypedList {
  explicit TypedList(std::string_view typed)
      : before(typed.substr(0, typed.rfind(',') + 1)), last(typed.substr(before.size())) {}
  std::string_view before;
  std::string_view last;
};

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
  return form_of(completion) == Form::lkg ? cli::lkg_ids(completion) : ids(completion);
}

cli::Candidates complete_pulled(const cli::Completion& completion) {
  const auto& places = completion.verb.get_option("--from")->results();
  if (places.empty()) return {};
  const auto place = Destination::parse(places.back());
  if (place.in_cloud()) return {};  // gcloud takes longer than somebody waits for a TAB
  const Form form = form_of(completion);
  const UtcTime now = completion.runtime.clock.now();
  cli::Candidates candidates;
  for (const std::string& id : directory_remote(place)->ids(form)) {
    const UtcTime time =
        form == Form::lkg ? lkg::LkgId::parse(id)->time() : BackupId::parse(id)->time();
    candidates.values.push_back({id, cli::age_text(time, now)});
  }
  std::ranges::reverse(candidates.values);
  return candidates;
}

cli::Candidates complete_kinds(const cli::Completion& completion) {
  const TypedList typed(completion.typed);
  cli::Candidates candidates;
  for (const Coverage& kind : known_kinds(newest_index(completion).coverage)) {
    const std::string word = kind_word(kind, typed.last);
    if (!word.empty()) candidates.values.push_back({std::string(typed.before) + word, kind.kind});
  }
  return candidates;
}

cli::Candidates complete_excluded(const cli::Completion& completion) {
  const TypedList typed(completion.typed);
  const Index index = newest_index(completion);
  cli::Candidates candidates;
  const auto add = [&](const std::string& word) {
    if (!word.empty()) candidates.values.push_back({std::string(typed.before) + word});
  };
  if (typed.last.find('/') != std::string_view::npos) {
    for (const IndexedObject& object : index.objects) add(object_word(object, typed.last));
    return candidates;
  }
  for (const Coverage& kind : known_kinds(index.coverage)) {
    const std::string word = kind_word(kind, typed.last);
    add(word);
    if (!word.empty() && kind.count > 0) add(word + "/");
  }
  return candidates;
}

cli::Candidates complete_object(const cli::Completion& completion) {
  const NamedBackup named = named_backup(completion.globals.root, completion.arguments.at(0));
  const Index index = index_of(named.store, named.id);
  cli::Candidates candidates;
  for (const IndexedObject& object : index.objects) {
    std::string word = object_word(object, completion.typed);
    if (!word.empty()) candidates.values.push_back({std::move(word)});
  }
  return candidates;
}

}  // namespace dr::backup
