#include "plugins/drbackup/transfer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>

#include "common/base/error.hpp"
#include "common/lkg/lkg_store.hpp"
#include "common/os/archive.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/sealed_dir.hpp"
#include "tests/unit/common/backup/backup_builder.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"
#include "tests/unit/support/fake_ssh_keygen.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::backup {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string k_first = "20260101T000000Z";
const std::string k_second = "20260102T000000Z";
const Destination k_place = Destination::parse("gs://bucket/p");

// A store in memory.
class FakeRemote final : public Remote {
 public:
  std::vector<Added> add(Form form, std::span<const Upload> uploads) const override {
    std::vector<Added> added;
    for (const auto& upload : uploads) {
      objects[k_place.object(form, upload.id)] = os::read_file(upload.file);
      const auto permissions = fs::status(upload.file.parent_path()).permissions();
      EXPECT_EQ(permissions, fs::perms::owner_all);
      staged.push_back(upload.file);
      added.push_back({CopyOutcome::uploaded, {}, {}});
    }
    return added;
  }
  std::optional<std::string> fetch(Form form, const std::string& id) const override {
    const auto found = objects.find(k_place.object(form, id));
    return found == objects.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::string> ids(Form /*form*/) const override { return listed; }

  std::vector<std::string> listed;
  mutable std::map<std::string, std::string> objects;
  mutable std::vector<fs::path> staged;
};

class TransferTest : public testing::Test {
 protected:
  fs::path here() const { return m_dir.path() / "here"; }
  fs::path there() const { return m_dir.path() / "there"; }

  void make_backup(const std::string& id, const std::function<void(Backup&)>& change = {}) const {
    Backup backup = test::small_backup(id);
    if (change) change(backup);
    backups_of(here()).adopt(backup.id, files_of(backup));
  }

  std::string make_lkg(bool is_signed = false) const {
    const auto files = test::lkg_files(test::small_floor());
    const std::string id = lkg::parse_lkg(files).id;
    os::SealedDirWriter writer(local_path(here(), Form::lkg, id));
    writer.add(lkg::k_manifest_name, files.manifest);
    writer.add(lkg::k_metadata_name, files.metadata);
    if (is_signed) {
      writer.commit(test::fake_signature(lkg::checksums_of(files)));
    } else {
      writer.commit();
    }
    return id;
  }

  std::vector<Copy> push_all(Form form = Form::backup) const {
    return push(here(), form, local_ids(here(), form), k_place, m_remote);
  }

  ExitCode code_of_pull(const std::string& id, Form form = Form::backup) {
    try {
      m_pulled = pull(there(), lkg::LkgStore(there(), m_signers), form, id, k_place, m_remote);
    } catch (const Error& error) {
      m_error = error.what();
      m_next_step = error.next_step();
      return error.code();
    }
    return ExitCode::ok;
  }

  test::TempDir m_dir;
  FakeRemote m_remote;
  std::optional<lkg::AllowedSigners> m_signers;
  Pulled m_pulled;
  std::string m_error;
  std::string m_next_step;
};

// Protects the round trip: the same directory, byte for byte, and the same archive from there.
TEST_F(TransferTest, ABackupArrivesAsItWas) {
  make_backup(k_first);
  const auto copies = push_all();
  ASSERT_THAT(copies, testing::SizeIs(1));
  EXPECT_EQ(copies[0].object, "gs://bucket/p/cluster_backup/20260101T000000Z.tar");
  EXPECT_EQ(copies[0].state, State::complete);
  EXPECT_EQ(code_of(copies), ExitCode::ok);
  EXPECT_EQ(code_of_pull(k_first), ExitCode::ok);
  EXPECT_FALSE(m_pulled.adopted.was_there);
  const fs::path original = local_path(here(), Form::backup, k_first);
  const fs::path copy = local_path(there(), Form::backup, k_first);
  EXPECT_EQ(os::read_sealed_dir(copy), os::read_sealed_dir(original));
  EXPECT_EQ(os::read_file(copy / "SHA256SUMS"), os::read_file(original / "SHA256SUMS"));
  EXPECT_EQ(pack(there(), Form::backup, k_first).archive,
            pack(here(), Form::backup, k_first).archive);
  EXPECT_EQ(code_of_pull(k_first), ExitCode::ok);
  EXPECT_TRUE(m_pulled.adopted.was_there);
}

TEST_F(TransferTest, AnLkgArrivesInTheHistory) {
  const std::string id = make_lkg();
  EXPECT_EQ(code_of(push_all(Form::lkg)), ExitCode::ok);
  EXPECT_EQ(code_of_pull(id, Form::lkg), ExitCode::ok);
  EXPECT_EQ(lkg::LkgStore(there()).load(id).id, id);
  EXPECT_EQ(code_of_pull(id, Form::lkg), ExitCode::ok);
  EXPECT_TRUE(m_pulled.adopted.was_there);
}

TEST_F(TransferTest, ASignatureGoesWithItsLkg) {
  const std::string id = make_lkg(true);
  EXPECT_EQ(code_of(push_all(Form::lkg)), ExitCode::ok);
  EXPECT_EQ(code_of_pull(id, Form::lkg), ExitCode::ok);
  EXPECT_EQ(os::read_sealed_dir(local_path(there(), Form::lkg, id), os::SignatureFile::allow),
            os::read_sealed_dir(local_path(here(), Form::lkg, id), os::SignatureFile::allow));
  EXPECT_EQ(pack(there(), Form::lkg, id).archive, pack(here(), Form::lkg, id).archive);
  EXPECT_EQ(code_of_pull(id, Form::lkg), ExitCode::ok);
  EXPECT_TRUE(m_pulled.adopted.was_there);
}

// As the newest of the history it would keep every verb from the LKG that is signed.
TEST_F(TransferTest, AnLkgThatMustBeSignedIsNotPulledWithout) {
  test::FakeProcessRunner runner;
  runner.handler = test::fake_ssh_keygen;
  const os::Environment environment{std::map<std::string, std::string>{{"PATH", "/usr/bin"}}};
  os::write_file(there() / "signers" / "allowed", "alice@floor ...");
  m_signers.emplace(there() / "signers" / "allowed", environment, runner);
  const std::string id = make_lkg();
  push_all(Form::lkg);
  EXPECT_EQ(code_of_pull(id, Form::lkg), ExitCode::integrity);
  EXPECT_THAT(m_error, HasSubstr("is not signed"));
  EXPECT_THAT(local_ids(there(), Form::lkg), IsEmpty());

  fs::remove_all(local_path(here(), Form::lkg, id));
  m_remote.objects.clear();
  make_lkg(true);
  push_all(Form::lkg);
  EXPECT_EQ(code_of_pull(id, Form::lkg), ExitCode::ok);
}

// A backup has no signature: there it is a file that nothing explains.
TEST_F(TransferTest, ABackupWithASignatureIsDamaged) {
  make_backup(k_first);
  os::write_file(local_path(here(), Form::backup, k_first) / os::k_signature_name, "x");
  EXPECT_EQ(code_of(push_all()), ExitCode::integrity);
}

// The temporary copies of a namespace's configuration do not outlive the push.
TEST_F(TransferTest, LeavesNoStagedArchive) {
  make_backup(k_first);
  push_all();
  ASSERT_THAT(m_remote.staged, testing::SizeIs(1));
  EXPECT_FALSE(fs::exists(m_remote.staged[0].parent_path()));
}

// A gap in a backup must travel with it, or the copy would look whole.
TEST_F(TransferTest, AnIncompleteBackupStaysIncomplete) {
  make_backup(k_first, [](Backup& backup) {
    backup.coverage.push_back(test::coverage("secretstores.example.com", "example.com/v1",
                                             "SecretStore", "secretstores.example.com"));
    backup.coverage.back().outcome = Outcome::forbidden;
    backup.coverage.back().message = "may not list";
  });
  EXPECT_EQ(push_all()[0].state, State::incomplete);
  EXPECT_EQ(code_of_pull(k_first), ExitCode::ok);
  EXPECT_EQ(m_pulled.adopted.state, State::incomplete);
}

// One damaged backup is not sent, and does not keep the others from being sent.
TEST_F(TransferTest, ADamagedBackupIsNotSent) {
  make_backup(k_first);
  make_backup(k_second);
  os::write_file(local_path(here(), Form::backup, k_first) / "cm__a.yaml", "changed");
  const auto copies = push_all();
  EXPECT_EQ(copies[0].result.outcome, CopyOutcome::damaged);
  EXPECT_THAT(copies[0].result.message, HasSubstr("cm__a.yaml"));
  EXPECT_EQ(copies[1].result.outcome, CopyOutcome::uploaded);
  EXPECT_EQ(code_of(copies), ExitCode::integrity);
  EXPECT_EQ(m_remote.objects.size(), 1U);
}

TEST_F(TransferTest, AnUnknownIdIsAFailureBeforeAnythingIsSent) {
  make_backup(k_first);
  const std::vector ids = {k_first, k_second};
  EXPECT_THROW(push(here(), Form::backup, ids, k_place, m_remote), Error);
  EXPECT_THAT(m_remote.objects, IsEmpty());
}

// Every damage to the archive of a copy is found before anything appears.
TEST_F(TransferTest, ATamperedCopyIsRefusedWhole) {
  make_backup(k_first);
  push_all();
  std::string& archive = m_remote.objects.at(k_place.object(Form::backup, k_first));
  const std::string whole = archive;
  const auto files = os::read_archive(whole, k_first, "x");
  const auto refused = [&](std::map<std::string, std::string> changed) {
    archive = os::write_archive(k_first, changed);
    EXPECT_EQ(code_of_pull(k_first), ExitCode::integrity);
    EXPECT_THAT(m_error, HasSubstr("gs://bucket/p/cluster_backup/20260101T000000Z.tar"));
    EXPECT_FALSE(fs::exists(local_path(there(), Form::backup, k_first)));
    return m_error;
  };
  auto changed = files;
  changed["cm__a.yaml"] += "#";
  EXPECT_THAT(refused(changed), HasSubstr("cm__a.yaml does not match its SHA-256 checksum"));
  changed = files;
  changed["extra"] = "";
  EXPECT_THAT(refused(changed), HasSubstr("extra is not listed in SHA256SUMS"));
  changed = files;
  changed.erase("README.md");
  EXPECT_THAT(refused(changed), HasSubstr("README.md is missing"));
  changed = files;
  changed.erase("SHA256SUMS");
  EXPECT_THAT(refused(changed), HasSubstr("SHA256SUMS is missing"));
  changed = files;
  changed["SHA256SUMS"].pop_back();
  EXPECT_THAT(refused(changed), HasSubstr("is cut off"));
  archive = whole.substr(0, whole.size() - 1);
  EXPECT_EQ(code_of_pull(k_first), ExitCode::integrity);
}

// An object under the name of another backup is not that backup.
TEST_F(TransferTest, ARenamedCopyIsRefused) {
  make_backup(k_first);
  push_all();
  m_remote.objects[k_place.object(Form::backup, k_second)] = m_remote.objects.begin()->second;
  EXPECT_EQ(code_of_pull(k_second), ExitCode::integrity);
  const auto files = os::read_archive(m_remote.objects.begin()->second, k_first, "x");
  m_remote.objects[k_place.object(Form::backup, k_second)] = os::write_archive(k_second, files);
  EXPECT_EQ(code_of_pull(k_second), ExitCode::integrity);
  EXPECT_THAT(local_ids(there(), Form::backup), IsEmpty());
}

TEST_F(TransferTest, AnotherOneOfThatIdHereIsKept) {
  const std::string lkg = make_lkg();
  make_backup(k_first);
  push_all();
  push_all(Form::lkg);
  backups_of(there()).adopt(test::backup_id(k_first), [] {
    Backup other = test::small_backup(k_first);
    other.objects[0]["data"]["x"] = "other";
    return files_of(other);
  }());
  os::SealedDirWriter writer(local_path(there(), Form::lkg, lkg));
  writer.add(lkg::k_manifest_name, "other");
  writer.commit();
  EXPECT_EQ(code_of_pull(k_first), ExitCode::integrity);
  EXPECT_EQ(code_of_pull(lkg, Form::lkg), ExitCode::integrity);
  EXPECT_THAT(m_error, HasSubstr("with another content"));
  EXPECT_EQ(os::read_file(local_path(there(), Form::lkg, lkg) / lkg::k_manifest_name), "other");
}

// The case that copies are made for: the message must not blame the copy, and say how to use it.
TEST_F(TransferTest, ADamagedOneHereIsToldFromADamagedCopy) {
  make_backup(k_first);
  push_all();
  ASSERT_EQ(code_of_pull(k_first), ExitCode::ok);
  const fs::path directory = local_path(there(), Form::backup, k_first);
  os::write_file(directory / "README.md", "changed");
  EXPECT_EQ(code_of_pull(k_first), ExitCode::integrity);
  EXPECT_THAT(m_error, HasSubstr("the backup of that id here is damaged"));
  EXPECT_THAT(m_next_step, HasSubstr("mv " + directory.string()));
  fs::rename(directory, directory.string() + ".damaged");
  EXPECT_EQ(code_of_pull(k_first), ExitCode::ok);
  EXPECT_THAT(local_ids(there(), Form::backup), testing::ElementsAre(k_first));
}

TEST_F(TransferTest, WhatIsThereIsTheNextStepOfAMissingCopy) {
  EXPECT_EQ(code_of_pull(k_first), ExitCode::failed);
  EXPECT_EQ(m_next_step, "gs://bucket/p/cluster_backup holds none");
  m_remote.listed = {"1", "2", "3", "4", "5", "6", "7"};
  EXPECT_EQ(code_of_pull(k_first), ExitCode::failed);
  EXPECT_EQ(m_next_step, "gs://bucket/p/cluster_backup holds 7, 6, 5, 4, 3 and 2 older");
}

TEST(CodeOfCopies, TheHigherDangerWinsAndSomeOfThemIsIncomplete) {
  const auto code = [](std::vector<CopyOutcome> outcomes) {
    std::vector<Copy> copies;
    for (const auto outcome : outcomes) copies.push_back({"", "", {}, 0, "", {outcome, "", ""}});
    return code_of(copies);
  };
  using enum CopyOutcome;
  EXPECT_EQ(code({uploaded, already_there}), ExitCode::ok);
  EXPECT_EQ(code({failed, failed}), ExitCode::failed);
  EXPECT_EQ(code({failed, already_there}), ExitCode::incomplete);
  EXPECT_EQ(code({unknown, failed}), ExitCode::incomplete);
  EXPECT_EQ(code({different, unknown}), ExitCode::integrity);
  EXPECT_EQ(code({damaged, uploaded}), ExitCode::integrity);
}

TEST(ParseId, TakesTheFormsOwnIdsOnly) {
  EXPECT_EQ(parse_id(Form::backup, k_first), k_first);
  EXPECT_EQ(parse_id(Form::lkg, k_first + "-0a1b2c3d"), k_first + "-0a1b2c3d");
  for (const auto& [form, text] :
       std::vector<std::pair<Form, std::string>>{{Form::backup, k_first + "-0a1b2c3d"},
                                                 {Form::lkg, k_first},
                                                 {Form::backup, "../" + k_first},
                                                 {Form::backup, ""}}) {
    try {
      parse_id(form, text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
    }
  }
}

}  // namespace
}  // namespace dr::backup
