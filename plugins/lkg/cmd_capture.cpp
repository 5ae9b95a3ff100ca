#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "common/base/error.hpp"
#include "common/base/text.hpp"
#include "common/cli/live_progress.hpp"
#include "common/cli/lkg_source.hpp"
#include "common/cli/verb.hpp"
#include "common/kube/kill_switch.hpp"
#include "common/kube/kinds.hpp"
#include "common/lkg/lkg_store.hpp"
#include "common/lkg/volatile_objects.hpp"
#include "common/os/git.hpp"
#include "common/os/sha256.hpp"
#include "common/registry/tag_lookup.hpp"
#include "plugins/lkg/capture.hpp"
#include "plugins/lkg/commands.hpp"
#include "plugins/lkg/custom_kinds.hpp"
#include "plugins/lkg/metadata.hpp"

namespace dr::lkg {
namespace {

struct CaptureFlags {
  std::string wait = "5m";
  std::size_t keep = k_default_keep;
  std::string note;
  std::optional<std::string> sign;  // with which key
  bool dry_run = false;
  CaptureOptions options;
};

constexpr Millis k_poll{2'000};
const std::string k_switch = "ConfigMap/" + std::string(kube::k_switch_name);
// The build systems whose id a release record may carry, in the order of the incumbent script.
constexpr std::array<std::string_view, 4> k_build_id_variables = {
    "BUILD_ID", "CLOUD_BUILD_ID", "CLOUDBUILD_BUILD_ID", "GCB_BUILD_ID"};

std::string build_id(const os::Environment& environment) {
  for (const auto name : k_build_id_variables) {
    if (auto value = environment.get(name)) return *value;
  }
  return {};
}

void check_flags(const CaptureFlags& flags) {
  if (flags.keep < k_default_keep) {
    throw Error(ExitCode::usage, fmt::format("--keep {}: fewer than {} LKGs are never kept",
                                             flags.keep, k_default_keep));
  }
  for (const auto& excluded : flags.options.exclude) {
    const auto slash = excluded.find('/');
    const bool form = slash != std::string::npos && slash + 1 < excluded.size();
    if (excluded.starts_with("Namespace/") || excluded == k_switch) {
      throw Error(ExitCode::usage, "--exclude: an LKG cannot be without " + printable(excluded));
    }
    if (form && kube::is_type(excluded.substr(0, slash))) continue;
    throw Error(ExitCode::usage, "--exclude: \"" + printable(excluded) + "\" is not KIND/NAME",
                "write it as in Deployment/web, a custom resource as in Widget.example.com/one");
  }
}

// Before the cluster is asked: after it, the time until the floor is good would be lost.
void check_key(const std::optional<std::string>& key, const LkgStore& store) {
  if (!key && store.wants_signatures()) {
    throw Error(ExitCode::refused,
                fmt::format("{} asks for signed LKGs, and nobody would believe one that is not: "
                            "the old LKG is kept",
                            (store.directory() / k_allowed_signers_name).string()),
                "capture it with --sign KEY");
  }
  // An agent can have the private half of KEY.pub.
  std::error_code ignored;
  if (key && !std::filesystem::exists(*key, ignored) &&
      !std::filesystem::exists(*key + ".pub", ignored)) {
    throw Error(ExitCode::usage, fmt::format("--sign: there is no file \"{}\"", printable(*key)));
  }
}

// Empty without a key. Throws Error(usage) without ssh-keygen.
Sign signer_of(const std::optional<std::string>& key, cli::Runtime& runtime) {
  if (!key) return {};
  const os::SshKeygen keygen(runtime.environment, runtime.runner);
  return [keygen, key = *key, &runtime](const std::string& checksums) {
    runtime.terminal.info("signing with " + printable(key) +
                          ": ssh-keygen may ask for a passphrase, a key in hardware for a touch");
    return keygen.sign(key, k_signature_domain, checksums);
  };
}

std::string lines_of(const std::vector<Finding>& findings) {
  std::vector<std::string> lines;
  for (const auto& finding : findings) lines.push_back(finding.object + ": " + finding.reason);
  return join(lines, "; ");
}

cli::Waiting rows_of(const std::vector<Finding>& findings) {
  cli::Waiting rows;
  for (const auto& finding : findings) rows[finding.object] = {finding.reason, false};
  return rows;
}

[[noreturn]] void refuse(const std::vector<Finding>& findings) {
  throw Error(ExitCode::refused,
              "the namespace is not good, so the old LKG is kept: " + lines_of(findings),
              findings.front().next_step);
}

// Reads the namespace until every rollout is settled or the time is over.
Live read_settled(const kube::Kubectl& kubectl, const CaptureFlags& flags, Millis wait,
                  cli::Runtime& runtime, cli::LiveProgress& progress) {
  progress.phase("reading the namespace");
  const auto deadline = runtime.clock.steady() + wait;
  const auto custom_kinds = discover_custom_kinds(kubectl);
  std::string last;
  while (true) {
    Live live = read_live_to_capture(kubectl, custom_kinds);
    if (!live.ns) {
      throw Error(ExitCode::failed, "namespace " + kubectl.target().ns + " does not exist",
                  "check -n and --context");
    }
    const auto findings = unsettled(live, flags.options);
    if (findings.empty()) return live;
    if (runtime.clock.steady() >= deadline) refuse(findings);
    if (last.empty()) progress.phase("waiting for rollouts", wait);
    progress.wait_only_for(rows_of(findings));
    if (auto line = lines_of(findings); line != last) {
      if (!progress.is_live()) progress.line("waiting for " + line);
      last = std::move(line);
    }
    kubectl.wait(k_poll);
  }
}

EarlierLkgs earlier_lkgs(const LkgStore& store, cli::Runtime& runtime) {
  return [&store, &runtime](const std::function<bool(const Lkg&)>& visit) {
    auto ids = store.history();
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
      try {
        if (visit(store.load(id->text()))) return;
      } catch (const Error& error) {
        runtime.terminal.warn(
            fmt::format("LKG {} of the history is not used: {}", id->text(), error.what()));
      }
    }
  };
}

// The inventory file, else the registry itself. Only what never ran asks for it.
RegistryDigest registry_digest(cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  auto lookup = std::make_shared<std::optional<registry::TagLookup>>();
  return [lookup, &runtime, &globals](const kube::ImageRef& ref) {
    if (!*lookup) {
      std::optional<gcloud::Gcloud> gcloud;
      if (!globals.gcloud.empty()) gcloud.emplace(cli::make_gcloud(runtime, globals));
      lookup->emplace(cli::find_inventory(runtime, globals), std::move(gcloud));
    }
    return (*lookup)->digest_of(ref);
  };
}

Provenance provenance_of(const kube::Kubectl& kubectl, const CaptureFlags& flags,
                         const VolatileObjects& volatiles, cli::Runtime& runtime,
                         const cli::GlobalOptions& globals) {
  Provenance provenance;
  provenance.target = kubectl.target();
  provenance.cluster = kube::read_cluster_facts(kubectl);
  provenance.git_sha = os::read_git_facts(globals.root, runtime.environment, runtime.runner).sha;
  provenance.build_id = build_id(runtime.environment);
  provenance.note = flags.note;
  provenance.tool_version = cli::version();
  provenance.volatile_rules = volatiles.rules();
  return provenance;
}

Json json_of(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const auto& finding : findings) {
    list.push_back(
        {{"object", finding.object}, {"reason", finding.reason}, {"nextStep", finding.next_step}});
  }
  return list;
}

void print(const CaptureResult& result, const std::string& id, bool dry_run,
           const std::filesystem::path& directory, cli::Runtime& runtime,
           const cli::GlobalOptions& globals) {
  std::size_t images = 0;
  for (const auto& component : result.components) images += component.images.size();
  const std::string head = dry_run ? "LKG not written (dry run)"
                                   : fmt::format("LKG {} captured in {}", id, directory.string());
  std::string text = fmt::format("{}: {} objects, {} workloads, {} images by digest\n", head,
                                 result.objects.size(), result.components.size(), images);
  for (const auto& finding : result.left_out) {
    text +=
        fmt::format("left out: {}: {}\n  {}\n", finding.object, finding.reason, finding.next_step);
  }
  for (const auto& finding : result.excluded)
    text += fmt::format("left out: {}: {}\n", finding.object, finding.reason);
  cli::print_result(
      runtime, globals, "CaptureReport",
      {{"id", dry_run ? Json() : Json(id)},
       {"dryRun", dry_run},
       {"namespace", data::string_or(result.objects.front(), {"metadata", "name"}, "")},
       {"objects", result.objects.size()},
       {"images", images},
       {"leftOut", json_of(result.left_out)},
       {"excluded", json_of(result.excluded)}},
      text);
}

// All that an LKG is made of.
struct Reading {
  CaptureResult result;
  Provenance provenance;
};

// Its end takes the progress away: what comes then may ask on the terminal.
Reading read_floor(const CaptureFlags& flags, const LkgStore& store, cli::Runtime& runtime,
                   const cli::GlobalOptions& globals) {
  const Millis wait = cli::duration_flag("--wait", flags.wait);
  const auto volatiles = VolatileObjects::load(store.directory());
  cli::LiveProgress progress(runtime);
  cli::TickingRunner ticking(runtime.runner, progress);
  cli::Runtime shown{ticking, runtime.clock, runtime.environment, runtime.terminal};
  const auto kubectl = cli::connect(shown, globals);
  kubectl.open_proxy();
  const Live live = read_settled(kubectl, flags, wait, runtime, progress);
  auto result = capture_objects(live, flags.options, earlier_lkgs(store, runtime),
                                registry_digest(runtime, globals));
  if (!result.refusals.empty()) refuse(result.refusals);
  auto provenance = provenance_of(kubectl, flags, volatiles, runtime, globals);
  return {std::move(result), std::move(provenance)};
}

ExitCode run(const CaptureFlags& flags, cli::Runtime& runtime, const cli::GlobalOptions& globals) {
  check_flags(flags);
  const LkgStore store = cli::open_lkgs(runtime, globals);
  check_key(flags.sign, store);
  const Sign sign = signer_of(flags.sign, runtime);
  const Reading floor = read_floor(flags, store, runtime, globals);
  const CaptureResult& result = floor.result;
  const std::string manifest = manifest_text(result.objects);
  const auto metadata_for = [&](const LkgId& id) {
    std::string metadata = metadata_text(id, manifest, result, floor.provenance);
    parse_lkg({manifest, metadata});  // what would not pass `verify` is never published
    return metadata;
  };
  std::string id;
  if (flags.dry_run) {
    metadata_for(LkgId(runtime.clock.now(), os::sha256_hex(manifest)));
  } else {
    id = store.publish(manifest, metadata_for, flags.keep, runtime.clock, runtime.runner, sign)
             .text();
  }
  print(result, id, flags.dry_run, store.directory(), runtime, globals);
  if (result.left_out.empty()) return ExitCode::ok;
  throw Error(ExitCode::incomplete, "the LKG is incomplete: " + lines_of(result.left_out),
              result.left_out.front().next_step);
}

}  // namespace

cli::CommandSpec capture_command() {
  return {"capture", "Write an LKG of the running namespace, its images by digest",
          "Read the namespace at one moment and write it to ops/lkg as the last known good state: "
          "every captured object, every "
          "image pinned to the digest that its pods run, the kill switch at \"1\". Never reads a "
          "Secret's value.\n\n"
          "What is not good is refused with exit code 3, and the old LKG stays: rollouts in "
          "progress (--wait lets them settle), "
          "paused workloads, pods of one revision on different digests. What has never run and "
          "cannot be pinned is left out and "
          "named, with exit code 4.\n\n"
          "--sign has ssh-keygen sign the LKG. Once ops/lkg/allowed_signers says who may, a "
          "capture without it is refused (3).",
          "  # Capture after a good release\n  kubectl lkg capture -n trading-floor --note "
          "\"release 42\"\n\n"
          "  # Sign it, too\n  kubectl lkg capture -n trading-floor --sign ~/.ssh/id_ed25519\n\n"
          "  # See what a capture would do\n  kubectl lkg capture -n trading-floor --dry-run",
          [](CLI::App& app) -> cli::Action {
            auto flags = std::make_shared<CaptureFlags>();
            app.add_option("--wait", flags->wait,
                           "How long to let running rollouts settle; 0 refuses at once")
                ->type_name("DURATION")
                ->capture_default_str();
            app.add_option("--keep", flags->keep, "How many LKGs the history keeps, at least 30")
                ->capture_default_str();
            app.add_option("--note", flags->note, "A sentence for the metadata")->type_name("TEXT");
            app.add_option("--sign", flags->sign,
                           "Sign it with this SSH key: a private one, or the public half of one "
                           "that an agent or a hardware key has")
                ->type_name("FILE");
            app.add_flag("--dry-run", flags->dry_run, "Read and check, but write nothing");
            app.add_flag("--skip-scaled-to-zero", flags->options.skip_scaled_to_zero,
                         "Leave out what has never run and cannot be pinned, on purpose");
            app.add_option("--exclude", flags->options.exclude,
                           "Leave out KIND/NAME; may be repeated")
                ->type_name("KIND/NAME")
                ->allow_extra_args(false);
            return [flags](cli::Runtime& runtime, const cli::GlobalOptions& globals) {
              return run(*flags, runtime, globals);
            };
          }};
}

}  // namespace dr::lkg
