#include "common/cli/reference.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <string_view>
#include <utility>

#include "common/base/text.hpp"

namespace dr::cli {
namespace {

constexpr char k_origin[] =
    "Made from the table of commands; see \"Help\" in docs/contributing.md.";
constexpr std::size_t k_man_columns = 78;

// docs/exit-codes.md, in a line each.
constexpr std::array<std::pair<const char*, const char*>, 8> k_exit_codes{{
    {"0", "Done and verified."},
    {"1", "Failed, or a difference or a missing image was found."},
    {"2", "Wrong usage, or a needed program is not there."},
    {"3", "Refused by a guard before any write except the halt itself."},
    {"4", "Done in part, or unknown; details in the output."},
    {"5", "The trading halt is not proven: act at once."},
    {"6", "An LKG, backup or inventory is damaged."},
    {"129, 130, 143", "Interrupted by SIGHUP, SIGINT or SIGTERM."},
}};

std::string replaced(std::string text, char from, char to) {
  std::ranges::replace(text, from, to);
  return text;
}

// --- Markdown

// Outside of `code`, what Markdown or HTML would take for markup.
std::string markdown_escaped(std::string_view text) {
  std::string escaped;
  bool code = false;
  for (const char c : text) {
    if (c == '`') code = !code;
    if (!code && std::string_view("\\*_<[|").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string markdown_section(std::string_view heading, const std::string& body) {
  return body.empty() ? "" : "\n## " + std::string(heading) + "\n\n" + body;
}

// `language`: "sh" when a shell takes it as it is.
std::string markdown_code(const std::string& lines, const std::string& language = {}) {
  return lines.empty() ? "" : "```" + language + "\n" + lines + "\n```\n";
}

std::string markdown_file(const std::string& page_name) {
  return replaced(page_name.substr(page_name.find(' ') + 1), ' ', '_') + ".md";
}

std::string markdown_commands(const Page& page) {
  std::string text;
  for (const CommandList& list : page.commands) {
    text += "\n## " + list.heading + "\n\n";
    for (const auto& [name, summary] : list.commands) {
      text += "- [" + name + "](" + markdown_file(page.name + " " + name) +
              "): " + markdown_escaped(summary) + "\n";
    }
  }
  return text;
}

std::string markdown_arguments(const Page& page) {
  std::string text;
  for (const auto& [name, meaning] : page.arguments) {
    text += "- `" + name + "`: " + markdown_escaped(meaning) + "\n";
  }
  return text;
}

std::string markdown_flags(const Page& page) {
  std::string text;
  for (const FlagText& flag : page.flags) {
    text += "- `" + flag_heading(flag) + "`: " + markdown_escaped(flag.meaning) + "\n";
  }
  return text;
}

std::string markdown_links(const Page& page) {
  const std::string of_all = "[options of all commands](" +
                              markdown_file(page.root + " " + k_options_verb) +
                              "), [exit codes](../exit-codes.md)";
  if (page.name == page.root) return "\nSee also: " + of_all + ".\n";
  const std::string parent = page.name.substr(0, page.name.rfind(' '));
  return "\nSee also: [" + parent + "](" + markdown_file(parent) + "), " + of_all + ".\n";
}

// --- roff

// Every hyphen is one that can be copied into a shell, and a quotation mark stays what it is.
std::string roff_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\\':
        escaped += "\\e";
        break;
      case '-':
        escaped += "\\-";
        break;
      case '\'':
        escaped += "\\(aq";
        break;
      case '`':
        escaped += "\\(ga";
        break;
      case '^':
        escaped += "\\(ha";
        break;
      case '~':
        escaped += "\\(ti";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// A line that starts with a dot would be a request.
std::string roff_lines(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    result += (line.starts_with('.') ? "\\&" : "") + line + "\n";
  }
  return result;
}

// `code` in bold, as man pages show what is typed.
std::string roff_text(const std::string& text) {
  const std::vector<std::string> parts = split(text + " ", '`');
  std::string marked;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string part = roff_escaped(parts[i]);
    marked += i % 2 == 0 ? part : "\\fB" + part + "\\fR";
  }
  return roff_lines(wrapped(marked, k_man_columns));
}

std::string roff_section(std::string_view heading, const std::string& body) {
  return body.empty() ? "" : ".SH " + std::string(heading) + "\n" + body;
}

std::string roff_item(const std::string& heading, const std::string& meaning) {
  return ".TP\n" + heading + "\n" + roff_text(meaning);
}

std::string man_title(const std::string& page_name) {
  return replaced(page_name, ' ', '-');
}

std::string roff_description(const Page& page) {
  std::vector<std::string> parts;
  for (const auto& paragraph : paragraphs(page.description)) parts.push_back(roff_text(paragraph));
  return join(parts, ".PP\n");
}

std::string roff_commands(const Page& page) {
  std::string text;
  for (const CommandList& list : page.commands) {
    text += ".SS " + list.heading + "\n";
    for (const auto& [name, summary] : list.commands) {
      text += roff_item("\\fB" + roff_escaped(name) + "\\fR", summary);
    }
  }
  return text;
}

std::string roff_arguments(const Page& page) {
  std::string text;
  for (const auto& [name, meaning] : page.arguments) {
    text += roff_item("\\fI" + roff_escaped(name) + "\\fR", meaning);
  }
  return text;
}

std::string roff_flags(const Page& page) {
  std::string text;
  for (const FlagText& flag : page.flags) {
    text +=
        roff_item("\\fB" + roff_escaped(flag.names) + "\\fR=" + roff_escaped(flag.default_value),
                  flag.meaning);
  }
  return text;
}

std::string roff_exit_codes() {
  std::string text;
  for (const auto& [code, meaning] : k_exit_codes) {
    text += roff_item(std::string("\\fB") + code + "\\fR", meaning);
  }
  return text;
}

std::string roff_examples(const Page& page) {
  if (page.examples.empty()) return {};
  return ".nf\n" + roff_lines(roff_escaped(page.examples)) + ".fi\n";
}

// The pages above and beside it.
std::string roff_links(const Page& page) {
  std::vector<std::string> names;
  const std::string options = page.root + " " + k_options_verb;
  if (page.name != page.root) names.push_back(page.name.substr(0, page.name.rfind(' ')));
  if (page.name != options) names.push_back(options);
  for (const CommandList& list : page.commands) {
    for (const auto& command : list.commands) names.push_back(page.name + " " + command.first);
  }
  std::string text;
  for (const std::string& name : names) {
    text +=
        (text.empty() ? "" : ",\n") + std::string(".BR ") + roff_escaped(man_title(name)) + " (1)";
  }
  return text + "\n";
}

}  // namespace

std::string markdown_name(const Page& page) {
  return markdown_file(page.name);
}

std::string markdown(const Page& page) {
  std::string text = "<!-- " + std::string(k_origin) + " -->\n# " + page.name + "\n\n";
  text += markdown_escaped(page.summary) + "\n";
  text += markdown_section("Usage", markdown_code(page.name + " " + page.usage));
  if (page.description != page.summary) {
    std::vector<std::string> parts;
    for (const auto& paragraph : paragraphs(page.description)) {
      parts.push_back(markdown_escaped(paragraph) + "\n");
    }
    text += markdown_section("Description", join(parts, "\n"));
  }
  text += markdown_section("Examples", markdown_code(page.examples, "sh"));
  text += markdown_commands(page);
  text += markdown_section("Arguments", markdown_arguments(page));
  text += markdown_section("Options", markdown_flags(page));
  return text + markdown_links(page);
}

std::string man_name(const Page& page) {
  return man_title(page.name) + ".1";
}

std::string man_page(const Page& page) {
  std::string title = man_title(page.name);
  std::string text = ".\\\" " + std::string(k_origin) + "\n";
  std::string upper;
  for (const char c : title) {
    upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  text += ".TH " + roff_escaped(upper) + " 1 \"\" \"agenttrader\\-dr\" \"" + page.root + "\"\n";
  text +=
      roff_section("NAME", roff_lines(roff_escaped(title) + " \\- " + roff_escaped(page.summary)));
  text += roff_section(
      "SYNOPSIS", "\\fB" + roff_escaped(page.name) + "\\fR " + roff_escaped(page.usage) + "\n");
  text += roff_section("DESCRIPTION", roff_description(page));
  text += roff_section("COMMANDS", roff_commands(page));
  text += roff_section("ARGUMENTS", roff_arguments(page));
  text += roff_section("OPTIONS", roff_flags(page));
  text += roff_section("\"EXIT STATUS\"", roff_exit_codes());
  text += roff_section("EXAMPLES", roff_examples(page));
  return text + roff_section("\"SEE ALSO\"", roff_links(page));
}

}  // namespace dr::cli
