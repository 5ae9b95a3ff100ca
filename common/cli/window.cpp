#include "common/cli/window.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace dr::cli {

std::optional<std::size_t> terminal_columns(int descriptor) {
  if (::isatty(descriptor) != 1) return std::nullopt;
  constexpr std::size_t k_usual = 80;
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return k_usual;
  return size.ws_col;
}

std::string redrawn(const std::string& lines) {
  std::string text = "\x1b[H";  // home
  for (const char c : lines) {
    if (c == '\n') text += "\x1b[K";  // clears what was longer
    text += c;
  }
  return text + "\x1b[J";  // and what was below
}

}  // namespace dr::cli
