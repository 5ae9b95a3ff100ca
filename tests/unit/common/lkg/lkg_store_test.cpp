#include "common/lkg/lkg_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "common/os/sealed_dir.hpp"
#include "tests/unit/common/lkg/lkg_builder.hpp"
#include "tests/unit/support/corruption.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/fake_ssh_keygen.hpp"
#include "tests/unit/support/temp_dir.hpp"

namespace dr::lkg {
namespace {

using namespace dr::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::array<std::string, 3> k_parts = {
    std::string(k_manifest_name), std::string(k_metadata_name), std::string(os::k_checksums_name)};

class LkgStoreTest : public testing::Test {
 protected:
  LkgStoreTest() {
    m_runner.on_sleep = [this](Millis duration) { m_clock.advance(duration); };
  }

  // An LKG whose content is told by `label`.
  LkgId publish(const std::string& label, std::size_t keep = k_default_keep) {
    return publish_to(m_store, label, keep, {});
  }
  LkgId publish_to(const LkgStore& store, const std::string& label, std::size_t keep,
                   const Sign& sign) {
    std::vector<Json> objects = small_floor();
    objects.push_back(make_config_map("label", "label", label));
    return store.publish(
        lkg_files(objects).manifest,
        [&](const LkgId& id) { return lkg_files(objects, Json::object(), id.time()).metadata; },
        keep, m_clock, m_runner, sign);
  }

  static std::string label_of(const Lkg& lkg) {
    return lkg.find("ConfigMap", "label")->at("data").at("label").get<std::string>();
  }

  std::filesystem::path file(const std::string& name) const { return m_store.directory() / name; }
  std::filesystem::path kept(const LkgId& id) const { return file("history") / id.text(); }

  // Without the fsync of os::write_file, for tests that write thousands of times.
  static void overwrite(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  ExitCode code_of_load() const {
    try {
      m_store.load();
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::ok;
  }

  std::vector<std::string> history() const {
    std::vector<std::string> ids;
    for (const auto& id : m_store.history()) ids.push_back(id.text());
    return ids;
  }

  TempDir m_dir;
  LkgStore m_store{m_dir.path()};
  FakeClock m_clock;
  FakeProcessRunner m_runner;
};

// --- Publishing

TEST_F(LkgStoreTest, LoadsWhatWasPublished) {
  // Protects the round trip: current files and history entry are the same LKG.
  const LkgId id = publish("one");
  const Lkg lkg = m_store.load();
  EXPECT_EQ(lkg.id, id.text());
  EXPECT_EQ(label_of(lkg), "one");
  EXPECT_THAT(lkg.warnings, IsEmpty());
  EXPECT_EQ(label_of(m_store.load(id.text())), "one");
}

TEST_F(LkgStoreTest, ChecksumsAreThoseOfSha256sum) {
  // Protects `sha256sum -c SHA256SUMS`, the check that needs no plugin.
  publish("one");
  const auto sums = os::parse_checksums(os::read_file(file(k_parts[2])));
  for (const auto& part : {k_parts[0], k_parts[1]})
    EXPECT_EQ(sums.at(part), os::sha256_hex(os::read_file(file(part))));
}

TEST_F(LkgStoreTest, EmptyStoreHasNoLkg) {
  // Protects the first use: no LKG is no damage.
  EXPECT_EQ(code_of_load(), ExitCode::failed);
  EXPECT_THAT(m_store.history(), IsEmpty());
}

TEST_F(LkgStoreTest, TwoPublishesInOneSecondGetDifferentSortedIds) {
  // Protects unique ids: the second waits for the next second instead of overwriting the first.
  const LkgId first = publish("same");
  const LkgId second = publish("same");
  EXPECT_LT(first, second);
  EXPECT_GT(second.time(), first.time());
  EXPECT_THAT(history(), ElementsAre(first.text(), second.text()));
  EXPECT_THAT(m_runner.sleeps(), testing::Not(IsEmpty()));
}

TEST_F(LkgStoreTest, RefusesToPublishBeforeAKeptOne) {
  // Protects the order of the history from a clock that was set back, without waiting for hours.
  const LkgId first = publish("one");
  m_clock.advance(-std::chrono::hours(2));
  EXPECT_THROW(publish("two"), Error);
  EXPECT_THAT(history(), ElementsAre(first.text()));
  EXPECT_THAT(m_runner.sleeps(), IsEmpty());
}

TEST_F(LkgStoreTest, AFailedPublishLeavesTheOldOne) {
  // Protects the old LKG when the new one does not pass its own checks.
  publish("one");
  m_clock.advance(std::chrono::seconds(5));
  EXPECT_THROW(
      m_store.publish(
          "{}", [](const LkgId&) -> std::string { throw Error(ExitCode::integrity, "not good"); },
          k_default_keep, m_clock, m_runner),
      Error);
  EXPECT_EQ(label_of(m_store.load()), "one");
  EXPECT_THAT(m_store.history(), SizeIs(1));
}

TEST_F(LkgStoreTest, HistoryIsSortedAndPrunedToTheNewest) {
  // Protects the release records: only the oldest go, whatever order the file system lists them in.
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(publish(std::to_string(i), 3).text());
    m_clock.advance(std::chrono::seconds(7));
  }
  EXPECT_THAT(history(), ElementsAre(ids[2], ids[3], ids[4]));
  EXPECT_EQ(label_of(m_store.load()), "4");
}

TEST_F(LkgStoreTest, HistoryIgnoresForeignNames) {
  // Protects against notes and half-removed entries beside the kept ones.
  const LkgId id = publish("one");
  std::filesystem::create_directories(file("history") / ".pruned-20250101T000000Z-01234567");
  os::write_file(file("history") / "README", "hello");
  EXPECT_THAT(history(), ElementsAre(id.text()));
}

// --- Interrupted publishes

// Each bit says whether that file is still the older one.
class LkgStoreMix : public LkgStoreTest, public testing::WithParamInterface<unsigned> {};

TEST_P(LkgStoreMix, LoadsAWholeGeneration) {
  // Protects every crash point of a publish: no hand work, never a mixture.
  publish("old");
  std::array<std::string, 3> old;
  for (std::size_t i = 0; i < k_parts.size(); ++i) old[i] = os::read_file(file(k_parts[i]));
  publish("new");
  for (std::size_t i = 0; i < k_parts.size(); ++i) {
    if ((GetParam() >> i & 1U) != 0) os::write_file(file(k_parts[i]), old[i]);
  }
  const Lkg lkg = m_store.load();
  EXPECT_EQ(label_of(lkg), "new");
  if (GetParam() == 0) {
    EXPECT_THAT(lkg.warnings, IsEmpty());
  } else {
    EXPECT_THAT(lkg.warnings, ElementsAre(HasSubstr("interrupted")));
  }
}

TEST_P(LkgStoreMix, IsMendedByTheNextPublish) {
  // Protects the promise of that warning.
  publish("old");
  const std::string old = os::read_file(file(k_parts[GetParam() % 3]));
  publish("new");
  os::write_file(file(k_parts[GetParam() % 3]), old);
  publish("next");
  EXPECT_EQ(label_of(m_store.load()), "next");
  EXPECT_THAT(m_store.load().warnings, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Files, LkgStoreMix, testing::Range(0U, 8U));

class LkgStorePart : public LkgStoreTest, public testing::WithParamInterface<std::string> {};

TEST_P(LkgStorePart, MissingLoadsTheNewestWithAWarning) {
  // Protects the first publish of all: before its end some of the three files are not there yet.
  publish("old");
  publish("new");
  std::filesystem::remove(file(GetParam()));
  const Lkg lkg = m_store.load();
  EXPECT_EQ(label_of(lkg), "new");
  EXPECT_THAT(lkg.warnings, ElementsAre(HasSubstr("interrupted")));
}

TEST_P(LkgStorePart, ChangedInOneByteIsDamage) {
  // Protects against edits and bit rot: what no kept LKG explains is never restored.
  publish("old");
  publish("new");
  const std::string text = os::read_file(file(GetParam()));
  for (const std::size_t place : {std::size_t{0}, text.size() / 2, text.size() - 1}) {
    std::string changed = text;
    changed[place] = static_cast<char>(changed[place] ^ 1);
    os::write_file(file(GetParam()), changed);
    EXPECT_EQ(code_of_load(), ExitCode::integrity) << place;
  }
  os::write_file(file(GetParam()), text + "\n");
  EXPECT_EQ(code_of_load(), ExitCode::integrity);
}

TEST_P(LkgStorePart, ChangedWithoutAHistoryIsDamage) {
  // Protects a repository that lost its history: nothing explains a mismatch there.
  publish("one");
  std::filesystem::remove_all(file("history"));
  os::write_file(file(GetParam()), os::read_file(file(GetParam())) + "\n");
  EXPECT_EQ(code_of_load(), ExitCode::integrity);
}

// A kept LKG is what a restore falls back to, so all of it is tried.
TEST_P(LkgStorePart, EverySingleBitFlipAndEveryTruncationOfAKeptOneIsDamage) {
  const LkgId id = publish("one");
  each_flip_and_cut(kept(id) / GetParam(), [&](const std::string& what) {
    try {
      m_store.load(id.text());
      FAIL() << what << " was loaded";
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ExitCode::integrity) << what;
    }
  });
  EXPECT_EQ(label_of(m_store.load(id.text())), "one");
}

// The current one has a way out, an interrupted publish, that a flip must never find.
TEST_P(LkgStorePart, AFlipOfEachByteAndEveryTruncationOfTheCurrentOneIsDamage) {
  publish("old");
  publish("new");
  const auto path = file(GetParam());
  const std::string good = os::read_file(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string text = good;
    text[at] = static_cast<char>(static_cast<unsigned char>(good[at]) ^ (1U << (at % 8)));
    overwrite(path, text);
    ASSERT_EQ(code_of_load(), ExitCode::integrity) << "byte " << at;
    overwrite(path, good.substr(0, at));
    ASSERT_EQ(code_of_load(), ExitCode::integrity) << "cut at " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, LkgStorePart, testing::ValuesIn(k_parts),
                         [](const auto& test) { return "file" + std::to_string(test.index); });

// Protects against an old state that is played back: with its own sums it fits.
TEST_F(LkgStoreTest, AnOlderOnePutBackIsNotUsed) {
  const LkgId old = publish("old");
  publish("new");
  for (const auto& part : k_parts) overwrite(file(part), os::read_file(kept(old) / part));
  const Lkg lkg = m_store.load();
  EXPECT_EQ(label_of(lkg), "new");
  EXPECT_THAT(lkg.warnings, ElementsAre(HasSubstr("interrupted")));

  std::filesystem::remove_all(kept(old));
  try {
    m_store.load();
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::integrity);
    EXPECT_THAT(error.what(), HasSubstr("older than LKG"));
  }
}

TEST_P(LkgStorePart, IsAPlainFileOrDamage) {
  publish("one");
  const auto path = file(GetParam());
  const auto good = file("good");
  std::filesystem::rename(path, good);
  std::filesystem::create_symlink(good, path);
  EXPECT_EQ(code_of_load(), ExitCode::integrity);
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_EQ(code_of_load(), ExitCode::integrity);
  std::filesystem::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);  // a reader would wait for ever
  EXPECT_EQ(code_of_load(), ExitCode::integrity);
}

TEST_F(LkgStoreTest, ADirectoryThatEverybodyMayWriteIsRefused) {
  const LkgId id = publish("one");
  for (const auto& directory : {m_store.directory(), file("history")}) {
    std::filesystem::permissions(directory, std::filesystem::perms::others_write,
                                 std::filesystem::perm_options::add);
    EXPECT_EQ(code_of_load(), ExitCode::integrity);
    std::filesystem::permissions(directory, std::filesystem::perms::others_write,
                                 std::filesystem::perm_options::remove);
  }
  EXPECT_EQ(code_of_load(), ExitCode::ok);
  std::filesystem::permissions(kept(id), std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  EXPECT_THROW(m_store.load(id.text()), Error);
}

// --- The history

TEST_F(LkgStoreTest, DamagedEntryIsNamed) {
  // Protects --from and the fallback from a damaged record.
  const LkgId id = publish("one");
  os::write_file(kept(id) / k_parts[0], "{}");
  try {
    m_store.load(id.text());
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::integrity);
    EXPECT_THAT(error.what(), HasSubstr(id.text()));
  }
}

TEST_F(LkgStoreTest, RenamedEntryIsDamage) {
  // Protects against an old state that poses as a newer one.
  const LkgId id = publish("one");
  const std::string other = "20270101T000000Z" + id.text().substr(16);
  std::filesystem::rename(kept(id), file("history") / other);
  try {
    m_store.load(other);
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::integrity);
    EXPECT_THAT(error.what(), HasSubstr(other));
  }
}

TEST_F(LkgStoreTest, UnknownIdIsNotDamage) {
  // Protects the difference between a typing mistake (1) and a damaged record (6).
  publish("one");
  for (const char* id : {"20250101T000000Z-01234567", "../../lkg", ""}) {
    try {
      m_store.load(id);
      ADD_FAILURE() << id;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::failed);
    }
  }
}

// --- The incumbent's files

TEST_F(LkgStoreTest, LoadsTheIncumbentsPairWithoutChecksums) {
  // Protects the LKG that stands in the repository before the first capture.
  const LkgFiles files = lkg_files(small_floor(), {{"schema", nullptr}});
  os::write_file(file(k_parts[0]), files.manifest);
  os::write_file(file(k_parts[1]), files.metadata);
  EXPECT_EQ(m_store.load().id, "");
  EXPECT_EQ(load_files(file(k_parts[0]), file(k_parts[1])).objects.size(), 3U);
  publish("ours");
  EXPECT_EQ(label_of(m_store.load()), "ours");
}

// --- Signatures

const std::string k_signature_file(os::k_signature_name);

class SignedLkgTest : public LkgStoreTest {
 protected:
  SignedLkgTest() { m_runner.handler = fake_ssh_keygen; }

  LkgId publish_signed(const std::string& label, const Sign& sign = fake_signature) {
    return publish_to(m_strict, label, k_default_keep, sign);
  }
  // Why the current one, or `id`, is refused.
  std::string refusal(const std::string& id = {}) const {
    try {
      id.empty() ? m_strict.load() : m_strict.load(id);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::integrity) << error.what();
      return error.what();
    }
    return "it is not";
  }

  std::filesystem::path signers() const { return m_dir.path() / "signers" / "allowed"; }

  const os::Environment m_environment{std::map<std::string, std::string>{{"PATH", "/usr/bin"}}};
  LkgStore m_strict{m_dir.path(), [this] {
                      os::write_file(signers(), "alice@floor ssh-ed25519 AAAA\n");
                      return AllowedSigners(signers(), m_environment, m_runner);
                    }()};
};

TEST_F(SignedLkgTest, IsBelieved) {
  const LkgId id = publish_signed("one");
  for (const Lkg& lkg : {m_strict.load(), m_strict.load(id.text())}) {
    ASSERT_TRUE(lkg.signer);
    EXPECT_EQ(lkg.signer->principal, "alice@floor");
    EXPECT_EQ(lkg.signer->key, "ED25519 SHA256:abc");
  }
  const Lkg unchecked = m_store.load();
  EXPECT_TRUE(unchecked.is_signed);
  EXPECT_FALSE(unchecked.signer);
}

// A key that is good when it signs stays good for what it has signed then.
TEST_F(SignedLkgTest, IsCheckedAtTheTimeOfItsCapture) {
  publish_signed("one");
  m_clock.advance(std::chrono::hours(24 * 365));
  m_strict.load();
  EXPECT_THAT(m_runner.commands().back().args, testing::Contains("-Overify-time=20260102030405"));
}

TEST_F(SignedLkgTest, IsRefusedWithoutASignatureOrWithThatOfAnother) {
  const LkgId old = publish_signed("old");
  const LkgId id = publish_signed("new");
  const std::string other = os::read_file(kept(old) / k_signature_file);
  for (const auto& directory : {m_store.directory(), kept(id)}) {
    overwrite(directory / k_signature_file, other);
    EXPECT_THAT(refusal(directory == kept(id) ? id.text() : ""), HasSubstr("incorrect signature"));
    std::filesystem::remove(directory / k_signature_file);
    EXPECT_THAT(refusal(directory == kept(id) ? id.text() : ""), HasSubstr("is not signed"));
  }
}

TEST_F(SignedLkgTest, OneOfTheIncumbentScriptsIsRefused) {
  const LkgFiles files = lkg_files(small_floor(), {{"schema", nullptr}});
  os::write_file(file(k_parts[0]), files.manifest);
  os::write_file(file(k_parts[1]), files.metadata);
  EXPECT_THAT(refusal(), HasSubstr("is not signed"));
}

// Protects the old LKG from a new one that no verb would take.
TEST_F(SignedLkgTest, IsNotPublishedUnlessItWillBeBelieved) {
  publish_signed("old");
  for (const Sign& sign : {Sign(), Sign([](const std::string&) { return fake_signature("x"); })}) {
    try {
      publish_signed("new", sign);
      FAIL() << "published";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::refused);
      EXPECT_THAT(error.next_step(), HasSubstr("--sign"));
    }
  }
  EXPECT_EQ(label_of(m_strict.load()), "old");
  EXPECT_THAT(history(), SizeIs(1));
}

TEST_F(SignedLkgTest, AFileOfSignersThatCouldBeAnybodysIsRefused) {
  using std::filesystem::perms;
  publish_signed("one");
  for (const auto& path : {signers(), signers().parent_path()}) {
    std::filesystem::permissions(path, perms::others_write, std::filesystem::perm_options::add);
    EXPECT_THAT(refusal(), HasSubstr("every user"));
    std::filesystem::permissions(path, perms::others_write, std::filesystem::perm_options::remove);
  }
  EXPECT_EQ(refusal(), "it is not");
  std::filesystem::rename(signers(), signers().string() + ".real");
  std::filesystem::create_symlink("allowed.real", signers());
  EXPECT_THAT(refusal(), HasSubstr("not a regular file"));
  std::filesystem::remove(signers());
  EXPECT_THAT(refusal(), HasSubstr("not a regular file"));
}

// Protects against a reader that was opened before the file came, or forgets it.
TEST_F(SignedLkgTest, IsNotReadUncheckedOnceTheFileIsThere) {
  publish("one");
  std::filesystem::create_symlink("nowhere", file("allowed_signers"));
  EXPECT_EQ(code_of_load(), ExitCode::integrity);
}

// Without ssh-keygen nothing is known of a signature: that is no damage, and no consent.
TEST_F(SignedLkgTest, IsNotReadWithoutSshKeygen) {
  publish_signed("one");
  const os::Environment nowhere{std::map<std::string, std::string>{{"PATH", "/nowhere"}}};
  try {
    LkgStore(m_dir.path(), AllowedSigners(signers(), nowhere, m_runner)).load();
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
  }
}

// After how many of the four current files a publish was cut off, and whether the old LKG was
// signed.
class SignedLkgCrash : public SignedLkgTest,
                       public testing::WithParamInterface<std::tuple<std::size_t, bool>> {};

TEST_P(SignedLkgCrash, LoadsTheNewestWholeOne) {
  const auto [written, was_signed] = GetParam();
  const std::array order{k_parts[0], k_parts[1], k_signature_file, k_parts[2]};
  publish_to(m_store, "old", k_default_keep, was_signed ? Sign(fake_signature) : Sign());
  std::map<std::string, std::string> old;
  for (const auto& name : order) {
    if (std::filesystem::exists(file(name))) old[name] = os::read_file(file(name));
  }
  publish_signed("new");
  for (std::size_t i = written; i < order.size(); ++i) {
    std::filesystem::remove(file(order[i]));
    if (old.contains(order[i])) os::write_file(file(order[i]), old[order[i]]);
  }
  EXPECT_EQ(label_of(m_strict.load()), "new");
  publish_signed("next");
  EXPECT_THAT(m_strict.load().warnings, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Files, SignedLkgCrash,
                         testing::Combine(testing::Range<std::size_t>(0, 5), testing::Bool()));

TEST_F(SignedLkgTest, AnUnsignedOneTakesTheSignatureOfTheLastAway) {
  publish_signed("old");
  publish("new");
  EXPECT_FALSE(std::filesystem::exists(file(k_signature_file)));
  EXPECT_FALSE(m_store.load().is_signed);
  EXPECT_THAT(m_store.load().warnings, IsEmpty());
}

}  // namespace
}  // namespace dr::lkg
