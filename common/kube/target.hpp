#pragma once

#include <string>
#include <vector>

namespace dr::kube {

// kubectl's connection flags as the user gave them, the last one winning.
struct ConnectionFlags {
  std::string ns;
  std::string context;
  std::vector<std::string>
      others;  // "--as=jane", "--kubeconfig=/x": forwarded to every call as they are
};

// Where every call goes: resolved once, then pinned, so that a changed current-context cannot
// redirect a run.
struct Target {
  std::string context;  // empty with in-cluster credentials or with --server alone
  std::string cluster;
  std::string user;
  std::string server;
  std::string ns;
};

}  // namespace dr::kube
