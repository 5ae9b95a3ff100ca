// kubectl's own answers: `config view` ("config ==== reply"), and the reply to a read, as the
// output of `kubectl get --raw` and as the body of a 200 and of a 404 through `kubectl proxy`.
#include "common/kube/discovery.hpp"
#include "common/kube/switch_history.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/support/fake_process_runner.hpp"

using namespace dr;

namespace {

const std::string k_config =
    R"({"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],)"
    R"("clusters":[{"name":"k","cluster":{"server":"https://k.example.com"}}]})";

std::optional<kube::Kubectl> connected(test::FakeProcessRunner& runner, const std::string& config) {
  runner.push(test::succeeded(config));
  runner.handler = [](const os::Command&) {
    return test::succeeded(R"({"clientVersion":{"major":"1","minor":"33"}})");
  };
  try {
    return std::optional<kube::Kubectl>(std::in_place, runner, os::Environment({}),
                                        "/usr/bin/kubectl", kube::ConnectionFlags{});
  } catch (const Error& error) {
    fuzz::require(error.code() == ExitCode::failed, "a bad kubeconfig is a failure");
    return std::nullopt;
  }
}

void check_reply(const kube::Reply& reply) {
  if (reply.error) fuzz::require_shown(reply.error->text);
}

void check(const std::string& body) {
  test::FakeProcessRunner runner;
  const auto kubectl = connected(runner, k_config);
  fuzz::require(kubectl.has_value(), "a good kubeconfig is taken");
  const std::string path = "/api/v1/namespaces/trading-floor/configmaps";
  runner.push(test::succeeded(body));
  check_reply(kubectl->get_all({&path, 1}).front());
  runner.serves_proxies = true;
  for (const int status : {200, 404}) {
    kubectl->open_proxy();
    os::ProcessResult answer;
    answer.exit_code = status == 200 ? 0 : status;
    answer.out = body;
    runner.push(answer);
    check_reply(kubectl->get_all({&path, 1}).front());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto parts = fuzz::parts_of(fuzz::text_of(bytes, size));
  if (parts.size() > 1) {
    test::FakeProcessRunner runner;
    connected(runner, parts.front());
  }
  check(parts.back());
  const auto event = kube::switch_event(parts.back());
  fuzz::require_shown(kube::describe(event));
  return 0;
}
