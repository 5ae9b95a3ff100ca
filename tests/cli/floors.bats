#!/usr/bin/env bats
# tests/floors_test.sh sees each way of breaking the layers.
bats_require_minimum_version 1.5.0

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  tree=$BATS_TEST_TMPDIR/tree
}

file() { # PATH HEADER...
  local path=$tree/$1; shift
  mkdir -p "$(dirname "$path")"
  printf '#include %s\n' "$@" >"$path"
}

check() { run "$BATS_TEST_DIRNAME/../floors_test.sh" "$tree"; }

@test "what the rules allow passes" {
  file common/base/text.cpp '"common/base/text.hpp"' '<string>'
  file common/os/process_runner_child.cpp '"common/base/text.hpp"' '<boost/asio/write.hpp>'
  file common/os/sha256.cpp '<sodium.h>'
  file common/data/json_reader.cpp '<boost/json/src.hpp>'
  file common/data/yaml_codec.cpp '"common/os/sha256.hpp"' '<yaml-cpp/parser.h>'
  file common/cli/help.cpp '"common/kube/kinds.hpp"' '<CLI/CLI.hpp>'
  file plugins/lkg/cmd_restore.cpp '<CLI/CLI.hpp>' '"common/cli/command.hpp"' '"plugins/lkg/restore/restore.hpp"'
  file plugins/lkg/render_plan.cpp '"common/cli/table.hpp"'
  file plugins/lkg/restore/restore.cpp '"common/kube/writer.hpp"'
  check
  assert_success
  assert_output ""
}

@test "each broken rule is named with file and line" {
  file common/base/text.cpp '<string>' '"common/os/clock.hpp"'
  file common/data/json.cpp '"plugins/lkg/lkg.hpp"' '<boost/json/value.hpp>'
  file common/kube/kinds.cpp '<boost/optional.hpp>' '<yaml-cpp/parser.h>' '<sodium.h>' '<CLI/CLI.hpp>'
  file plugins/lkg/lkg.cpp '"common/cli/table.hpp"' '<CLI/CLI.hpp>'
  file plugins/lkg/restore/waves.hpp '"plugins/arsnap/snapshot.hpp"'
  file plugins/arsnap/render_list.cpp '<CLI/CLI.hpp>'
  check
  assert_failure 1
  assert_line 'common/base/text.cpp:2: includes common/os/clock.hpp: os is above base'
  assert_line --regexp '^common/data/json.cpp:1: .* common never includes a plugin'
  assert_line --regexp '^common/data/json.cpp:2: .* Boost.JSON is at home'
  assert_line --regexp '^common/kube/kinds.cpp:1: .* Boost is at home'
  assert_line --regexp '^common/kube/kinds.cpp:2: .* yaml-cpp is at home'
  assert_line --regexp '^common/kube/kinds.cpp:3: .* libsodium is at home'
  assert_line --regexp '^common/kube/kinds.cpp:4: .* CLI11 is at home'
  assert_line --regexp '^plugins/lkg/lkg.cpp:1: .* know common/cli'
  assert_line --regexp '^plugins/lkg/lkg.cpp:2: .* CLI11 is at home'
  assert_line --regexp '^plugins/lkg/restore/waves.hpp:1: .* another one'
  assert_line --regexp '^plugins/arsnap/render_list.cpp:1: .* CLI11 is at home'
  assert_line 'floors: 11 of 12 includes break the rules of docs/architecture.md'
}

@test "an unknown floor and an empty tree are errors, not passes" {
  file common/attic/old.cpp '"common/base/text.hpp"'
  file plugins/lkg/main.cpp '<cstdio>'
  check
  assert_failure
  assert_output --partial "no floor attic"
  rm -r "$tree"
  mkdir -p "$tree/common" "$tree/plugins"
  check
  assert_failure
  assert_output --partial "no includes found"
}
