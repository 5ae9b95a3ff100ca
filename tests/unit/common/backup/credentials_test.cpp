#include "common/backup/credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace dr::backup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Json config_map(const std::string& key, const std::string& value) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", "app"}}},
          {"data", {{key, value}}}};
}

std::vector<std::string> warnings_of(const std::string& key, const std::string& value) {
  return credential_warnings({config_map(key, value)});
}

// A made-up credential, put together here so that no scanner takes this file for a leak.
std::string made_up(const std::string& prefix, std::size_t length) {
  return prefix + std::string(length, 'A');
}

TEST(CredentialWarnings, FindsKeysByTheirWords) {
  for (const char* key :
       {"password",    "DB_PASSWORD", "dbPassword",   "db-password",     "db.passwd",
        "PASSWORD2",   "secret",      "clientSecret", "OAuthToken",      "authtoken.TOKEN",
        "api_key",     "apiKey",      "APIKey",       "API-KEYS",        "apikey",
        "private.key", "PrivateKey",  "ACCESS_KEY",   "aws-credentials", "credential",
        "passphrase",  "signing_key"}) {
    EXPECT_THAT(warnings_of(key, "hunter two"),
                ElementsAre("ConfigMap/app: key \"" + std::string(key) +
                            "\" looks like a credential by its name"));
  }
}

// A warning that cries wolf is read by nobody.
TEST(CredentialWarnings, TakesOnlyWholeWords) {
  for (const char* key :
       {"tokenizer", "secretary", "compass", "monkey", "key", "primary_key", "keyboard",
        "apikeyboard", "bypassword", "turnkey", "passing_word", "api", "apis_keyring"}) {
    EXPECT_THAT(warnings_of(key, "hunter two"), IsEmpty()) << key;
  }
}

TEST(CredentialWarnings, LeavesOutKeysThatTellAboutACredential) {
  for (const char* key : {"SECRET_NAME", "tokenUrl", "password-file", "TOKEN_TTL", "token_type",
                          "credentials.path", "API_KEY_ID", "secretRef", "PASSWORD_MIN_LENGTH"}) {
    EXPECT_THAT(warnings_of(key, "trader-secrets"), IsEmpty()) << key;
  }
}

TEST(CredentialWarnings, LeavesOutValuesThatCanBeNone) {
  for (const char* value :
       {"", "  \n", "true", "False", "off", "null", "0", "3600", "-1.5", "1e9", "/run/secrets/db",
        "./token", "${DB_PASSWORD}", "$(DB_PASSWORD)", "{{ .Values.password }}", "30s", "1h30m"}) {
    EXPECT_THAT(warnings_of("password", value), IsEmpty()) << value;
  }
  for (const char* value : {"/ not a path", "true story", "12 monkeys", "$DB", "s3cr3t"}) {
    EXPECT_THAT(warnings_of("password", value), SizeIs(1)) << value;
  }
}

TEST(CredentialWarnings, FindsValuesByTheirForm) {
  const std::string jwt =
      "eyJ" + std::string(20, 'h') + ".eyJ" + std::string(20, 'p') + "." + std::string(20, 's');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"-----BEGIN RSA PRIVATE KEY-----\nMII", "a private key"},
      {"x\n  -----BEGIN OPENSSH PRIVATE KEY-----", "a private key"},
      {"-----BEGIN PGP PRIVATE KEY BLOCK-----", "a private key"},
      {made_up("LS0tLS1CRUdJTiBQUklW", 40), "a private key"},
      {R"({"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----"})",
       "a service account key"},
      {"id: " + made_up("AKIA", 16), "an AWS access key"},
      {jwt, "a JSON web token"},
      {"Authorization: Bearer " + jwt + "\n", "a JSON web token"},
      {made_up("ghp_", 36), "a GitHub token"},
      {made_up("github_pat_", 30), "a GitHub token"},
      {made_up("xoxb-1234-", 20), "a Slack token"},
      {made_up("sk_live_", 24), "a Stripe key"},
      {made_up("AIza", 35), "a Google API key"},
      {"jdbc=postgres://trader:hunter2@db:5432/floor", "a URL with a password"},
      {"redis://:hunter2@cache", "a URL with a password"},
      {"http://plain/ then https://u:p@host", "a URL with a password"},
  };
  for (const auto& [value, what] : cases) {
    EXPECT_THAT(warnings_of("settings.yaml", value),
                ElementsAre("ConfigMap/app: key \"settings.yaml\" holds " + what))
        << value;
  }
}

TEST(CredentialWarnings, LeavesOutFormsThatOnlyLookAlike) {
  for (const std::string& value :
       {std::string("-----BEGIN CERTIFICATE-----\nMII"), std::string("-----BEGIN PUBLIC KEY-----"),
        std::string("-----BEGIN "), made_up("AKIA", 15), made_up("xAKIA", 16),
        "AKIA" + std::string(16, 'a'), made_up("ghp_", 12), std::string("eyJ.eyJ.x"),
        "eyJ" + std::string(20, 'h') + ".eyJ" + std::string(20, 'p'),
        std::string("https://host/path?a:b@c"), std::string("https://user@host"),
        std::string("postgres://u:${PASSWORD}@db"), std::string("postgres://u:@db"),
        std::string("see http://a and mail to x:y@z"), std::string("://"),
        std::string("nats://broker:4222")}) {
    EXPECT_THAT(warnings_of("settings", value), IsEmpty()) << value;
  }
}

// A second one behind a false start of the first.
TEST(CredentialWarnings, GoesOnAfterAFalseStart) {
  EXPECT_THAT(warnings_of("k", made_up("xAIza-AIza", 35)), SizeIs(1));
  EXPECT_THAT(warnings_of("k", "AKIA AKIA " + made_up("AKIA", 16)), SizeIs(1));
  EXPECT_THAT(warnings_of("k", "http://a:b/ http://a:b@c"), SizeIs(1));
  EXPECT_THAT(warnings_of("k", "-----BEGIN X----- -----BEGIN EC PRIVATE KEY-----"), SizeIs(1));
}

TEST(CredentialWarnings, LooksIntoBinaryData) {
  Json object = config_map("plain", "x");
  object["binaryData"] = {{"keystore.password", "aHVudGVyMg=="}, {"logo.png", "iVBORw0KGgo="}};
  EXPECT_THAT(credential_warnings({object}), ElementsAre(HasSubstr("\"keystore.password\"")));
}

TEST(CredentialWarnings, LooksIntoTheEnvironmentOfPodTemplates) {
  const Json from_secret = {{"secretKeyRef", {{"name", "trader-secrets"}, {"key", "password"}}}};
  const Json spec = {
      {"initContainers",
       {{{"name", "wait"}, {"env", {{{"name", "DB_PASSWORD"}, {"value", "hunter2"}}}}}}},
      {"containers",
       {{{"name", "engine"},
         {"env",
          {{{"name", "BROKER_URL"}, {"value", "amqp://u:hunter2@mq"}},
           {{"name", "API_KEY"}, {"valueFrom", from_secret}},
           {{"name", "LOG_LEVEL"}, {"value", "info"}}}}},
        {{"name", "bare"}}}}};
  const Json deployment = {{"apiVersion", "apps/v1"},
                           {"kind", "Deployment"},
                           {"metadata", {{"name", "engine"}}},
                           {"spec", {{"template", {{"spec", spec}}}}}};
  const auto warnings = credential_warnings({deployment});
  EXPECT_THAT(
      warnings,
      ElementsAre("Deployment/engine: environment variable \"DB_PASSWORD\" of container \"wait\" "
                  "looks like a credential by its name",
                  "Deployment/engine: environment variable \"BROKER_URL\" of container \"engine\" "
                  "holds a URL with a password"));
  for (const std::string& warning : warnings) EXPECT_THAT(warning, Not(HasSubstr("hunter2")));
}

// What a restore keeps has pods.
TEST(CredentialWarnings, LooksIntoPods) {
  const Json pod = {
      {"apiVersion", "v1"},
      {"kind", "Pod"},
      {"metadata", {{"name", "web-0"}}},
      {"spec",
       {{"containers",
         {{{"name", "web"}, {"env", {{{"name", "DB_PASSWORD"}, {"value", "hunter2"}}}}}}}}}};
  EXPECT_THAT(credential_warnings({pod}),
              ElementsAre("Pod/web-0: environment variable \"DB_PASSWORD\" of container \"web\" "
                          "looks like a credential by its name"));
}

// A custom resource may have any shape, and the names of kinds that we know.
TEST(CredentialWarnings, LeavesCustomResourcesAlone) {
  EXPECT_THAT(credential_warnings({{{"apiVersion", "example.com/v1"},
                                    {"kind", "ConfigMap"},
                                    {"metadata", {{"name", "x"}}},
                                    {"data", "password"}},
                                   {{"apiVersion", "example.com/v1"},
                                    {"kind", "Deployment"},
                                    {"metadata", {{"name", "x"}}},
                                    {"spec", 1}}}),
              IsEmpty());
}

// A ConfigMap may hold 1 MiB: what repeats the start of a form must not make the search quadratic.
TEST(CredentialWarnings, IsLinearInTheValue) {
  constexpr std::size_t k_size = std::size_t{4} << 20;
  const auto start = std::chrono::steady_clock::now();
  for (const std::string piece : {"eyJ", "eyJ.", "eyJaaaaaaaaa.", "-----BEGIN ", "://", "://a:b",
                                  "AKIA", "AIza-", "xoxb-", "ghp_", "-", "1", " ", "/"}) {
    std::string value;
    while (value.size() < k_size) value += piece;
    credential_warnings({config_map("password", value)});
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_LT(elapsed.count(), 60) << "quadratic would be hours";
}

// A log is written by programs: what they print of their configuration must not reach a report.
TEST(WithoutCredentials, LeavesOutWhatMayTellOne) {
  for (const char* line :
       {"DB_PASSWORD=hunter2", "{\"apiKey\": \"k-12345\", \"n\": 1}",
        "connecting to postgres://jane:hunter2@db/floor", "--token abcdef",
        "at 03:04 password: hunter2", "token=ghp_0123456789abcdefghij0123456789abcdef"}) {
    EXPECT_EQ(without_credentials(line), "(left out: it may tell a credential)") << line;
  }
  for (const char* line : {"panic: no route to host", "password is missing", "TOKEN_TTL=3600",
                           "secret: ", "tokens: 12", "https://example.com/a?b=c", ""}) {
    EXPECT_EQ(without_credentials(line), line);
  }
}

}  // namespace
}  // namespace dr::backup
