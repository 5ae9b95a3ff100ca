#include "plugins/drbackup/remote.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.hpp"
#include "common/os/archive.hpp"
#include "common/os/atomic_file.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::backup {
namespace {

namespace fs = std::filesystem;
using test::FakeProcessRunner;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string k_first = "20260101T000000Z";
const std::string k_second = "20260102T000000Z";
const std::string k_precondition = "ERROR: HTTPError 412: Precondition failed\n";

// --- Destination

TEST(Destination, NamesTheCopies) {
  const auto cloud = Destination::parse("gs://my-bucket.example_1/a/B=2/");
  EXPECT_TRUE(cloud.in_cloud());
  EXPECT_EQ(cloud.object(Form::backup, k_first),
            "gs://my-bucket.example_1/a/B=2/cluster_backup/20260101T000000Z.tar");
  EXPECT_EQ(Destination::parse("gs://abc").folder(Form::lkg), "gs://abc/lkg");
  const auto directory = Destination::parse("/mnt/dr/");
  EXPECT_FALSE(directory.in_cloud());
  EXPECT_EQ(directory.folder(Form::lkg), "/mnt/dr/lkg");
  EXPECT_EQ(Destination::parse("/").folder(Form::lkg), "/lkg");
  EXPECT_EQ(Destination::parse("copies").folder(Form::backup), "copies/cluster_backup");
}

// gcloud takes wildcards and versions in URLs, and a wrong place is found out before anything runs.
TEST(Destination, RefusesWhatIsNoPlainPlace) {
  const std::string long_part(64, 'a');
  for (const std::string& text : {std::string(),
                                  std::string("gs://"),
                                  std::string("gs:///a"),
                                  std::string("gs://ab"),
                                  std::string("gs://Bucket"),
                                  std::string("gs://-bucket"),
                                  std::string("gs://bucket-"),
                                  std::string("gs://bu..ket"),
                                  std::string("gs://bu*ket"),
                                  "gs://" + long_part,
                                  std::string("gs://bucket//a"),
                                  std::string("gs://bucket/a//b"),
                                  std::string("gs://bucket/a//"),
                                  std::string("gs://bucket/../a"),
                                  std::string("gs://bucket/./a"),
                                  std::string("gs://bucket/a*"),
                                  std::string("gs://bucket/a?"),
                                  std::string("gs://bucket/a[b]"),
                                  std::string("gs://bucket/a#1"),
                                  std::string("gs://bucket/a b"),
                                  std::string("gs://bucket/a\nb"),
                                  std::string("gs://bucket/a,b"),
                                  "gs://bucket/" + std::string(901, 'a'),
                                  std::string("s3://bucket/a"),
                                  std::string("GS://bucket/a"),
                                  std::string("https://storage.googleapis.com/bucket")}) {
    try {
      Destination::parse(text);
      ADD_FAILURE() << "accepted " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << text;
    }
  }
}

TEST(Destination, FindsOnlyIdsAmongNames) {
  const std::vector<std::string> names = {"20260102T000000Z.tar",
                                          "20260101T000000Z.tar",
                                          "20260103T000000Z.tar.gz",
                                          "notes.tar",
                                          ".tar",
                                          "20260104T000000Z-0a1b2c3d.tar"};
  EXPECT_THAT(ids_in(Form::backup, names), ElementsAre(k_first, k_second));
  EXPECT_THAT(ids_in(Form::lkg, names), ElementsAre("20260104T000000Z-0a1b2c3d"));
}

// --- Both kinds of remotes

class RemoteTest : public testing::Test {
 protected:
  Upload upload(const std::string& id, const std::string& bytes) {
    const fs::path file = m_dir.path() / "staged" / (id + ".tar");
    os::write_file(file, bytes);
    return {id, file, bytes.size(), os::crc32c_base64(bytes)};
  }

  test::TempDir m_dir;
};

// --- A directory

class DirectoryRemoteTest : public RemoteTest {
 protected:
  fs::path place() const { return m_dir.path() / "copies"; }
  fs::path object(const std::string& id) const {
    return place() / "cluster_backup" / (id + ".tar");
  }
  std::unique_ptr<Remote> remote() const {
    return directory_remote(Destination::parse(place().string()));
  }
};

TEST_F(DirectoryRemoteTest, AddsOnceAndThenFindsItThere) {
  const std::vector uploads = {upload(k_first, "one"), upload(k_second, "two")};
  auto added = remote()->add(Form::backup, uploads);
  ASSERT_THAT(added, SizeIs(2));
  EXPECT_EQ(added[0].outcome, CopyOutcome::uploaded);
  EXPECT_EQ(added[1].outcome, CopyOutcome::uploaded);
  EXPECT_EQ(os::read_file(object(k_second)), "two");
  added = remote()->add(Form::backup, uploads);
  EXPECT_EQ(added[0].outcome, CopyOutcome::already_there);
  EXPECT_THAT(remote()->ids(Form::backup), ElementsAre(k_first, k_second));
  EXPECT_EQ(remote()->fetch(Form::backup, k_first), "one");
}

TEST_F(DirectoryRemoteTest, NeverReplacesAnotherFile) {
  os::write_file(object(k_first), "other");
  const std::vector uploads = {upload(k_first, "one")};
  const auto added = remote()->add(Form::backup, uploads);
  EXPECT_EQ(added[0].outcome, CopyOutcome::different);
  EXPECT_THAT(added[0].next_step, HasSubstr("tar -tvf " + object(k_first).string()));
  EXPECT_EQ(os::read_file(object(k_first)), "other");
}

// One copy that fails must not hide what became of the next one.
TEST_F(DirectoryRemoteTest, AFailureNamesThePath) {
  fs::create_directories(object(k_first));  // a directory in its place
  const std::vector uploads = {upload(k_first, "one"), upload(k_second, "two")};
  const auto added = remote()->add(Form::backup, uploads);
  EXPECT_EQ(added[0].outcome, CopyOutcome::failed);
  EXPECT_THAT(added[0].message, HasSubstr(object(k_first).string()));
  EXPECT_EQ(added[1].outcome, CopyOutcome::uploaded);
}

TEST_F(DirectoryRemoteTest, AbsentIsNoError) {
  EXPECT_EQ(remote()->fetch(Form::backup, k_first), std::nullopt);
  EXPECT_THAT(remote()->ids(Form::backup), IsEmpty());
}

// --- Cloud Storage

class CloudRemoteTest : public RemoteTest {
 protected:
  std::unique_ptr<Remote> remote() {
    return cloud_remote(Destination::parse("gs://bucket/p"),
                        gcloud::Gcloud(m_runner, os::Environment({}), "/usr/bin/gcloud"),
                        Millis{7'000});
  }

  // What `ls --json` prints of those objects: id, size and checksum.
  static std::string listing(const std::vector<Upload>& objects) {
    Json list = Json::array();
    for (const auto& object : objects) {
      const std::string name = "p/cluster_backup/" + object.id + ".tar";
      list.push_back(
          {{"url", "gs://bucket/" + name + "#1"},
           {"type", "cloud_object"},
           {"metadata",
            {{"name", name}, {"size", std::to_string(object.bytes)}, {"crc32c", object.crc32c}}}});
    }
    return data::write_json(list);
  }

  // `cp` ends like this after it uploaded those ids.
  void answer_copy(os::ProcessResult result, const std::vector<std::string>& uploaded) {
    m_runner.handler = [this, result = std::move(result), uploaded,
                        calls = 0](const os::Command& command) mutable {
      if (++calls > 1) return m_list;
      std::string csv = "Source,Destination,Start,End,Md5,Source Size,Bytes,Result,Description\n";
      for (const auto& id : uploaded)
        csv += fmt::format("file://x,gs://bucket/p/cluster_backup/{}.tar,a,b,m,3,3,OK,\n", id);
      csv += "file://y,gs://bucket/p/cluster_backup/y.tar,a,b,,3,0,error,HTTPError 412\n";
      for (const std::string& arg : command.args) {
        constexpr std::string_view k_flag = "--manifest-path=";
        if (arg.starts_with(k_flag)) os::write_file(arg.substr(k_flag.size()), csv);
      }
      return result;
    };
  }

  std::vector<CopyOutcome> outcomes(const std::vector<Upload>& uploads) {
    std::vector<CopyOutcome> found;
    m_added = remote()->add(Form::backup, uploads);
    for (const auto& one : m_added) found.push_back(one.outcome);
    return found;
  }

  FakeProcessRunner m_runner;
  os::ProcessResult m_list;
  std::vector<Added> m_added;
};

// Protects create-only, one process for all archives, and our deadline on both.
TEST_F(CloudRemoteTest, SendsAllInOneCallAndListsInAnother) {
  const std::vector uploads = {upload(k_first, "one"), upload(k_second, "two")};
  answer_copy(test::succeeded(), {});
  m_list = test::succeeded(listing(uploads));
  EXPECT_THAT(outcomes(uploads), ElementsAre(CopyOutcome::uploaded, CopyOutcome::uploaded));
  ASSERT_THAT(m_runner.commands(), SizeIs(2));
  const auto& copy = m_runner.commands()[0].args;
  EXPECT_THAT(copy, Contains("--if-generation-match=0"));
  EXPECT_THAT(copy, Contains(uploads[0].file.string()));
  EXPECT_THAT(copy, Contains(uploads[1].file.string()));
  EXPECT_EQ(copy.back(), "gs://bucket/p/cluster_backup/");
  EXPECT_THAT(m_runner.commands()[1].args,
              ElementsAre("storage", "ls", "--json", "gs://bucket/p/cluster_backup/*.tar"));
  for (const auto& command : m_runner.commands()) EXPECT_EQ(command.timeout, Millis{7'000});
}

// 412 says that something is there; whether it is the same, only the listing tells.
TEST_F(CloudRemoteTest, TellsWhatIsThereAlreadyByTheStoresOwnHash) {
  const std::vector uploads = {upload(k_first, "one"), upload(k_second, "two")};
  answer_copy(test::failed(1, k_precondition), {k_second});
  m_list = test::succeeded(listing(uploads));
  EXPECT_THAT(outcomes(uploads), ElementsAre(CopyOutcome::already_there, CopyOutcome::uploaded));
}

TEST_F(CloudRemoteTest, TellsAnotherObjectBySizeOrChecksum) {
  const std::vector uploads = {upload(k_first, "one"), upload(k_second, "two")};
  auto stored = uploads;
  stored[0].bytes = 4;
  stored[1].crc32c = os::crc32c_base64("owt");
  answer_copy(test::failed(1, k_precondition), {});
  m_list = test::succeeded(listing(stored));
  EXPECT_THAT(outcomes(uploads), ElementsAre(CopyOutcome::different, CopyOutcome::different));
  EXPECT_THAT(m_added[0].next_step, HasSubstr("gs://bucket/p/cluster_backup/" + k_first));
}

// A success of gcloud that the store does not confirm is none.
TEST_F(CloudRemoteTest, WhatTheStoreDoesNotListIsNotThere) {
  const std::vector uploads = {upload(k_first, "one"), upload(k_second, "two")};
  answer_copy(test::succeeded(), {k_first, k_second});
  m_list = test::succeeded(listing({uploads[0]}));
  EXPECT_THAT(outcomes(uploads), ElementsAre(CopyOutcome::uploaded, CopyOutcome::failed));
  m_list = test::failed(1, "ERROR: (gcloud.storage.ls) One or more URLs matched no objects.\n");
  answer_copy(test::succeeded(), {});
  EXPECT_THAT(outcomes(uploads), ElementsAre(CopyOutcome::failed, CopyOutcome::failed));
}

// Unknown is never there, and never gone either.
TEST_F(CloudRemoteTest, WithoutAListingNothingIsKnown) {
  const std::vector uploads = {upload(k_first, "one")};
  const std::string forbidden =
      "ERROR: (gcloud.storage.ls) HTTPError 403: no storage.objects.list\n";
  std::vector<os::ProcessResult> listings = {
      test::failed(1, forbidden), test::succeeded("[{\"metadata\": {"), test::succeeded("{}"),
      test::succeeded("[{}]"),
      test::succeeded("[{\"metadata\":{\"name\":\"a\",\"size\":\"1x\",\"crc32c\":\"\"}}]")};
  for (const auto& answer : listings) {
    m_list = answer;
    answer_copy(test::succeeded(), {k_first});
    EXPECT_THAT(outcomes(uploads), ElementsAre(CopyOutcome::unknown)) << answer.out;
    EXPECT_THAT(m_added[0].message, Not(IsEmpty()));
  }
  os::ProcessResult timed_out;
  timed_out.timed_out = true;
  m_list = timed_out;
  answer_copy(timed_out, {});
  EXPECT_THAT(outcomes(uploads), ElementsAre(CopyOutcome::unknown));
  EXPECT_EQ(code_of(CopyOutcome::unknown), ExitCode::incomplete);
}

TEST_F(CloudRemoteTest, QuotesGcloudAndDoesNotAskAgainWithoutHope) {
  const std::vector uploads = {upload(k_first, "one")};
  for (const std::string text :
       {"gs://bucket not found: 404.", "You do not currently have an active account selected."}) {
    FakeProcessRunner runner;
    runner.push(test::failed(1, "ERROR: (gcloud.storage.cp) " + text + "\n"));
    const auto remote =
        cloud_remote(Destination::parse("gs://bucket"),
                     gcloud::Gcloud(runner, os::Environment({}), "/usr/bin/gcloud"), Millis{1'000});
    const auto added = remote->add(Form::backup, uploads);
    EXPECT_EQ(added[0].outcome, CopyOutcome::failed);
    EXPECT_THAT(added[0].message, HasSubstr(text));
    EXPECT_THAT(added[0].next_step, Not(IsEmpty()));
    EXPECT_THAT(runner.commands(), SizeIs(1));
  }
}

// A writer that may neither create nor list has sent nothing.
TEST_F(CloudRemoteTest, ForbiddenToSendIsAFailure) {
  const std::string forbidden = "ERROR: HTTPError 403: no storage.objects.create\n";
  answer_copy(test::failed(1, forbidden), {});
  m_list = test::failed(1, forbidden);
  EXPECT_THAT(outcomes({upload(k_first, "one")}), ElementsAre(CopyOutcome::failed));
}

TEST_F(CloudRemoteTest, FetchesIntoAFileOfItsOwn) {
  m_runner.handler = [](const os::Command& command) {
    os::write_file(command.args.back(), "bytes");
    return test::succeeded();
  };
  EXPECT_EQ(remote()->fetch(Form::lkg, "20260101T000000Z-0a1b2c3d"), "bytes");
  const auto& args = m_runner.commands().at(0).args;
  EXPECT_EQ(args.at(2), "gs://bucket/p/lkg/20260101T000000Z-0a1b2c3d.tar");
  EXPECT_FALSE(fs::exists(fs::path(args.back()).parent_path()));
}

TEST_F(CloudRemoteTest, AMissingObjectIsNotAMissingBucket) {
  m_runner.push(test::failed(1,
                             "ERROR: (gcloud.storage.cp) The following URLs matched no objects "
                             "or files:\ngs://bucket/p/x.tar\n"));
  EXPECT_EQ(remote()->fetch(Form::backup, k_first), std::nullopt);
  m_runner.push(test::failed(1, "ERROR: (gcloud.storage.cp) gs://bucket not found: 404.\n"));
  EXPECT_THROW(remote()->fetch(Form::backup, k_first), Error);
  m_runner.push(test::failed(1, "ERROR: (gcloud.storage.ls) gs://bucket not found: 404.\n"));
  EXPECT_THROW(remote()->ids(Form::backup), Error);
}

}  // namespace
}  // namespace dr::backup
