#!/usr/bin/env bats
# What we write as YAML, every reader must take for the same values: a backup is also read by people's own tools.
bats_require_minimum_version 1.5.0

setup_file() {
  corpus=$BATS_TEST_DIRNAME/corpus.py
  objects=$BATS_FILE_TMPDIR/objects.json written=$BATS_FILE_TMPDIR/written
  export corpus objects written
  mkdir "$written"
  python3 "$corpus" generate >"$objects"
  "${DR_BIN:-$BATS_TEST_DIRNAME/../../build/dev/bin}/../tests/yaml/yaml_round_trip" "$written" <"$objects"
  # Any version will do.
  KUBECTL=${KUBECTL:-$(command -v kubectl || echo "$("$BATS_TEST_DIRNAME/../cluster/ensure.sh")/kubectl")}
  export KUBECTL
}

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
}

@test "the corpus is large, and holds strings, keys, numbers and a value of 1 MiB" {
  run jq -r '[length, ([.. | strings | utf8bytelength] | max), ([.. | numbers] | length),
    ([.[] | select(.kind == "Trap") | .spec | objects | keys[] | select(. == "<<" or . == "" or . == "~" or . == "yes")] | unique | length)]
    | "\(.[0] >= 500) \(.[1] >= 1048000) \(.[2] >= 100) \(.[3])"' "$objects"
  assert_output "true true true 4"
}

@test "our reader gives every value back" {
  run python3 "$corpus" check ours "$objects" "$written"
  assert_success
  assert_output --regexp '^ours: [0-9]+ objects, 0 wrong$'
}

@test "PyYAML's safe loader gives every value back" {
  run python3 "$corpus" check pyyaml "$objects" "$written"
  assert_success
  assert_output --regexp '^pyyaml: [0-9]+ objects, 0 wrong$'
}

@test "kubectl gives every value back" {
  run python3 "$corpus" check kubectl "$objects" "$written"
  assert_success
  assert_output --regexp '^kubectl: [0-9]+ objects, 0 wrong$'
}

# The check itself: an exporter that does not quote is caught by each reader, also where only the type changes.
@test "the check finds what other exporters lose" {
  one=$BATS_TEST_TMPDIR/one.json folder=$BATS_TEST_TMPDIR/folder
  mkdir "$folder"
  # The metadata in a form that is JSON and YAML.
  printf -v head '"apiVersion": "v1",\n"kind": "ConfigMap",\n"metadata": {"name": "x", "namespace": "default"}'
  printf '[{%s, "data": {"a": "yes", "n": "1", "e": "a \\n"}}]' "$head" >"$one"
  good='{"a": "yes", "n": "1", "e": "a \n"}'
  for data in "$good" '{"a": yes, "n": "1", "e": "a \n"}' '{"a": "yes", "n": 1, "e": "a \n"}' '{"a": "yes", "n": "1", "e": "a\n"}' \
    '{"a": "yes", "n": "1"}' '{"a": "yes", "n": "1", "e": "a \n", "x": "y"}'; do
    wrong=1
    [ "$data" != "$good" ] || wrong=0
    printf '%s\n"data": %s\n' "${head//,$'\n'/$'\n'}" "$data" >"$folder/0000.yaml"
    for reader in pyyaml kubectl; do
      run python3 "$corpus" check "$reader" "$one" "$folder"
      assert_output --partial "$reader: 1 objects, $wrong wrong"
    done
    case $data in *yes,*) continue ;; esac # not JSON
    printf '{%s, "data": %s}' "$head" "$data" >"$folder/0000.read"
    run python3 "$corpus" check ours "$one" "$folder"
    assert_output --partial "ours: 1 objects, $wrong wrong"
  done
  rm "$folder"/*
  run python3 "$corpus" check ours "$one" "$folder"
  assert_failure
}
