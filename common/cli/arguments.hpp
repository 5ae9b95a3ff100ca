#pragma once

#include <span>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace dr::cli {

// What a command line asks for, found before CLI11 parses it.
struct Request {
  CLI::App* app = nullptr;         // the verb, the nested verb, or the root
  bool help = false;               // -h, --help, or the verb `help`
  bool version = false;            // --version
  std::vector<std::string> words;  // the same arguments in the forms that CLI11 reads as pflag does
};

// Finds the verb and checks the names of all flags, so that a wrong one is answered with a
// suggestion, and CLI11 neither takes a flag's value for a verb nor loses an empty value.
// Throws Error(usage) on an unknown verb or flag, a missing verb, and a flag without its value; its
// messages never repeat a flag's value.
Request read_arguments(std::span<const std::string> args, CLI::App& root);

}  // namespace dr::cli
