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

// Where every call goes: resolved once, then pinned, so that neither a changed current-context nor
// a rewritten kubeconfig can redirect a run.
struct Target {
  std::string context;  // empty in a pod, or with --server and no kubeconfig
  std::string cluster;
  std::string user;
  std::string server;
  std::string tls_server_name;  // when it is not that of the server's address
  std::string ns;
};

}  // namespace dr::kube
