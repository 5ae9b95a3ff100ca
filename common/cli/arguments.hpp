#pragma once

#include <span>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

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

// A command line that is still being typed.
struct UnfinishedRequest {
  Request request;
  const CLI::Option* pending = nullptr;  // the last flag, when the next word is its value
  std::vector<std::string> arguments;    // of the verb
  bool only_arguments = false;           // after "--"
};

// The same for the words before the one that is being typed. A missing verb or value is no fault
// yet; all else throws as above.
UnfinishedRequest read_unfinished(std::span<const std::string> args, CLI::App& root);

// Whether the flag takes a value: "--from ID", not "--dry-run".
bool takes_value(const CLI::Option& option);

}  // namespace dr::cli
