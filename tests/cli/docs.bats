#!/usr/bin/env bats
# What the documents say is what the code does, as far as a list can tell.
bats_require_minimum_version 1.5.0

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  cd "$BATS_TEST_DIRNAME/../.." || exit
  lkg=${DR_BIN:-build/dev/bin}/kubectl-lkg
}

# Fails when a list is empty (a pattern that finds nothing proves nothing), or the two differ.
assert_same_lists() { # NAME-A LIST-A NAME-B LIST-B
  [ -n "$2" ] || fail "$1: nothing found"
  diff --label "$1" --label "$3" --unified=0 <(sort -u <<<"$2") <(sort -u <<<"$4") || fail "$1 and $3 differ"
}

# The backquoted words in the first cell of each row of a table under a heading.
first_cells() { # FILE HEADING
  awk -v heading="$2" '/^#/ { inside = ($0 == heading) } inside && /^\| *`/ { split($0, cell, "`"); print cell[2] }' "$1"
}

@test "every verb of the help is in the README's table, and no other" {
  run --separate-stderr "$lkg" --help
  assert_success
  verbs=$(awk '/^Available Commands:/ { inside = 1; next } /^$/ { inside = 0 } inside { print $1 }' <<<"$output")
  assert_same_lists "kubectl lkg --help" "$verbs" "README.md" "$(first_cells README.md '## Verbs')"
}

@test "the exit codes of the code and of docs/exit-codes.md are the same, with the same numbers" {
  code=$(sed -nE 's/^ +([a-z_]+) = ([0-9]+),.*/\2 \1/p' common/base/exit_code.hpp)
  documented=$(sed -nE 's/^\| ([0-9]+) \| ([a-z_]+) \|.*/\1 \2/p' docs/exit-codes.md)
  assert_same_lists exit_code.hpp "$code" docs/exit-codes.md "$documented"
  while read -r number _; do
    grep -qE "^### .*\b$number\b" docs/exit-codes.md || fail "docs/exit-codes.md does not say what to do about $number"
  done <<<"$code"
}

@test "every relative link of the documents leads somewhere" {
  found=0 broken=()
  while IFS=: read -r file link; do
    target=${link#*](} target=${target%)}
    case $target in *://* | mailto:*) continue ;; esac
    found=$((found + 1))
    page=${target%%#*} anchor=''
    [[ $target != *#* ]] || anchor=${target#*#}
    page=${page:+$(dirname "$file")/$page} page=${page:-$file}
    if [ ! -e "$page" ]; then broken+=("$file: $target"); continue; fi
    # An anchor is its heading in lower case, with hyphens for blanks.
    [ -z "$anchor" ] || grep -E '^#+ ' "$page" | sed -E 's/^#+ //; s/[^A-Za-z0-9 _-]//g; s/ /-/g' | tr '[:upper:]' '[:lower:]' |
      grep -qxF -- "$anchor" || broken+=("$file: $target")
  done < <(find README.md docs -name '*.md' -print0 | xargs -0 grep -oHE '\[[^]]+\]\([^)]+\)')
  [ "$found" -gt 0 ] || fail "no links found"
  [ ${#broken[@]} -eq 0 ] || fail "$(printf '%s\n' "broken links:" "${broken[@]}")"
}

# The cluster tests hold the schema to a real file; here the code and docs/formats.md are held to the schema.
@test "every key of the metadata is in docs/formats.md" {
  schema=docs/schemas/lkg_metadata.json
  keys=$(jq -r '.. | objects | select(.type == "object") | .properties // {} | keys[]' "$schema")
  while read -r key; do
    grep -qF "\`$key\`" docs/formats.md || fail "docs/formats.md does not name $key"
  done <<<"$keys"
  assert_same_lists "$schema" "$(jq -r '.properties | keys[]' "$schema")" \
    docs/formats.md "$(first_cells docs/formats.md '## lkg_metadata.json')"

  # data:: reads, it does not write.
  written=$({ grep -v 'data::' plugins/lkg/metadata.cpp; sed -n '/^Json to_json/,$p' common/kube/references.cpp; } |
    grep -oE '\{"[A-Za-z_]+",|\["[a-z_]+"\]' | grep -oE '[A-Za-z_]+' | sort -u)
  [ "$(wc -l <<<"$written")" -gt 40 ] || fail "few keys found in metadata.cpp: $written"
  run comm -23 <(echo "$written") <(sort -u <<<"$keys")
  assert_output ""
}

@test "every document that -o json prints has a schema of its name, and every schema its document" {
  printed=$({ cat plugins/*/cmd_*.cpp | tr -d '\n' | grep -oE 'print_result\(\s*runtime, globals, "[A-Za-z]+"'
    grep -oE '\{"kind", "[A-Za-z]+"' common/cli/version.cpp; } | grep -oE '"[A-Za-z]+"$' | tr -d '"')
  schemas=$(basename -a -s .json docs/schemas/*.json | grep -vxF lkg_metadata)
  assert_same_lists "the code" "$printed" docs/schemas "$schemas"
  for file in docs/schemas/*.json; do
    name=$(basename "$file" .json)
    jq -e --arg name "$name" '."$schema" == "https://json-schema.org/draft/2020-12/schema"
      and (.properties.kind.const // "lkg_metadata") == $name' "$file" >/dev/null || fail "$file is not the schema of $name"
  done
}

@test "every script that the README names exists, and every script is named there" {
  # Those of the issues that are still open are named as missing.
  named=$(grep -oE '[a-z_]+\.sh' README.md | grep -vxE 'backup_cluster_state\.sh|snapshot_artifacts\.sh')
  assert_same_lists scripts/ "$(basename -a scripts/*.sh)" README.md "$named"
}

@test "the architecture fits one screen" {
  count=$(wc -l <docs/architecture.md)
  [ "$count" -le 80 ] || fail "docs/architecture.md has $count lines"
}

@test "the documents name the floors, phases, actions and presets that are there" {
  floors=$(grep -oE '^\| .common/[a-z]+' docs/architecture.md | cut -d/ -f2)
  assert_same_lists common/ "$(find common -mindepth 1 -maxdepth 1 -type d -printf '%f\n')" docs/architecture.md "$floors"

  phases=$(sed -n '/k_phases = {/,/^};/p' plugins/lkg/restore/restore.cpp | grep -oE 'Phase\{"[a-z]+' | cut -d'"' -f2)
  documented=$(awk '/^\| phase / { inside = 1; next } /^$/ { inside = 0 } inside && /^\| [a-z]/ { print $2 }' docs/architecture.md)
  assert_same_lists restore.cpp "$phases" docs/architecture.md "$documented"
  assert_same_lists restore.cpp "$phases" RestoreReport.json "$(jq -r '.properties.phase.enum[]' docs/schemas/RestoreReport.json)"

  presets=$(jq -r '.configurePresets[] | select(.hidden | not) | .name' CMakePresets.json)
  documented=$(sed -n '/^| preset /,/^$/p' docs/contributing.md | grep '^| `' | cut -d'|' -f2 | grep -oE '[a-z-]+')
  assert_same_lists CMakePresets.json "$presets" docs/contributing.md "$documented"

  actions=$(tr '\n' ' ' <plugins/lkg/restore/plan.cpp | grep -oE 'name_of\(Action action\) \{[^;]*;' | grep -oE '"[a-z]+"' | tr -d '"')
  described=$(jq -r '.properties.objects.items.properties.action.enum[]' docs/schemas/Plan.json | grep -vx extra)
  assert_same_lists plan.cpp "$actions" Plan.json "$described"
  assert_same_lists plan.cpp "$actions" RestoreReport.json "$(jq -r '.properties.actions.propertyNames.enum[]' docs/schemas/RestoreReport.json)"
}
