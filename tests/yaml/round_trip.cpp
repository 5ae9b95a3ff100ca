// yaml_round_trip DIR <objects.json: writes each element of a JSON array as YAML (DIR/0000.yaml and
// so on), reads that back, and writes what it read as JSON (DIR/0000.read).
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "common/base/error.hpp"
#include "common/data/json.hpp"
#include "common/data/yaml_codec.hpp"

namespace {

void write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << text).flush()) {
    throw dr::Error(dr::ExitCode::failed, "failed to write " + path.string());
  }
}

void round_trip(const dr::Json& object, const std::filesystem::path& stem) {
  const std::string text = dr::data::write_yaml(object);
  write(stem.string() + ".yaml", text);
  const auto documents = dr::data::read_yaml(text, stem.string());
  if (documents.size() != 1) {
    throw dr::Error(dr::ExitCode::failed,
                    fmt::format("{}: {} documents", stem.string(), documents.size()));
  }
  write(stem.string() + ".read", dr::data::write_json(documents.front()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: yaml_round_trip DIR <objects.json\n";
    return 2;
  }
  try {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    std::size_t number = 0;
    for (const dr::Json& object : dr::data::read_json(text, "stdin")) {
      round_trip(object, std::filesystem::path(argv[1]) / fmt::format("{:04}", number++));
    }
    return 0;
  } catch (const dr::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
