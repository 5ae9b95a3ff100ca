#pragma once

#include <string>
#include <vector>

namespace dr::cli {

// A table as kubectl prints it: upper-case headings, columns padded to their widest cell and three
// blanks, no rules, no trailing blanks. Cells are made printable (common/base/text.hpp); empty ones
// become <none>. Widths count code points.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  void add(std::vector<std::string> cells);  // as many as there are headings
  bool empty() const { return m_rows.empty(); }
  std::string text() const;

 private:
  std::vector<std::string> m_headings;
  std::vector<std::vector<std::string>> m_rows;
};

}  // namespace dr::cli
