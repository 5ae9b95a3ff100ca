#include "plugins/lkg/cmd_support.hpp"

namespace dr::lkg {

Json to_json(const std::vector<kube::HaltProof>& proofs) {
  Json list = Json::array();
  for (const auto& proof : proofs) {
    list.push_back({{"pod", proof.pod},
                    {"container", proof.container},
                    {"way", name_of(proof.way)},
                    {"verdict", name_of(proof.verdict)},
                    {"reason", proof.reason}});
  }
  return list;
}

Json to_json(const std::vector<data::Difference>& differences) {
  Json list = Json::array();
  for (const auto& difference : differences) {
    Json entry = {{"pointer", difference.pointer}};
    if (difference.left) entry["lkg"] = *difference.left;
    if (difference.right) entry["live"] = *difference.right;
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace dr::lkg
