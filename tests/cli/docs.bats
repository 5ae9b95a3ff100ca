#!/usr/bin/env bats
# What the documents say is what the code does, as far as a list can tell.
bats_require_minimum_version 1.5.0

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  cd "$BATS_TEST_DIRNAME/../.." || exit
  bin=${DR_BIN:-build/dev/bin}
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

@test "every verb of each plugin's help is in its table of the README, and no other" {
  plugins=$(basename -a plugins/*/)
  # shellcheck disable=SC2016 # backquotes of Markdown
  tables=$(sed -nE 's/^### `kubectl ([a-z]+)`$/\1/p' README.md)
  assert_same_lists plugins/ "$plugins" "the tables of README.md" "$tables"
  for plugin in $plugins; do
    run --separate-stderr "$bin/kubectl-$plugin" --help
    assert_success
    verbs=$(awk '/^[A-Z][A-Za-z ]* Commands:$/ { inside = 1; next } /^$/ { inside = 0 } inside && /^  [a-z]/ { print $1 }' <<<"$output")
    assert_same_lists "kubectl $plugin --help" "$verbs" "README.md" "$(first_cells README.md "### \`kubectl $plugin\`")"
  done
}

@test "the exit codes of the code and of docs/exit-codes.md are the same, with the same numbers" {
  code=$(sed -nE 's/^ +([a-z_]+) = ([0-9]+),.*/\2 \1/p' common/base/exit_code.hpp)
  documented=$(sed -nE 's/^\| ([0-9]+) \| ([a-z_]+) \|.*/\1 \2/p' docs/exit-codes.md)
  assert_same_lists exit_code.hpp "$code" docs/exit-codes.md "$documented"
  while read -r number _; do
    grep -qE "^### .*\b$number\b" docs/exit-codes.md || fail "docs/exit-codes.md does not say what to do about $number"
  done <<<"$code"
}

# Each row of the tests in docs/exit-codes.md: CODE FILE TEST.
tested_codes() { sed -nE 's/^\| ([0-9]+) \| \[[^]]*\]\(\.\.\/([^)]+)\) \| (.+) \|$/\1 \2 \3/p' docs/exit-codes.md; }

@test "each exit code has a test that produces it, where docs/exit-codes.md says" {
  assert_same_lists exit_code.hpp "$(sed -nE 's/^ +[a-z_]+ = ([0-9]+),.*/\1/p' common/base/exit_code.hpp)" \
    docs/exit-codes.md "$(tested_codes | cut -d' ' -f1)"
  while read -r code file name; do
    # From the line of its name to the end; a real program's code is in one of these forms.
    body=$(awk -v start="@test \"$name\" {" '$0 == start { inside = 1 } inside; inside && /^}/ { exit }' "$file")
    [ -n "$body" ] || fail "docs/exit-codes.md: $file has no test \"$name\""
    asserted="run -$code |assert_failure $code\$|assert_equal \"\\\$(code|status)\" $code\$|interrupt [A-Z]+ $code\$"
    [ "$code" -ne 0 ] || asserted='assert_success|run -0 '
    grep -qE -- "$asserted" <<<"$body" || fail "docs/exit-codes.md: \"$name\" of $file does not assert $code"
  done < <(tested_codes)
}

@test "each test that docs/safety.md rests on is there" {
  found=0
  while IFS=$'\t' read -r file name; do
    grep -qF -- "@test \"$name\" {" "$file" || fail "docs/safety.md: $file has no test \"$name\""
    found=$((found + 1))
  done < <(sed -nE 's/^\|[^|]*\| \[[^]]*\]\(\.\.\/([^)]+)\): (.+) \|$/\1\t\2/p' docs/safety.md)
  assert_equal "$found" "$(grep -c '^|.*\.bats):' docs/safety.md)"
  [ "$found" -gt 10 ]
}

@test "the man pages list the exit codes of the code" {
  listed=$(sed -n '/^\.SH "EXIT STATUS"$/,/^\.SH [^"]/p' man/kubectl-lkg-restore.1 | sed -nE 's/^\\fB([0-9, ]+)\\fR$/\1/p' | tr -s ', ' '\n')
  assert_same_lists exit_code.hpp "$(sed -nE 's/^ +[a-z_]+ = ([0-9]+),.*/\1/p' common/base/exit_code.hpp)" man "$listed"
}

documents() { git ls-files --cached --others --exclude-standard -- '*.md'; }

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
  done < <(documents | xargs grep -oHE '\[[^]]+\]\([^)]+\)')
  [ "$found" -gt 0 ] || fail "no links found"
  [ ${#broken[@]} -eq 0 ] || fail "$(printf '%s\n' "broken links:" "${broken[@]}")"
}

# Sets keys, all keys of a schema, and holds docs/formats.md to them: each is named under that heading or one below it,
# and the table of the heading has the topmost ones.
assert_keys_described() { # SCHEMA HEADING
  local section key
  keys=$(jq -r '.. | objects | select(.type == "object") | .properties // {} | keys[]' "$1" | sort -u)
  section=$(awk -v heading="$2" '/^## / { inside = ($0 == heading) } inside' docs/formats.md)
  while read -r key; do
    grep -qF "\`$key\`" <<<"$section" || fail "docs/formats.md, $2, does not name $key"
  done <<<"$keys"
  assert_same_lists "$1" "$(jq -r '.properties | keys[]' "$1")" docs/formats.md "$(first_cells docs/formats.md "$2")"
}

# Fails unless a schema has all the keys that the code writes, of which there are at least so many.
assert_keys_in_schema() { # COUNT < CODE; uses keys
  local written
  # data:: reads, it does not write.
  written=$(grep -v 'data::' | grep -oE '\{"[A-Za-z0-9_]+",|\["[a-z0-9_]+"\]' | grep -oE '[A-Za-z0-9_]+' | sort -u)
  [ "$(wc -l <<<"$written")" -ge "$1" ] || fail "few keys found in the code: $written"
  run comm -23 <(echo "$written") <(echo "$keys")
  assert_output ""
}

# The cluster tests hold the schemas to real files; here the code and docs/formats.md are held to the schemas.
@test "every key of the metadata is in docs/formats.md" {
  assert_keys_described docs/schemas/lkg_metadata.json '## lkg_metadata.json'
  { cat plugins/lkg/metadata.cpp; sed -n '/^Json to_json/,$p' common/kube/references.cpp; } | assert_keys_in_schema 41
}

@test "every key of a backup's index is in docs/formats.md" {
  assert_keys_described docs/schemas/Backup.json '## backup.json'
  assert_keys_in_schema 30 <common/backup/backup_files.cpp
  outcomes=$(sed -nE 's/.* k_outcomes = \{(.*)\};/\1/p' common/backup/backup.cpp | grep -oE '[a-z]+')
  assert_same_lists backup.cpp "$outcomes" docs/formats.md "$(first_cells docs/formats.md '### coverage')"
  assert_same_lists backup.cpp "$outcomes" Backup.json \
    "$(jq -r '.properties.coverage.items.properties.outcome.enum[]' docs/schemas/Backup.json)"
}

@test "what a backup leaves out, and why, is in docs/formats.md" {
  # Formatted as one row a line, or as two.
  rows=$(sed -n '/k_derived = {/,/^};/p' common/kube/derived.cpp | tr -d '\n' |
    grep -oE 'Derived\{"[^"]+", +"[^"]+", +"[^"]+"\}' | awk -F '"' '{ print $2 ": " $6 }')
  [ "$(wc -l <<<"$rows")" -eq "$(grep -c 'Derived{"' common/kube/derived.cpp)" ] || fail "some rows not found: $rows"
  measured=$(tr -d '\n' <common/kube/derived.cpp | grep -oE 'k_derived_groups = \{[^}]+' | grep -oE '"[^"]+"' | tr -d '"')
  [ -n "$measured" ] || fail "no derived groups found"
  reason=$(sed -nE 's/.*is_derived_group.* return "(.+)";$/\1/p' common/kube/derived.cpp)
  # shellcheck disable=SC2016 # backquotes of Markdown
  documented=$(sed -n '/^### What is left out$/,/^## /p' docs/formats.md | sed -nE 's/^\| `([^`]+)` \| (.+) \|$/\1: \2/p')
  assert_same_lists derived.cpp "$(echo "$rows"; awk -v reason="$reason" '{ print "*." $0 ": " reason }' <<<"$measured")" docs/formats.md "$documented"
}

# A schema without a kind is of a file, which has a section of its own in docs/formats.md.
@test "every document that is printed or written has a schema of its name, and every schema its document" {
  printed=$({ cat plugins/*/cmd_*.cpp | tr -d '\n' | grep -oE 'print_result\(\s*runtime, globals, "[A-Za-z]+"'
    grep -oE '\{"kind", "[A-Za-z]+"' common/cli/version.cpp; } | grep -oE '"[A-Za-z]+"$' | tr -d '"')
  written=$(sed -nE 's/^constexpr std::string_view k_kind = "([A-Za-z]+)";$/\1/p' common/*/*.cpp plugins/*/*.cpp)
  [ -n "$written" ] || fail "no kind found that is written"
  kinds=$(jq -r '.properties.kind.const // empty' docs/schemas/*.json)
  assert_same_lists "the code" "$printed"$'\n'"$written" docs/schemas "$kinds"
  for file in docs/schemas/*.json; do
    name=$(basename "$file" .json)
    jq -e --arg name "$name" '."$schema" == "https://json-schema.org/draft/2020-12/schema"
      and (.properties.kind.const // $name) == $name' "$file" >/dev/null || fail "$file is not the schema of $name"
    jq -e '.properties | has("kind")' "$file" >/dev/null || grep -qxF "## $name.json" docs/formats.md ||
      fail "$file has no kind, and docs/formats.md no section $name.json"
  done
}

@test "every script that the README names exists, and every script is named there" {
  named=$(grep -oE '[a-z_]+\.sh' README.md)
  assert_same_lists scripts/ "$(basename -a scripts/*.sh)" README.md "$named"
}

@test "every program of ours in a shell block of a document exists" {
  found=0
  while IFS=: read -r file program; do
    found=$((found + 1))
    [ -x "${program#./}" ] || fail "$file: no $program"
  done < <(documents | while IFS= read -r file; do
    # shellcheck disable=SC2016 # a dollar sign of the shell block
    awk '/^```/ { inside = /^```sh/; next } inside' "$file" | grep -oE '(^|[ "$(])(\./)?(scripts|tests)/[A-Za-z0-9_/-]+\.sh' | sed -E "s#^[ \"\$(]*#$file:#"
  done)
  [ "$found" -gt 10 ] || fail "only $found found"
}

# shellcheck disable=SC2016 # backquotes of Markdown
@test "the README installs in the six lines of docs/install.md" {
  first_block() { awk -v heading="$2" '/^## / { inside = ($0 == heading) } inside && /^```/ { if (shell) exit; shell = /^```sh/; next } shell' "$1"; }
  block=$(first_block README.md '## Install')
  assert_equal "$(wc -l <<<"$block")" 6
  assert_equal "$block" "$(first_block docs/install.md '## With krew')"
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
  described=$(jq -r '.properties.objects.items.properties.action.enum[]' docs/schemas/Plan.json | grep -vxE 'extra|prune')
  assert_same_lists plan.cpp "$actions" Plan.json "$described"
  assert_same_lists plan.cpp "$actions" RestoreReport.json "$(jq -r '.properties.actions.propertyNames.enum[]' docs/schemas/RestoreReport.json)"
}
