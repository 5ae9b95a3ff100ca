#pragma once

#include <filesystem>
#include <vector>

#include "tests/faults/restores/history.hpp"
#include "tests/unit/support/fake_cluster.hpp"

namespace dr::test {

// A cluster and the calls it has seen, kept in a file that the stand-in for kubectl and the program
// that judges share: one line for each write and each call, only ever added. Holds the file's lock
// while it lives.
class ModelFile {
 public:
  explicit ModelFile(const std::filesystem::path& path);
  ~ModelFile();
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;

  FakeCluster cluster(const os::Clock& clock) const { return {clock, m_events}; }
  const std::vector<StoreEvent>& events() const { return m_events; }
  const std::vector<CallRecord>& calls() const { return m_calls; }

  // Adds what the file has not: the later events of the cluster, and a call.
  void add(const FakeCluster& cluster);
  void add(const CallRecord& call);

 private:
  void append(const Json& line);

  int m_file;
  std::vector<StoreEvent> m_events;
  std::vector<CallRecord> m_calls;
};

}  // namespace dr::test
