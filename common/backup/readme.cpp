#include "common/backup/readme.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "common/base/text.hpp"
#include "common/kube/kill_switch.hpp"

namespace dr::backup {
namespace {

// One line of Markdown that shows `outside` literally, in a table cell too.
std::string literal(std::string_view outside) {
  std::string out;
  for (const char c : printable(outside)) {
    if (std::string_view("\\`*[]<>|~&").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return std::string(trimmed(out));
}

std::string row(std::string_view name, std::string_view value) {
  return value.empty() ? std::string() : fmt::format("| {} | {} |\n", name, literal(value));
}

// --- What it lacks

std::string title(const Backup& backup) {
  if (backup.evidence) {
    return fmt::format(
        "# What a restore of namespace {} was about to change\n\n"
        "Kept before the restore wrote anything but the halt of trading, so the kill switch reads "
        "\"1\" here. Of the objects\nit has those that differed from the LKG or were not in it; "
        "then every pod, and the warning events.\n\n",
        literal(backup.provenance.ns));
  }
  const std::string_view state = !backup.complete() ? "INCOMPLETE BACKUP"
                                 : backup.partial() ? "PARTIAL BACKUP"
                                                    : "Backup";
  return fmt::format("# {} of namespace {}\n\n", state, literal(backup.provenance.ns));
}

std::string unread_kinds(const Backup& backup) {
  if (backup.complete()) return {};
  std::string text =
      "**THIS BACKUP IS NOT WHOLE. It does not stand for the namespace.** What could not be read "
      "is "
      "not in it:\n\n";
  for (const Coverage& coverage : backup.coverage) {
    if (coverage.readable()) continue;
    text += fmt::format("- {}: {}", literal(coverage.resource), name_of(coverage.outcome));
    text += coverage.message.empty() ? "\n" : fmt::format(": {}\n", literal(coverage.message));
  }
  for (const DeadGroup& group : backup.dead_groups) {
    if (group.derived_only) continue;
    text += fmt::format("- every kind of API {}: {}\n", literal(group.group_version),
                        literal(group.message));
  }
  return text + '\n';
}

std::string selection(const Backup& backup) {
  std::string text;
  if (!backup.selection.kinds.empty()) {
    text += fmt::format("**ONLY SOME KINDS WERE ASKED FOR:** {}.\n\n",
                        literal(join(backup.selection.kinds, ", ")));
  }
  if (!backup.selection.exclude.empty()) {
    text += fmt::format("**LEFT OUT ON REQUEST:** {}.\n\n",
                        literal(join(backup.selection.exclude, ", ")));
  }
  return text;
}

// --- What it is

std::string restore_facts(const Backup& backup) {
  if (!backup.evidence) return {};
  return row("LKG", backup.evidence->lkg) + row("restore id", backup.evidence->restore_id);
}

std::string facts(const Backup& backup) {
  const Provenance& from = backup.provenance;
  return "| fact | value |\n|---|---|\n" + row("time (UTC)", rfc3339(backup.id.time())) +
         row("namespace", from.ns) + row("context", from.context) + row("cluster", from.cluster) +
         row("cluster UID", from.cluster_uid) + row("server version", from.server_version) +
         row("git sha", from.git_sha) + row("objects", std::to_string(backup.objects.size())) +
         restore_facts(backup) +
         row("made by",
             (backup.evidence ? "kubectl lkg " : "kubectl drbackup ") + from.tool_version) +
         '\n';
}

std::string kinds(const Backup& backup) {
  std::string text = "## Kinds\n\n| resource | files begin with | outcome |\n|---|---|---|\n";
  for (const Coverage& coverage : backup.coverage) {
    text += fmt::format("| {} | {} | {} |\n", literal(coverage.resource),
                        literal(coverage.short_name + "__"), literal(text_of(coverage)));
  }
  if (backup.evidence) return text + "\nSecrets are never read.\n\n";
  text +=
      "\nA backup never holds Secrets, nor what the cluster makes by itself (pods, ReplicaSets, "
      "events and the like).\n\n";
  for (const DeadGroup& group : backup.dead_groups) {
    if (!group.derived_only) continue;
    text += fmt::format("API {} did not answer ({}). It serves nothing that a backup holds.\n\n",
                        literal(group.group_version), literal(group.message));
  }
  return text;
}

std::string warnings(const Backup& backup) {
  if (backup.warnings.empty()) return {};
  std::string text = "## Warnings\n\n";
  for (const std::string& warning : backup.warnings) text += "- " + literal(warning) + '\n';
  return text + '\n';
}

// --- How to use it

constexpr std::string_view k_check_and_compare =
    "## Check it\n\n"
    "In this directory, with nothing but coreutils:\n\n"
    "```sh\n"
    "sha256sum --strict -c SHA256SUMS\n"
    "```\n\n"
    "`kubectl drbackup verify ID` checks that and the content. ID is the name of this "
    "directory.\n\n"
    "## Compare it\n\n"
    "```sh\n"
    "git diff --no-index OLDER NEWER   # two of these directories\n"
    "kubectl drbackup diff OLDER NEWER # object by object, field by field\n"
    "kubectl drbackup diff ID live     # with the cluster as it is now\n"
    "```\n\n"
    "Two backups of an unchanged namespace differ in their time stamps only.\n\n";

// DIRECTORY: `kubectl drbackup` looks for an id among the backups alone.
constexpr std::string_view k_study =
    "## Study it\n\n"
    "DIRECTORY is the path of this directory, with a slash in it.\n\n"
    "```sh\n"
    "sha256sum --strict -c SHA256SUMS              # in it, with nothing but coreutils\n"
    "kubectl drbackup verify DIRECTORY             # that and the content\n"
    "kubectl drbackup diff DIRECTORY live          # what has become of these objects\n"
    "kubectl drbackup show DIRECTORY KIND/NAME     # one of them\n"
    "```\n";

std::string by_hand(const Provenance& from) {
  std::string target = "-n " + shell_quoted(printable(from.ns));
  if (!from.context.empty())
    target = fmt::format("--context {} {}", shell_quoted(printable(from.context)), target);
  return fmt::format(
      "## Put one object back by hand\n\n"
      "**HALT TRADING FIRST.** To bring the whole namespace back is the job of `kubectl lkg "
      "restore`, not of this\n"
      "directory. And leave `cm__{1}.yaml` alone: it holds the kill switch as it was\n"
      "then, which may be \"0\", trading allowed.\n\n"
      "```sh\n"
      "kubectl lkg halt {0} # halts trading, and proves it\n"
      "kubectl {0} diff -f FILE.yaml\n"
      "kubectl {0} replace -f FILE.yaml # or create -f, when the object is gone\n"
      "```\n\n"
      "A bound PersistentVolumeClaim refuses to be replaced: which volume it is bound to is not "
      "part "
      "of a backup.\n",
      target, kube::k_switch_name);
}

}  // namespace

std::string readme_of(const Backup& backup) {
  const std::string what = title(backup) + unread_kinds(backup) + selection(backup) +
                           facts(backup) + kinds(backup) + warnings(backup);
  if (backup.evidence) return what + std::string(k_study);
  return what + std::string(k_check_and_compare) + by_hand(backup.provenance);
}

}  // namespace dr::backup
