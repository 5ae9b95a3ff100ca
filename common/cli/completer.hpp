#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"

namespace CLI {
class App;
}

namespace dr::cli {

struct Runtime;
struct GlobalOptions;

// What the shell does with the candidates, as cobra's completion scripts know it.
enum class Directive {
  no_files = 4,      // these candidates and no others
  files = 0,         // file names when there are no candidates
  directories = 16,  // directories instead of candidates
};

struct Candidate {
  std::string value;
  std::string description = {};
};

struct Candidates {
  std::vector<Candidate> values = {};
  Directive directive = Directive::no_files;
};

// The command line as far as it is typed.
struct Completion {
  Runtime& runtime;
  const GlobalOptions& globals;
  const CLI::App& verb;                // its flags are parsed
  std::vector<std::string> arguments;  // the verb's arguments before the word that is being typed
  std::string_view typed;              // the beginning of the value
};

// Makes the values of a flag or an argument. It need not look at `typed`: what does not begin so is
// left out afterwards. Whatever it throws means no candidates.
using Completer = std::function<Candidates(const Completion&)>;

// "3h05m old", as the description of what was made at `time`.
std::string age_text(UtcTime time, UtcTime now);

Candidates directories(const Completion&);

}  // namespace dr::cli
