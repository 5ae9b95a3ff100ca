#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/kube/target.hpp"
#include "common/os/environment.hpp"
#include "common/os/process_runner.hpp"

// Names to suggest while a command line is being typed. They are a help: a kubectl that fails gives
// none, and soon.
namespace dr::kube {

struct NameSource {
  os::ProcessRunner& runner;
  const os::Environment& environment;
  const std::filesystem::path& program;  // kubectl; empty: no names
  const ConnectionFlags& flags;
};

// Of a list of the kubeconfig: "contexts", "clusters" or "users". The files are read here, because
// gcloud's kubectl asks the server for its version before it shows even those.
std::vector<std::string> kubeconfig_names(const NameSource& source, std::string_view list);

// The namespaces of the cluster that the flags lead to. A dead server costs less than two seconds,
// kubectl's end included. Throws Error(integrity) on an answer that is no list of namespaces.
std::vector<std::string> namespace_names(const NameSource& source);

}  // namespace dr::kube
