#!/usr/bin/env bash
# floors_test.sh [ROOT]: holds the layers of the code.  A file includes its own floor and lower ones only, a plugin never
# includes another one, a plugin's domain files know nothing of common/cli, and each third-party library has one home.
set -euo pipefail
root=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
cd "$root"

floors=(base os data gcloud kube lkg backup registry cli) # from the ground up; the plugins stand above them
height() { # FLOOR: sets REPLY to its number, or fails
  for REPLY in "${!floors[@]}"; do [ "${floors[REPLY]}" != "$1" ] || return 0; done
  echo "floors: no floor $1" >&2; exit 1
}

bad=0 seen=0
wrong() { echo "$file:$line: includes $header: $1"; bad=$((bad + 1)); }

check_floor() { # a file of common/
  local mine theirs
  case $header in
    plugins/*) wrong "common never includes a plugin" ;;
    common/*)
      height "$(cut -d/ -f2 <<<"$file")"; mine=$REPLY
      height "$(cut -d/ -f2 <<<"$header")"; theirs=$REPLY
      [ "$theirs" -le "$mine" ] || wrong "${floors[theirs]} is above ${floors[mine]}"
      ;;
  esac
}

check_plugin() { # a file of plugins/
  local plugin=${file#plugins/}
  plugin=${plugin%%/*}
  case $header in
    "plugins/$plugin/"*) ;;
    plugins/*) wrong "a plugin never includes another one" ;;
    common/cli/*)
      case ${file##*/} in
        main.cpp | commands.* | cmd_* | render_*) ;;
        *) wrong "only main, commands, cmd_* and render_* files know common/cli" ;;
      esac
      ;;
  esac
}

check_library() { # any file
  case $header in
    boost/crc.hpp) case $file in common/os/archive.cpp) ;; *) wrong "Boost.CRC is at home in common/os/archive.cpp" ;; esac ;;
    boost/json/*) case $file in common/data/json_reader.cpp) ;; *) wrong "Boost.JSON is at home in common/data/json_reader.cpp" ;; esac ;;
    boost/*) case $file in common/os/process_runner*.cpp) ;; *) wrong "Boost is at home in common/os/process_runner*.cpp" ;; esac ;;
    archive.h | archive_entry.h) case $file in common/os/archive.cpp) ;; *) wrong "libarchive is at home in common/os/archive.cpp" ;; esac ;;
    yaml-cpp/*) case $file in common/data/yaml_codec.cpp) ;; *) wrong "yaml-cpp is at home in common/data/yaml_codec.cpp" ;; esac ;;
    sodium.h | sodium/*) case $file in common/os/sha256.cpp) ;; *) wrong "libsodium is at home in common/os/sha256.cpp" ;; esac ;;
    CLI/*)
      case $file in
        common/cli/* | plugins/*/cmd_*.cpp | plugins/*/commands.cpp) ;;
        *) wrong "CLI11 is at home in common/cli, commands.cpp and cmd_*.cpp" ;;
      esac
      ;;
  esac
}

while IFS=: read -r file line header; do
  header=${header#*[<\"]}
  header=${header%%[>\"]*}
  seen=$((seen + 1))
  case $file in
    common/*) check_floor ;;
    plugins/*) check_plugin ;;
  esac
  check_library
done < <(grep -rnE --include='*.cpp' --include='*.hpp' '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' common plugins)

[ "$seen" -gt 0 ] || { echo "floors: no includes found under $root" >&2; exit 1; }
[ "$bad" -eq 0 ] || { echo "floors: $bad of $seen includes break the rules of docs/architecture.md" >&2; exit 1; }
