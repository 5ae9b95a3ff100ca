#!/usr/bin/env bash
# fuzz.sh [SECONDS [TARGET]...]: builds the fuzz targets and runs each for SECONDS, as many at a time as there are processors; without
# SECONDS each takes the same few thousand inputs every time, so that a run fails for a change and not by chance.
# Prints TAP, a line a target with how many inputs it took.  What a run of SECONDS learns stays in build/fuzz/TARGET/corpus for the next;
# the committed corpus/TARGET and regressions/TARGET are read only, and each of their inputs is run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/setup.sh
. "$here/../../scripts/lib/setup.sh"

[[ ${1-1} =~ ^[1-9][0-9]*$ ]] || { echo "usage: fuzz.sh [SECONDS [TARGET]...]" >&2; exit 2; }
if [ $# -gt 0 ]; then bound=(-max_total_time="$1") learned=corpus; else bound=(-runs=3000 -seed=1) learned=unlearned; fi
programs=build/asan-ubsan/fuzz results=build/fuzz/results

# What the repository holds for other reasons is a seed as well.
more_seeds() { # TARGET
  case $1 in
    json) echo docs/schemas ;;
    yaml | manifest) printf '%s\n' docs/deploy tests/cluster/floor ;;
  esac
}

with_commas() { sed -E ':a; s/([0-9])([0-9]{3})($|,)/\1,\2\3/; ta'; } # 1234567 -> 1,234,567

fuzz() { # NUMBER TARGET
  local target=$2 work=build/fuzz/$2 seeds=() inputs found verdict=ok file
  rm -rf "$work/findings" "$work/unlearned"
  mkdir -p "$work/findings" "$work/$learned"
  while IFS= read -r file; do
    [ ! -d "$file" ] || seeds+=("$file")
  done < <(printf '%s\n' "tests/fuzz/regressions/$target" "tests/fuzz/corpus/$target"; more_seeds "$target")
  "$programs/fuzz_$target" "${bound[@]}" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 -print_final_stats=1 \
    -artifact_prefix="$work/findings/" "$work/$learned" "${seeds[@]}" >"$work/log" 2>&1 || verdict='not ok'
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
  found=$(find "$work/findings" -type f | wc -l)
  [ "${inputs:-0}" -gt 0 ] || verdict='not ok'
  echo "$verdict $1 - $target: $(with_commas <<<"${inputs:-0}") inputs, $found findings" | tee -a "$results"
  [ "$verdict" != 'not ok' ] || tail -n 40 "$work/log" | sed 's/^/# /'
  for file in "$work"/findings/*; do
    [ ! -e "$file" ] || echo "# once more: $programs/fuzz_$target $file"
  done
}

install_packages "${build_packages[@]}" "${clang_packages[@]}" libgtest-dev libgmock-dev patch
build asan-ubsan fuzz || exit
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd "$programs" && printf '%s\n' fuzz_* | sed 's/^fuzz_//')
mkdir -p build/fuzz
: >"$results"
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_SYMBOLIZER_PATH
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19)
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

echo "1..${#targets[@]}"
number=0
for target in "${targets[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
  number=$((number + 1))
  fuzz "$number" "$target" &
done
wait
[ "$(grep -c '^ok ' "$results")" -eq ${#targets[@]} ]
