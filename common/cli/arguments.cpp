#include "common/cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <optional>
#include <utility>

#include "common/base/text.hpp"
#include "common/cli/help.hpp"

namespace dr::cli {
namespace {

class ArgumentReader {
 public:
  ArgumentReader(std::span<const std::string> args, CLI::App& root) : m_args(args), m_root(root) {
    m_request.app = &root;
  }

  Request read() {
    read_all();
    if (m_pending != nullptr) {
      throw usage_error(*m_request.app, "flag " + m_pending_name + " needs a value");
    }
    require_verb();
    return std::move(m_request);
  }

  UnfinishedRequest read_unfinished() {
    read_all();
    return {std::move(m_request), m_pending, std::move(m_arguments), m_only_arguments};
  }

 private:
  void read_all() {
    while (m_next < m_args.size()) {
      const std::string& arg = m_args[m_next++];
      if (arg == "--") {
        m_request.words.push_back(arg);
        m_only_arguments = true;
        break;
      }
      if (arg.starts_with("--")) {
        read_long_flag(arg);
      } else if (arg.size() > 1 && arg.front() == '-') {
        read_short_flags(arg);
      } else {
        read_word(arg);
      }
    }
    const auto rest = m_args.subspan(m_next);
    m_request.words.insert(m_request.words.end(), rest.begin(), rest.end());
    m_arguments.insert(m_arguments.end(), rest.begin(), rest.end());
  }

  void read_long_flag(const std::string& arg) {
    const std::size_t equals = arg.find('=');
    const std::string name = arg.substr(0, equals);
    const CLI::Option& option = find_flag(name);
    if (equals == std::string::npos) {
      take(option, name, std::nullopt);
    } else {
      take(option, name, arg.substr(equals + 1));
    }
  }

  // -q, -qv, -nprod, -n=prod, -qn prod
  void read_short_flags(const std::string& arg) {
    for (std::size_t i = 1; i < arg.size(); ++i) {
      const std::string name{'-', arg[i]};
      const CLI::Option& option = find_flag(name);
      const std::string rest = arg.substr(i + 1);
      if (rest.starts_with('=')) return take(option, name, rest.substr(1));
      if (takes_value(option) && !rest.empty()) return take(option, name, rest);
      take(option, name, std::nullopt);
    }
  }

  void read_word(const std::string& word) {
    CLI::App& app = *m_request.app;
    if (!app.get_subcommands({}).empty()) {
      if (&app == &m_root && word == "help") {
        m_request.help = true;
        return;
      }
      m_request.app = &find_verb(word);
    } else {
      m_arguments.push_back(word);
    }
    m_request.words.push_back(word);
  }

  void take(const CLI::Option& option, const std::string& name, std::optional<std::string> value) {
    if (!takes_value(option)) return take_switch(option, name, value);
    if (!value) {
      if (m_next == m_args.size()) {
        m_pending = &option;
        m_pending_name = name;
        return;
      }
      value = m_args[m_next++];
    }
    m_request.words.push_back(name);
    m_request.words.push_back(*std::move(value));
  }

  void take_switch(const CLI::Option& option, const std::string& name,
                   const std::optional<std::string>& value) {
    if (value && value->empty()) {
      throw usage_error(*m_request.app, "flag " + name + " needs a value after \"=\", or no \"=\"");
    }
    if (option.check_lname("help")) {
      m_request.help = true;
    } else if (option.check_lname("version")) {
      m_request.version = true;
    } else {
      m_request.words.push_back(value ? option.get_name() + "=" + *value : name);
    }
  }

  const CLI::Option& find_flag(const std::string& name) const {
    std::vector<std::string> known;
    for (const CLI::App* app = m_request.app; app != nullptr; app = app->get_parent()) {
      if (const CLI::Option* option = app->get_option_no_throw(name)) return *option;
      for (const CLI::Option* option : app->get_options()) {
        known.insert(known.end(), option->get_lnames().begin(), option->get_lnames().end());
      }
    }
    const std::string suggestion = name.starts_with("--") ? nearest(name.substr(2), known) : "";
    throw usage_error(*m_request.app, "unknown flag " + name,
                      suggestion.empty() ? "" : "--" + suggestion);
  }

  CLI::App& find_verb(const std::string& word) const {
    std::vector<std::string> known;
    for (CLI::App* verb : m_request.app->get_subcommands({})) {
      if (verb->get_name() == word) return *verb;
      known.push_back(verb->get_name());
    }
    throw usage_error(*m_request.app,
                      "unknown command \"" + word + "\" for \"" + full_name(*m_request.app) + "\"",
                      nearest(word, known));
  }

  void require_verb() const {
    if (m_request.help || m_request.version) return;
    if (m_request.app->get_require_subcommand_min() > 0) {
      throw usage_error(*m_request.app, "\"" + full_name(*m_request.app) + "\" needs a command");
    }
  }

  std::span<const std::string> m_args;
  CLI::App& m_root;
  std::size_t m_next = 0;
  Request m_request;
  const CLI::Option* m_pending = nullptr;
  std::string m_pending_name;
  std::vector<std::string> m_arguments;
  bool m_only_arguments = false;
};

}  // namespace

Request read_arguments(std::span<const std::string> args, CLI::App& root) {
  return ArgumentReader(args, root).read();
}

UnfinishedRequest read_unfinished(std::span<const std::string> args, CLI::App& root) {
  return ArgumentReader(args, root).read_unfinished();
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

}  // namespace dr::cli
