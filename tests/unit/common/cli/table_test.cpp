#include "common/cli/table.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace dr::cli {
namespace {

TEST(Table, PadsColumnsToTheirWidestCellAndThreeBlanks) {
  Table table({"NAME", "STATE", "AGE"});
  table.add({"web", "running", "3d04h"});
  table.add({"execution-agent", "halted", "1m"});
  EXPECT_EQ(table.text(),
            "NAME              STATE     AGE\n"
            "web               running   3d04h\n"
            "execution-agent   halted    1m\n");
}

TEST(Table, ShowsEmptyCellsAsNoneAndLeavesNoTrailingBlanks) {
  Table table({"NAME", "NOTE"});
  table.add({"web", ""});
  table.add({"", "x "});
  EXPECT_EQ(table.text(),
            "NAME     NOTE\n"
            "web      <none>\n"
            "<none>   x\n");
}

TEST(Table, CountsCodePoints) {
  Table table({"NAME", "X"});
  table.add({"größe", "1"});
  table.add({"plain", "2"});
  EXPECT_EQ(table.text(),
            "NAME    X\n"
            "größe   1\n"
            "plain   2\n");
}

TEST(Table, RemovesWhatATerminalWouldActOn) {
  Table table({"NAME"});
  table.add({"a\x1b[31mb\nc"});
  EXPECT_EQ(table.text(), "NAME\nab c\n");
}

TEST(Table, WithoutRowsIsItsHeadings) {
  const Table table({"NAME", "AGE"});
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.text(), "NAME   AGE\n");
}

TEST(Table, RefusesARowOfAnotherLength) {
  Table table({"NAME", "AGE"});
  EXPECT_THROW(table.add({"web"}), std::logic_error);
}

}  // namespace
}  // namespace dr::cli
