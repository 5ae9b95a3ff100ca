#include "common/cli/terminal.hpp"

#include <utility>

#include "common/base/text.hpp"
#include "common/os/environment.hpp"

namespace dr::cli {
namespace {

std::string_view start_code(Color color) {
  switch (color) {
    case Color::none:
      return "";
    case Color::red:
      return "\x1b[31m";
    case Color::green:
      return "\x1b[32m";
    case Color::yellow:
      return "\x1b[33m";
    case Color::bold:
      return "\x1b[1m";
    case Color::dim:
      return "\x1b[2m";
  }
  return "";
}

std::string colored(bool enabled, Color color, std::string_view text) {
  if (!enabled || color == Color::none || text.empty()) return std::string(text);
  return std::string(start_code(color)).append(text).append("\x1b[0m");
}

bool takes_color(ColorMode mode, const os::Environment& environment, bool is_tty) {
  if (mode != ColorMode::automatic) return mode == ColorMode::always;
  if (environment.is_set("NO_COLOR")) return false;
  if (environment.get("CLICOLOR_FORCE").value_or("0") != "0") return true;
  return is_tty && environment.get("TERM") != "dumb";
}

}  // namespace

Terminal::Terminal(std::ostream& out, std::ostream& err, std::string program)
    : m_out(out), m_err(err), m_program(std::move(program)) {}

void Terminal::set_color(ColorMode mode, const os::Environment& environment, bool out_is_tty,
                         bool err_is_tty) {
  m_out_color = takes_color(mode, environment, out_is_tty);
  m_err_color = takes_color(mode, environment, err_is_tty);
}

void Terminal::print(std::string_view text) {
  show_block({});  // stdout may be the same screen
  m_out << text;
}

void Terminal::show_block(std::vector<BlockLine> lines) {
  if (!is_live() || (lines.empty() && m_block.empty())) return;
  erase_block();
  m_block = std::move(lines);
  draw_block();
  m_err.flush();
}

void Terminal::erase_block() {
  if (!m_block.empty()) m_err << "\r\x1b[" << m_block.size() << "A\x1b[J";
}

void Terminal::draw_block() {
  for (const auto& line : m_block)
    m_err << colored(m_err_color, line.color, printable(line.text)) << '\n';
}

void Terminal::write_err(std::string_view text) {
  erase_block();
  m_err << text;
  draw_block();
}

void Terminal::info(std::string_view line) {
  if (!m_quiet) write_err(printable(line) + "\n");
}

void Terminal::warn(std::string_view line) {
  write_err(m_program + ": " + colored(m_err_color, Color::yellow, "warning:") + " " +
            printable(line) + "\n");
}

void Terminal::error(std::string_view line, std::string_view next_step) {
  std::string text =
      m_program + ": " + colored(m_err_color, Color::red, "error:") + " " + printable(line) + "\n";
  if (!next_step.empty()) text += printable(next_step) + "\n";
  write_err(text);
}

std::string Terminal::paint(Color color, std::string_view text) const {
  return colored(m_out_color, color, text);
}

bool Terminal::flush() {
  m_out.flush();
  m_err.flush();
  return m_out.good();  // the result counts; nobody may be reading stderr
}

}  // namespace dr::cli
