#!/usr/bin/env bash
# coverage.sh: the share of the lines of common/ and of the plugins' domain files (all but main, commands and cmd_*) that the
# unit tests run, by gcov.  Needs the coverage build and gcovr.  Prints TAP, with the least covered files as comments.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/coverage at_least=90

find "$build" -name '*.gcda' -delete # they add up
find "$build/tests" -maxdepth 1 -name 'test_*' -type f -executable -print0 |
  xargs -0 -P "$(nproc)" -I{} timeout -s KILL 600 {} --gtest_brief=1 ||
  { echo "not ok 1 coverage: a unit test failed"; echo 1..1; exit 1; }
gcovr "$build" --root . --filter common/ --filter plugins/ --exclude '.*/(main|commands|cmd_[^/]*)\.cpp$' --exclude '.*\.hpp$' \
  -j "$(nproc)" --csv |
  awk -F, -v at_least="$at_least" '
    NR == 1 { next } # filename,line_total,line_covered,line_percent,...
    { lines += $2; run += $3; printf "# %5.1f %% of %4d lines: %s\n", 100 * $3 / $2, $2, $1 | "sort -k2n | head -n 10" }
    END {
      close("sort -k2n | head -n 10")
      share = lines ? 100 * run / lines : 0
      good = share >= at_least
      printf "%s 1 coverage: %.1f %% of %d lines in %d files (at least %d %%)\n", good ? "ok" : "not ok", share, lines, NR - 1, at_least
      print "1..1"
      exit !good
    }'
