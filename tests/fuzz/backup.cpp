// The files of a backup: "name\ncontent" each, between lines of "====".
#include "common/backup/backup.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace dr;

namespace {

std::map<std::string, std::string> files_of(std::string_view text) {
  std::map<std::string, std::string> files;
  for (const auto& part : fuzz::parts_of(text)) {
    const auto end = part.find('\n');
    if (end != std::string::npos) files[part.substr(0, end)] = part.substr(end + 1);
  }
  return files;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const auto id = backup::BackupId::parse("20261129T170202Z").value();
  const auto files = files_of(fuzz::text_of(bytes, size));
  if (const auto index = files.find(std::string(backup::k_index_name)); index != files.end())
    fuzz::accepted(ExitCode::integrity, [&] { return backup::read_index(id, index->second); });
  const auto read =
      fuzz::accepted(ExitCode::integrity, [&] { return backup::parse_backup(id, files); });
  if (!read) return 0;
  for (const auto& object : read->objects)
    fuzz::require(kube::key_of(object).kind != "Secret", "no Secret is in a backup");
  const auto written = backup::files_of(*read);
  const auto again = backup::parse_backup(id, written);
  fuzz::require(again.objects == read->objects, "the objects come back");
  fuzz::require(backup::files_of(again) == written, "a backup comes back");
  return 0;
}
