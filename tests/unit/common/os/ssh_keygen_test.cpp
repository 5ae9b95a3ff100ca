#include "common/os/ssh_keygen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "common/base/error.hpp"
#include "common/os/atomic_file.hpp"
#include "tests/unit/support/corruption.hpp"
#include "tests/unit/support/fake_process_runner.hpp"
#include "tests/unit/support/temp_dir.hpp"

// The real ssh-keygen, but where it has to misbehave.
namespace dr::os {
namespace {

using testing::HasSubstr;

constexpr UtcTime k_time{std::chrono::seconds{1767323045}};  // 2026-01-02T03:04:05Z
const std::string k_bytes = "0123  file\n";

class SshKeygenTest : public testing::Test {
 protected:
  SshKeygenTest() {
    make_key("key");
    allow("alice@floor " + public_of("key"));
  }

  std::filesystem::path file(const std::string& name) const { return m_dir.path() / name; }

  void make_key(const std::string& name) {
    Command command;
    command.program = "/usr/bin/ssh-keygen";
    command.args = {"-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file(name).string()};
    command.environment = {"PATH=/usr/bin:/bin"};
    ASSERT_TRUE(m_runner.run(command).ok());
  }
  std::string public_of(const std::string& key) const { return read_file(file(key + ".pub")); }
  void allow(const std::string& text) const { write_file(file("allowed"), text); }

  std::string sign(const std::string& key = "key", const std::string& domain = "lkg") {
    return m_keygen.sign(file(key), domain, k_bytes);
  }
  SshSigner verify(const std::string& signature, UtcTime time = k_time) {
    return m_keygen.verify(file("allowed"), "lkg", k_bytes, signature, time);
  }
  // Why it is refused.
  std::string refusal(const std::string& signature, UtcTime time = k_time) {
    try {
      verify(signature, time);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::integrity) << error.what();
      return error.what();
    }
    return "it is not";
  }

  test::TempDir m_dir;
  Environment m_environment{
      std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}, {"TZ", "Asia/Tokyo"}}};
  SystemProcessRunner m_runner;
  SshKeygen m_keygen{m_environment, m_runner};
};

TEST_F(SshKeygenTest, TellsWhoSigned) {
  const SshSigner signer = verify(sign());
  EXPECT_EQ(signer.principal, "alice@floor");
  EXPECT_THAT(signer.key, testing::MatchesRegex("ED25519 SHA256:[A-Za-z0-9+/]+"));
}

// The public half names the private one beside it, as it names one that an agent has.
TEST_F(SshKeygenTest, TakesThePublicHalf) {
  EXPECT_EQ(verify(sign("key.pub")).principal, "alice@floor");
}

TEST_F(SshKeygenTest, TriesEveryPrincipalOfTheKey) {
  allow("# who\n!x,*@floor,bob@floor " + public_of("key"));
  EXPECT_THAT(verify(sign()).principal, testing::EndsWith("@floor"));
}

TEST_F(SshKeygenTest, RefusesWhatIsOfAnotherKeyPurposeOrText) {
  make_key("other");
  EXPECT_THAT(refusal(sign("other")), HasSubstr("No principal matched"));
  EXPECT_THAT(refusal(sign("key", "file")), HasSubstr("namespace"));
  EXPECT_THAT(refusal(m_keygen.sign(file("key"), "lkg", "other bytes")), HasSubstr("incorrect"));
  allow("");
  EXPECT_THAT(refusal(sign()), HasSubstr("No principal matched"));
}

// By the time that is asked about, in UTC: not by that of this machine, nor by its zone.
TEST_F(SshKeygenTest, HoldsAKeyGoodForItsTimeOnly) {
  allow("alice@floor valid-before=\"20260102030406\" " + public_of("key"));
  const std::string signature = sign();
  EXPECT_EQ(verify(signature).principal, "alice@floor");
  EXPECT_THAT(refusal(signature, k_time + std::chrono::seconds(2)), HasSubstr("expired"));
}

TEST_F(SshKeygenTest, RefusesTextBesideTheSignature) {
  const std::string signature = sign();
  for (const std::string& text :
       {signature + "\n", "\n" + signature, signature + signature, signature.substr(1),
        signature.substr(0, signature.size() - 1), std::string("x"), std::string()}) {
    EXPECT_THAT(refusal(text), HasSubstr("form")) << text;
  }
}

// Each bit: ssh-keygen itself overlooks some, such as what follows the end.
TEST_F(SshKeygenTest, RefusesEveryFlipAndCut) {
  write_file(file("signature"), sign());
  test::each_flip_and_cut(file("signature"), [&](const std::string& what) {
    ASSERT_NE(refusal(read_file(file("signature"))), "it is not") << what;
  });
  EXPECT_EQ(verify(read_file(file("signature"))).principal, "alice@floor");
}

TEST_F(SshKeygenTest, SaysWhyItCannotSign) {
  try {
    sign("nothing");
    FAIL() << "signed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_THAT(error.what(), HasSubstr("No such file"));
  }
}

TEST(SshKeygen, IsANeededProgram) {
  test::FakeProcessRunner runner;
  const Environment nowhere{std::map<std::string, std::string>{{"PATH", "/nowhere"}}};
  try {
    const SshKeygen keygen(nowhere, runner);
    FAIL() << "found";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_THAT(error.next_step(), HasSubstr("openssh-client"));
  }
}

// Only a passphrase needs the terminal, and the agent is where the environment says.
TEST(SshKeygen, HasTheTerminalToSignAlone) {
  test::FakeProcessRunner runner;
  runner.handler = [](const Command&) { return test::failed(255, "no \x1b[2Jkey\n"); };
  const Environment environment{
      std::map<std::string, std::string>{{"PATH", "/usr/bin"}, {"SSH_AUTH_SOCK", "/agent"}}};
  const SshKeygen keygen(environment, runner);
  try {
    keygen.sign("key", "lkg", k_bytes);
    FAIL() << "signed";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "failed to sign with key: no key");
  }
  const Command& command = runner.commands().front();
  EXPECT_TRUE(command.on_terminal);
  EXPECT_EQ(command.input, k_bytes);
  EXPECT_THAT(command.environment, testing::Contains("SSH_AUTH_SOCK=/agent"));
}

// No verdict is not a bad signature.
TEST_F(SshKeygenTest, AHangIsAFailure) {
  const std::string signature = sign();
  test::FakeProcessRunner hangs;
  hangs.handler = [](const Command&) {
    ProcessResult result;
    result.timed_out = true;
    result.signal = 15;
    return result;
  };
  const SshKeygen keygen(m_environment, hangs);
  try {
    keygen.verify(file("allowed"), "lkg", k_bytes, signature, k_time);
    FAIL() << "verified";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::failed);
    EXPECT_THAT(error.what(), HasSubstr("in time"));
  }
  EXPECT_FALSE(hangs.commands().front().on_terminal);
}

}  // namespace
}  // namespace dr::os
