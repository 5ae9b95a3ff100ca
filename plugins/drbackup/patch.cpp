#include "plugins/drbackup/patch.hpp"

#include <filesystem>
#include <system_error>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/data/yaml_codec.hpp"
#include "common/kube/field_rules.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/private_dir.hpp"

namespace dr::backup {
namespace {

namespace fs = std::filesystem;

void write_sides(const ObjectChange& change, kube::Allocated allocated, const fs::path& dir) {
  kube::Comparable sides{change.left == nullptr ? Json() : *change.left,
                         change.right == nullptr ? Json() : *change.right};
  if (change.change == Change::changed)
    sides = kube::comparable(*change.left, *change.right, allocated);
  if (change.left != nullptr) os::write_file(dir / "a" / change.file, data::write_yaml(sides.lkg));
  if (change.right != nullptr)
    os::write_file(dir / "b" / change.file, data::write_yaml(sides.live));
}

// "--- <dir>/a/<file><tab><time>" to "--- a/<file>", and to "--- /dev/null" for a file that is on
// the other side only: patch and git delete or create it then.
std::string short_head(const std::string& line, const std::string& dir) {
  constexpr std::size_t k_mark = 4;  // "--- " or "+++ "
  const std::string path = line.substr(k_mark, line.find('\t') - k_mark);
  std::error_code ignored;
  const bool there = fs::exists(path, ignored);
  return line.substr(0, k_mark) + (there ? path.substr(dir.size()) : "/dev/null");
}

// diff writes "--- <path><tab><time>"; a line of a file never begins so there, since it has one of
// " +-\" in front, but a removed "-- x" looks like one: only the two lines after "diff " are heads.
std::string with_short_heads(const std::string& text, const std::string& dir) {
  std::string result;
  int heads = 0;
  for (const auto& line : split(text, '\n')) {
    if (line.starts_with("diff ")) {
      heads = 2;
      continue;
    }
    std::string shown = line;
    if (heads > 0) {
      --heads;
      shown = short_head(line, dir);
    }
    result += shown + "\n";
  }
  if (result.ends_with("\n\n")) result.pop_back();
  return result;
}

}  // namespace

std::string unified_patch(const Comparison& comparison, kube::Allocated allocated,
                          const os::Environment& environment, os::ProcessRunner& runner) {
  if (comparison.changes.empty()) return {};
  const auto program = environment.find_program("diff");
  if (!program) {
    throw Error(ExitCode::usage, "diff not found in PATH",
                "install diffutils, or leave out -o unified");
  }
  const os::PrivateDir dir;
  fs::create_directory(dir.path() / "a");
  fs::create_directory(dir.path() / "b");
  for (const auto& change : comparison.changes) write_sides(change, allocated, dir.path());
  os::Command command;
  command.program = *program;
  command.args = {"-u", "-N", "-r", (dir.path() / "a").string(), (dir.path() / "b").string()};
  command.environment = environment.for_child({{"LC_ALL", "C"}}, {});
  const auto result = runner.run(command);
  if (result.exit_code != 1 || result.timed_out || result.truncated) {
    throw Error(ExitCode::failed, "failed to run diff: " + printable(trimmed(result.err)));
  }
  return with_short_heads(result.out, dir.path().string() + "/");
}

}  // namespace dr::backup
