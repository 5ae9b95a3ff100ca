#pragma once

#include <ostream>
#include <string>
#include <string_view>

namespace dr::os {
class Environment;
}

namespace dr::cli {

enum class ColorMode { automatic, always, never };
enum class Color { none, red, green, yellow, bold, dim };

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
  void set_quiet(bool quiet) { m_quiet = quiet; }
  void set_program(std::string program) { m_program = std::move(program); }
  const std::string& program() const { return m_program; }

  void print(std::string_view text);  // stdout, as is
  void info(std::string_view line);   // stderr, one line; silent with -q
  void warn(std::string_view line);   // stderr, "<program>: warning: ..."
  void error(std::string_view line,
             std::string_view next_step);  // stderr, "<program>: error: ...", next step below
  // `text` coloured for stdout when stdout takes colour; else as it is.
  std::string paint(Color color, std::string_view text) const;
  bool out_color() const { return m_out_color; }

  // Flushes both; false when the result could not be written (a full disk, a closed pipe).
  bool flush();

 private:
  std::ostream& m_out;
  std::ostream& m_err;
  std::string m_program;
  bool m_quiet = false;
  bool m_out_color = false;
  bool m_err_color = false;
};

}  // namespace dr::cli
