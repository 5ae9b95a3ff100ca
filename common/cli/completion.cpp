#include "common/cli/completion.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "common/base/text.hpp"
#include "common/cli/completion_values.hpp"

namespace dr::cli {
namespace {

namespace fs = std::filesystem;

// Candidates for a word, or for the end of it: the part after "=" in "--from=2026".
struct Answer {
  Candidates candidates;
  std::string_view typed;
};

std::string text_of(const Answer& answer) {
  std::string text;
  for (const auto& [value, description] : answer.candidates.values) {
    // kubectl does not leave out what does not fit. A value that would have to be changed to be
    // shown would not be the value.
    if (value.empty() || !value.starts_with(answer.typed) || printable(value) != value) continue;
    text += value;
    if (!description.empty()) text += '\t' + printable(description);
    text += '\n';
  }
  return text + ':' + std::to_string(static_cast<int>(answer.candidates.directive)) + '\n';
}

class Completing {
 public:
  Completing(CommandLine& line, Runtime& runtime, const fs::path& current_directory)
      : m_line(line), m_runtime(runtime), m_current_directory(current_directory) {}

  Answer answer(std::span<const std::string> before, std::string_view word) {
    m_request = m_line.parse_unfinished(before);
    if (m_request.pending != nullptr) return {values_of(*m_request.pending, word), word};
    if (word.starts_with('-') && !m_request.only_arguments) return flag(word);
    if (!app().get_subcommands({}).empty()) return {verbs(), word};
    const CLI::Option* argument = next_argument();
    if (argument == nullptr) return {{}, word};
    return {values_of(*argument, word), word};
  }

 private:
  const CLI::App& app() const { return *m_request.request.app; }

  Answer flag(std::string_view word) const {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return {flags(), word};
    const CLI::Option* option = find_flag(std::string(word.substr(0, equals)));
    if (option == nullptr || !takes_value(*option)) return {{}, word};
    const std::string_view typed = word.substr(equals + 1);
    return {values_of(*option, typed), typed};
  }

  const CLI::Option* find_flag(const std::string& name) const {
    for (const CLI::App* one = &app(); one != nullptr; one = one->get_parent()) {
      if (const CLI::Option* option = one->get_option_no_throw(name)) return option;
    }
    return nullptr;
  }

  Candidates verbs() const {
    Candidates candidates;
    for (const CLI::App* verb : app().get_subcommands({})) {
      candidates.values.push_back({verb->get_name(), verb->get_description()});
    }
    return candidates;
  }

  // The verb's own ones and the global ones, without those that were given already.
  Candidates flags() const {
    Candidates candidates;
    std::set<std::string> seen;
    for (const CLI::App* one = &app(); one != nullptr; one = one->get_parent()) {
      for (const CLI::Option* option : one->get_options()) {
        const bool given = option->count() > 0 && option->get_items_expected_max() <= 1;
        for (const std::string& name : names_of(*option)) {
          if (seen.insert(name).second && !given) {
            candidates.values.push_back({name, option->get_description()});
          }
        }
      }
    }
    return candidates;
  }

  static std::vector<std::string> names_of(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option.get_snames()) names.push_back("-" + name);
    return names;
  }

  // The argument that the next word is.
  const CLI::Option* next_argument() const {
    auto given = static_cast<int>(m_request.arguments.size());
    for (const CLI::Option* option : app().get_options()) {
      if (!option->get_positional()) continue;
      given -= option->get_items_expected_max();
      if (given < 0) return option;
    }
    return nullptr;
  }

  Candidates values_of(const CLI::Option& option, std::string_view typed) const {
    const CommandSpec* spec = m_line.spec(app());
    const GlobalOptions globals =
        m_line.globals().resolve(m_runtime.environment, m_current_directory,
                                 spec == nullptr ? std::vector<std::string>{} : spec->more_outputs);
    const Completion completion{m_runtime, globals, app(), m_request.arguments, typed};
    if (spec != nullptr) {
      if (option.get_name() == "--output" && option.get_group() == k_global_group) {
        return one_of(output_formats(spec->more_outputs));
      }
      const auto completer = spec->completers.find(option.get_name());
      if (completer != spec->completers.end()) return completer->second(completion);
    }
    return values_of_type(option.get_type_name(), completion);
  }

  CommandLine& m_line;
  Runtime& m_runtime;
  const fs::path& m_current_directory;
  UnfinishedRequest m_request;
};

}  // namespace

std::string complete(std::span<const std::string> args, CommandLine& line, Runtime& runtime,
                     const fs::path& current_directory) noexcept {
  try {
    const std::string word = args.empty() ? "" : args.back();
    Completing completing(line, runtime, current_directory);
    return text_of(completing.answer(args.first(args.empty() ? 0 : args.size() - 1), word));
  } catch (...) {  // an error of the line, of the cluster or of a file, or a signal
    return ":4\n";
  }
}

}  // namespace dr::cli
