#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace dr::os {
class Environment;
}

namespace dr::cli {

enum class ColorMode { automatic, always, never };
enum class Color { none, red, green, yellow, bold, dim };

// A line of what stays at the bottom of the screen.
struct BlockLine {
  Color color = Color::none;
  std::string text;
};

// The two streams a person sees. stdout is the result, stderr everything else. Nothing else in the
// project prints. All text is made printable (common/base/text.hpp) except what print() is given.
class Terminal {
 public:
  // `program` is the prefix of errors and warnings ("kubectl lkg").
  Terminal(std::ostream& out, std::ostream& err, std::string program);

  // Colour: --color, then NO_COLOR (set, even empty), then CLICOLOR_FORCE, then whether that stream
  // is a terminal and TERM is not "dumb". `out_is_tty` and `err_is_tty` are what isatty said.
  void set_color(ColorMode mode, const os::Environment& environment, bool out_is_tty,
                 bool err_is_tty);
  // Whether stderr is a terminal on which lines can be drawn over.
  void set_live(bool live) { m_live = live; }
  bool is_live() const { return m_live && !m_quiet; }
  void set_quiet(bool quiet) { m_quiet = quiet; }
  void set_program(std::string program) { m_program = std::move(program); }
  const std::string& program() const { return m_program; }

  void print(std::string_view text);  // stdout, as is
  void info(std::string_view line);   // stderr, one line; silent with -q
  void warn(std::string_view line);   // stderr, "<program>: warning: ..."
  void error(std::string_view line,
             std::string_view next_step);  // stderr, "<program>: error: ...", next step below
  // These lines stay below all else on stderr, until others or none take their place; each must fit
  // on one line of the screen. Nothing where stderr is not live.
  void show_block(std::vector<BlockLine> lines);
  // `text` coloured for stdout when stdout takes colour; else as it is.
  std::string paint(Color color, std::string_view text) const;
  bool out_color() const { return m_out_color; }

  // Flushes both; false when the result could not be written (a full disk, a closed pipe).
  bool flush();

 private:
  void write_err(std::string_view text);
  void erase_block();
  void draw_block();

  std::ostream& m_out;
  std::ostream& m_err;
  std::string m_program;
  std::vector<BlockLine> m_block;
  bool m_live = false;
  bool m_quiet = false;
  bool m_out_color = false;
  bool m_err_color = false;
};

}  // namespace dr::cli
