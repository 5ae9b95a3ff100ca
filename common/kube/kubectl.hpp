#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/json.hpp"
#include "common/kube/api_error.hpp"
#include "common/kube/read_proxy.hpp"
#include "common/kube/target.hpp"
#include "common/os/environment.hpp"
#include "common/os/process_runner.hpp"

namespace dr::kube {

// An answer of the API server, or why there is none.
struct Reply {
  Json value;
  std::optional<ApiError> error;
};

// A GET of an API path.
struct Get {
  std::string path;
  data::JsonLimits limits{};  // how the answer is read
  bool is_long = false;  // read while it comes, so that its text is never whole; not by a process
};

// Takes the answer to one of several GETs as soon as it is there.
using ReplyHandler = std::function<void(std::size_t index, Reply reply)>;

// What else is to be asked because of how an answer begins.
using HeadHandler = std::function<std::vector<Get>(std::size_t index, std::string_view head)>;

// The environment of every kubectl that we run: the user's, without what changes how it behaves.
std::vector<std::string> child_environment(const os::Environment& environment);

// Reads a cluster through kubectl. It cannot write: that takes a Writer, which takes a proof of the
// halt (common/kube/kill_switch.hpp), or the KillSwitch itself.
class Kubectl {
 public:
  // Resolves the target by one `kubectl config view` (no contact with the server) and pins it in
  // every later call. Throws Error(usage) when `program` is empty or too old for one of the flags,
  // Error(failed) when the context or kubeconfig is not usable.
  Kubectl(os::ProcessRunner& runner, const os::Environment& environment,
          std::filesystem::path program, const ConnectionFlags& flags, CommandLog log = {});

  const Target& target() const { return m_target; }

  // Starts a ReadProxy for get, find and get_all, for whoever reads much; it does not wait. Not for
  // a server whose URL has a path, which `kubectl proxy` would lose. What keeps it from starting is
  // no failure: then each read is a process.
  void open_proxy() const;

  // GET of an API path. Throws Error(failed) "failed to read <what>: <kubectl's words>".
  Json get(std::string_view path, std::string_view what) const;
  // The same, but an object that is not there is nullopt; any other failure still throws.
  std::optional<Json> find(std::string_view path, std::string_view what) const;
  // Many GETs, at most k_parallel at a time; a failure, or an answer that is no JSON, is a Reply
  // with an error here. What `on_head` asks for besides gets the next indices; only an answer
  // through the proxy has a head.
  void get_each(std::span<const Get> gets, const ReplyHandler& on_reply,
                const HeadHandler& on_head = {}) const;
  std::vector<Reply> get_all(std::span<const std::string> paths) const;  // in order

  // The output of a read-only kubectl command of another form, such as {"get", "secrets",
  // "--no-headers"}.
  os::ProcessResult read(std::vector<std::string> args) const;
  // Several of them, in order, as get_all runs its own.
  std::vector<os::ProcessResult> read_all(
      const std::vector<std::vector<std::string>>& commands) const;

  // What the API server would answer to a POST of each of these, by one `kubectl create
  // --dry-run=server`, which stores nothing: the answers as JSON on stdout, refusals on stderr. A
  // SelfSubjectAccessReview is answered as ever (measured on 1.36).
  os::ProcessResult rehearse(const std::vector<Json>& bodies) const;

  // Sleeps; throws Interrupted on a signal.
  void wait(Millis duration) const { m_runner.sleep(duration); }

  // Measured: four reads at a time are as fast as eight on a busy two-core machine, and gentler to
  // the API server.
  static constexpr std::size_t k_parallel = 4;

 private:
  friend class KillSwitch;
  friend class RestoreLock;
  friend class SwitchWatch;
  friend class Writer;
  std::vector<std::string> with_request_timeout(std::string_view limit,
                                                std::vector<std::string> args) const;
  // A call that trading's halt waits for: limits of its own, whatever the user's are.
  os::ProcessResult urgent(std::vector<std::string> args, std::string input = {}) const;
  // A GET within those limits, through the proxy when there is one.
  Reply urgent_get(const std::string& path) const;
  // A watch of the API: a line for each event, until the server ends it.
  std::unique_ptr<os::Background> watch(const std::string& path, os::LineHandler on_line) const;
  os::ProcessResult mutate(std::vector<std::string> args, std::string input, Millis timeout) const;

  void resolve_target(const ConnectionFlags& flags, const os::Environment& environment);
  void pin(const ConnectionFlags& flags);
  std::string missing_prefix() const;
  os::Command command(std::vector<std::string> args, Millis timeout) const;
  os::ProcessResult run(const os::Command& command) const;
  void log(const std::vector<os::Command>& commands) const;
  // At most k_parallel at a time.
  std::vector<os::ProcessResult> run_all(const std::vector<os::Command>& commands) const;
  os::Command get_command(std::string_view path) const;
  // Asks the proxy, when there is one; `gets` grow by what `on_head` asks for. Returns the indices,
  // in order, of those that it gave no answer of the API server to: neither an object nor that
  // there is none.
  std::vector<std::size_t> ask_proxy(std::deque<Get>& gets, const ReplyHandler& on_reply,
                                     const HeadHandler& on_head = {}) const;
  // A fetch that hands what it reads to the feed, when there is one.
  os::Fetch fetch_of(const Get& get, data::JsonFeed* feed) const;
  // What the API server said through the proxy; nullopt when that is not known to be its word.
  std::optional<Reply> proxied_reply(const os::ProcessResult& result, const Get& get,
                                     data::JsonFeed* feed) const;
  Reply reply_of(const os::ProcessResult& result, std::string_view path,
                 const data::JsonLimits& limits = {}) const;

  os::ProcessRunner& m_runner;
  std::filesystem::path m_program;
  std::vector<std::string> m_environment;
  CommandLog m_log;
  std::vector<std::string> m_flags;  // pinned, put before every command
  std::string m_raw_prefix;          // put before every --raw path; empty when kubectl does that
  Target m_target;
  mutable std::unique_ptr<ReadProxy> m_proxy;  // a way to the same answers; null: none
};

}  // namespace dr::kube
