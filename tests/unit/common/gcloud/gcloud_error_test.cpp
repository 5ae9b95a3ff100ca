#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/gcloud/gcloud.hpp"
#include "tests/unit/support/fake_process_runner.hpp"

namespace dr::gcloud {
namespace {

using namespace dr::test;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

GcloudError error_of(const std::string& err, int exit_code = 1,
                     const std::vector<std::string>& secrets = {}) {
  const auto error = gcloud_error_of(failed(exit_code, err), secrets);
  return error.value_or(GcloudError{Reason::other, "no error at all"});
}

const std::string k_list = "ERROR: (gcloud.artifacts.docker.images.list) ";

struct Case {
  std::string err;
  Reason reason;
};

// Words of gcloud 528, measured: a verdict "missing", a retry and a refusal all hang on them.
TEST(GcloudErrorTest, ReasonsAreReadFromItsWords) {
  const std::vector<Case> cases = {
      {k_list + "NOT_FOUND: Requested entity was not found. This", Reason::not_found},
      {k_list + "PERMISSION_DENIED: Permission 'x' denied on resource '//artifactregistry.x/y' (or "
                "it may not exist).",
       Reason::forbidden},
      {k_list + "PERMISSION_DENIED: Artifact Registry API has not been used\nreason: SERVICE_DISAB",
       Reason::forbidden},
      {k_list + "UNAUTHENTICATED: Request had invalid authentication", Reason::unauthenticated},
      {k_list + "You do not currently have an active account selected.", Reason::unauthenticated},
      {k_list + "Your current active account [x] does not have any valid credentials",
       Reason::unauthenticated},
      {k_list + "There was a problem refreshing auth tokens for account x: ('invalid_grant: I'",
       Reason::unauthenticated},
      {k_list + "There was a problem refreshing your current auth tokens: HTTPSConnectionPool("
                "host='oauth2'): Max retries exceeded",
       Reason::transport},
      {"ERROR: (gcloud.artifacts.tags.create) ALREADY_EXISTS: tag exists", Reason::already_exists},
      {k_list + "INTERNAL: x", Reason::server},
      {k_list + "UNAVAILABLE: x", Reason::server},
      {k_list + "HTTPError 502: <html>", Reason::server},
      {k_list + "HttpError accessing <http://x>: response: <{'a': 'b', 'status': 429}>, content <{",
       Reason::rate_limited},
      {"ERROR: gcloud crashed (InvalidDataFromServerError): Error decoding", Reason::transport},
      {"ERROR: gcloud crashed (ChunkedEncodingError): ('Connection broken", Reason::transport},
      {"ERROR: gcloud crashed (ConnectionError): ('Connection aborted.',", Reason::transport},
      {"ERROR: gcloud crashed (ReadTimeout): HTTPConnectionPool", Reason::timeout},
      {"ERROR: gcloud crashed (OperationalError): database is locked", Reason::locked},
      {"ERROR: gcloud crashed (TypeError): x", Reason::other},
      {k_list + "Invalid repository type PYTHON.", Reason::other},
      {"ERROR: (gcloud.storage.cp) HTTPError 412: At least one of the pre-conditions you specified "
       "did not hold.",
       Reason::precondition_failed},
      {"ERROR: (gcloud.storage.cat) The following URLs matched no objects or files:\n-gs://b/o",
       Reason::not_found},
      {"ERROR: (gcloud.storage.ls) gs://b not found: 404.", Reason::not_found},
      {"ERROR: (gcloud.storage.ls) HTTPError 403: x", Reason::forbidden},
  };
  for (const auto& [err, reason] : cases) {
    EXPECT_EQ(name_of(error_of(err).reason), name_of(reason)) << err;
  }
}

// A URL and headers before it fill a line, and say nothing to the reader of an inventory.
TEST(GcloudErrorTest, AnHttpErrorTellsWhatTheServerAnswered) {
  const std::string head = k_list + "HttpError accessing <http://x/" + std::string(300, 'p') +
                           ">: response: <{'status': 503}>, ";
  EXPECT_EQ(error_of(head + R"(content <{"error": {"code": 503, "message": "The service is down.",
  "status": "UNAVAILABLE"}}>)")
                .text,
            "UNAVAILABLE: The service is down.");
  EXPECT_EQ(error_of(head + "content <{\n  \"error\": {\n \"message\": \"Slow down\",\n"
                            " \"status\": \"RESOURCE_EXHAUSTED\"\n }}>")
                .text,
            "RESOURCE_EXHAUSTED: Slow down");
  EXPECT_EQ(error_of(head + "content <").text, "HTTP 503 without a reason");
}

// An image that a proxy's 404, or a name in another message, declares missing would be rebuilt in
// vain.
TEST(GcloudErrorTest, OnlyTheStatusOfArtifactRegistryIsNotFound) {
  for (const std::string words :
       {"HTTPError 404: <html>", "HTTPError 404: not here", "Invalid value for [NOT_FOUND: x]",
        "INVALID_ARGUMENT: NOT_FOUND: x", "NOT_FOUND", "PERMISSION_DENIED: NOT_FOUND: x"}) {
    EXPECT_NE(error_of(k_list + words).reason, Reason::not_found) << words;
  }
}

TEST(GcloudErrorTest, AWrongArgumentIsTheExitCodesReason) {
  const auto error = error_of("ERROR: (gcloud.artifacts) unrecognized arguments: --x\n\nTo", 2);
  EXPECT_EQ(error.reason, Reason::usage);
  EXPECT_EQ(error.text, "unrecognized arguments: --x");
}

// Tokens, accounts and credential files must reach neither an inventory nor a ticket.
TEST(GcloudErrorTest, TextHoldsNoCredential) {
  const std::string bearer = "A1b2C3";
  const auto error = error_of(
      "DEBUG: header Authorization: Bearer " + bearer + "\n" + k_list +
          "PERMISSION_DENIED: no (jane.doe@example.com, [ci@p.iam.gserviceaccount.com]) ya29.a0Af "
          "eyJhbGciOiJSUzI1NiJ9.e30.x Authorization: Bearer " +
          bearer +
          " /etc/keys/sa.json. This command is authenticated with an access token from /x/tok",
      1, {"/etc/keys/sa.json"});
  EXPECT_EQ(error.text,
            "PERMISSION_DENIED: no (***, [***]) *** *** Authorization: Bearer *** ***.");
}

TEST(GcloudErrorTest, ASecretThatLooksLikeTheMaskEnds) {
  EXPECT_EQ(error_of(k_list + "INTERNAL: a*b", 1, {"*"}).text, "INTERNAL: a***b");
}

TEST(GcloudErrorTest, TextKeepsImagesAndResources) {
  const std::string words =
      "NOT_FOUND: us-east4-docker.pkg.dev/p/r/app@sha256:0a1b //artifactregistry/projects/p";
  EXPECT_EQ(error_of(k_list + words).text, words);
}

TEST(GcloudErrorTest, TextIsOneShortPrintableLine) {
  const std::string umlaut = "\xc3\xbc";
  std::string words = "x\x1b[2J";
  for (int i = 0; i < 400; ++i) words += umlaut;
  const auto text = error_of(k_list + words).text;
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, SizeIs(testing::Le(600U)));
  EXPECT_TRUE(text.ends_with(umlaut)) << "a character is cut in two";
}

TEST(GcloudErrorTest, TheLineThatTellsTheReasonIsShown) {
  const auto error = error_of("ERROR: something\nERROR: HTTPError 412: pre-conditions\n");
  EXPECT_EQ(error.reason, Reason::precondition_failed);
  EXPECT_EQ(error.text, "HTTPError 412: pre-conditions");
}

// However a child ends, its error has words.
TEST(GcloudErrorTest, AnEndWithoutWordsIsExplained) {
  EXPECT_EQ(error_of("Traceback\n", 1).text, "gcloud ended with exit code 1 and no reason");
  os::ProcessResult killed;
  killed.signal = 9;
  EXPECT_EQ(gcloud_error_of(killed)->text, "gcloud was ended by signal 9");
}

// A whole answer on stdout is worth nothing when the child did not end well.
TEST(GcloudErrorTest, AnOutputThatMayBeCutIsAnError) {
  os::ProcessResult late = succeeded("[]");
  late.timed_out = true;
  late.elapsed = Millis{90'000};
  EXPECT_EQ(gcloud_error_of(late)->reason, Reason::timeout);
  EXPECT_EQ(gcloud_error_of(late)->text, "gcloud gave no answer within 1m30s");
  os::ProcessResult cut = succeeded("[]");
  cut.truncated = true;
  EXPECT_EQ(gcloud_error_of(cut)->reason, Reason::transport);
  os::ProcessResult held = succeeded("[]");
  held.pipe_held = true;
  EXPECT_EQ(gcloud_error_of(held)->reason, Reason::transport);
  EXPECT_FALSE(gcloud_error_of(succeeded("[]")));
}

}  // namespace
}  // namespace dr::gcloud
