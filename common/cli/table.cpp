#include "common/cli/table.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "common/base/columns.hpp"
#include "common/base/text.hpp"

namespace dr::cli {
namespace {

constexpr std::size_t k_gap = 3;

std::string cell_text(std::string_view cell) {
  const std::string safe = printable(cell);
  const std::string_view text = trimmed(safe);
  return text.empty() ? "<none>" : std::string(text);
}

std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text += cells[i];
    if (i + 1 < cells.size()) text.append(widths[i] - width_of(cells[i]) + k_gap, ' ');
  }
  return text + '\n';
}

}  // namespace

Table::Table(std::vector<std::string> headings) : m_headings(std::move(headings)) {}

void Table::add(std::vector<std::string> cells) {
  if (cells.size() != m_headings.size()) {
    throw std::logic_error("a table row needs one cell for each heading");
  }
  std::ranges::transform(cells, cells.begin(), cell_text);
  m_rows.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < m_headings.size(); ++i) {
    std::size_t widest = width_of(m_headings[i]);
    for (const auto& row : m_rows) widest = std::max(widest, width_of(row[i]));
    widths.push_back(widest);
  }
  std::string text = line(m_headings, widths);
  for (const auto& row : m_rows) text += line(row, widths);
  return text;
}

}  // namespace dr::cli
