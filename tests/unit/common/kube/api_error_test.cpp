#include "common/kube/api_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/unit/support/fake_process_runner.hpp"

namespace dr::kube {
namespace {

using test::failed;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// --- Blocks

// Noise must not hide the error behind it, nor be taken for one.
TEST(ErrorBlocks, LeaveOutKlogAndWarnings) {
  EXPECT_THAT(
      error_blocks("E0102 03:04:05.000000   7 memcache.go:265] \"Unhandled Error\" err=\"x\"\n"
                   "W0102 03:04:05.000000   7 diff.go:1] keeps changing\n"
                   "Warning: policy/v1beta1 is deprecated\n"
                   "\n"
                   "Error from server (NotFound): pods \"x\" not found\n"),
      ElementsAre("Error from server (NotFound): pods \"x\" not found"));
  EXPECT_THAT(error_blocks("Warning: unknown field \"foo\"\n"), IsEmpty());
  EXPECT_THAT(error_blocks(""), IsEmpty());
}

// A word that only looks like klog is kubectl's own.
TEST(ErrorBlocks, KeepLinesThatOnlyResembleKlog) {
  EXPECT_THAT(error_blocks("E010 x\n"), ElementsAre("E010 x"));
  EXPECT_THAT(error_blocks("Error\n"), ElementsAre("Error"));
  EXPECT_THAT(error_blocks("E0102"), ElementsAre("E0102"));
}

// PVC and RBAC refusals span lines: each block must stay whole, and the next error must not join
// it.
TEST(ErrorBlocks, KeepTheLinesOfOneErrorTogether) {
  const std::string claim =
      "The PersistentVolumeClaim \"data\" is invalid: spec: Forbidden: spec is immutable after "
      "creation except resources.requests\n"
      "  core.PersistentVolumeClaimSpec{\n"
      "- \tVolumeName: \"pv-1\",\n"
      "  }";
  const std::string role =
      "Error from server (Forbidden): error when replacing \"STDIN\": roles.rbac.authorization."
      "k8s.io \"r\" is forbidden: user \"dr\" is attempting to grant RBAC permissions not "
      "currently held:\n"
      "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}";
  EXPECT_THAT(error_blocks(claim + "\n" + role + "\n"), ElementsAre(claim, role));
}

TEST(ErrorBlocks, BeginAtEveryFormOfError) {
  EXPECT_THAT(
      error_blocks("error: EOF\n"
                   "Unable to connect to the server: dial tcp: lookup x: no such host\n"
                   "The connection to the server 127.0.0.1:1 was refused\n"
                   "Error in configuration: context was not found for specified context: x\n"
                   "resource mapping not found for name: \"x\" namespace: \"\" from \"STDIN\"\n"
                   "ensure CRDs are installed first\n"
                   "The ConfigMap \"x\" is invalid: data: Forbidden\n"),
      ElementsAre(HasSubstr("EOF"), HasSubstr("lookup"), HasSubstr("refused"), HasSubstr("context"),
                  HasSubstr("ensure CRDs"), HasSubstr("is invalid")));
}

// --- Reasons, by the texts that kubectl was seen to print

struct Text {
  std::string block;
  ApiReason reason;
};

void PrintTo(const Text& text, std::ostream* out) {
  *out << text.block;
}

class ReasonOf : public testing::TestWithParam<Text> {};

// A reason decides between retry, create and stop, so each measured text is held here.
TEST_P(ReasonOf, FollowsKubectlsWords) {
  EXPECT_EQ(classify(GetParam().block), GetParam().reason);
  EXPECT_EQ(api_error_of(failed(1, GetParam().block + "\n")).reason, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Measured, ReasonOf,
    testing::Values(
        Text{"Error from server (NotFound): pods \"x\" not found", ApiReason::not_found},
        Text{"Error from server (AlreadyExists): error when creating \"STDIN\": configmaps \"a\" "
             "already exists",
             ApiReason::already_exists},
        Text{"Error from server (Forbidden): configmaps \"agenttrader-kill-switch\" is forbidden: "
             "ValidatingAdmissionPolicy 'P' with binding 'B' denied request: held",
             ApiReason::forbidden},
        Text{"error: You must be logged in to the server (Unauthorized)", ApiReason::unauthorized},
        Text{"Error from server (Conflict): error when replacing \"STDIN\": Operation cannot be "
             "fulfilled on configmaps \"b\": the object has been modified",
             ApiReason::conflict},
        Text{"The Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: [\"None\"]: may "
             "not change once set",
             ApiReason::invalid},
        Text{"Error from server (Expired): The resourceVersion for the provided list is too old.",
             ApiReason::expired},
        // Its HTTP reason is Timeout; taken for one, a snapshot would be retried instead of being
        // collected twice.
        Text{"Error from server (Timeout): Timeout: Too large resource version: 9, current: 7",
             ApiReason::too_large_rv},
        Text{"Error from server (TooManyRequests): the server has received too many requests",
             ApiReason::too_many},
        Text{"Error from server (Timeout): the server was unable to return a response in time",
             ApiReason::timeout},
        Text{"Unable to connect to the server: context deadline exceeded", ApiReason::timeout},
        Text{"Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded "
             "while awaiting headers)",
             ApiReason::timeout},
        Text{"Unable to connect to the server: dial tcp: lookup x: no such host",
             ApiReason::unreachable},
        Text{"The connection to the server 127.0.0.1:1 was refused - did you specify the right "
             "host or port?",
             ApiReason::unreachable},
        Text{"Unable to connect to the server: getting credentials: exec: executable "
             "gke-gcloud-auth-plugin not found",
             ApiReason::unreachable},
        // The refused connection is the webhook's, not ours.
        Text{"Error from server (InternalError): Internal error occurred: failed calling webhook "
             "\"guard.example.com\": failed to call webhook: Post \"https://h.ns.svc:443/x\": dial "
             "tcp 10.0.0.9:443: connect: connection refused",
             ApiReason::internal},
        Text{"error: the server doesn't have a resource type \"widgets\"", ApiReason::other}));

// --- How a child ended

// kubectl writes warnings before the error: the last block is the cause, in one printable line.
TEST(ApiErrorOf, IsTheLastBlock) {
  const ApiError error = api_error_of(
      failed(1, "error: first\nError from server (NotFound): pods \"x\"\tnot \x1b[31mfound\n"));
  EXPECT_EQ(error.reason, ApiReason::not_found);
  EXPECT_EQ(error.text, "Error from server (NotFound): pods \"x\" not found");
}

// A child that ended in any other way than by an exit is an error too, whatever it printed.
TEST(ApiErrorOf, TellsHowASilentChildEnded) {
  EXPECT_EQ(api_error_of(failed(1, "")).text, "exit code 1 without a message");

  os::ProcessResult late = failed(-1, "Error from server (NotFound): x\n");
  late.timed_out = true;
  late.elapsed = Millis{2000};
  EXPECT_EQ(api_error_of(late).reason, ApiReason::timeout);
  EXPECT_THAT(api_error_of(late).text, HasSubstr("no answer within"));

  os::ProcessResult cut = test::succeeded("x");
  cut.truncated = true;
  EXPECT_THAT(api_error_of(cut).text, HasSubstr("larger than we accept"));

  os::ProcessResult held = test::succeeded("x");
  held.pipe_held = true;
  EXPECT_THAT(api_error_of(held).text, HasSubstr("kept the pipe open"));

  os::ProcessResult killed;
  killed.signal = 9;
  EXPECT_EQ(api_error_of(killed).text, "ended by signal 9");
}

}  // namespace
}  // namespace dr::kube
