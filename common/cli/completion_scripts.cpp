#include "common/cli/completion_scripts.hpp"

namespace dr::cli {
namespace {

constexpr std::string_view k_kubectl = R"(#!/bin/sh
# kubectl runs this to complete "kubectl @PLUGIN@ ...". When the plugin fails, there are no candidates.
kubectl-@PLUGIN@ __complete "$@" 2>/dev/null || echo :4
)";

constexpr std::string_view k_note =
    R"(# Completion of kubectl-@PLUGIN@ called directly, in @SHELL@:
#
#   @SOURCE@
#
# "kubectl @PLUGIN@" needs none of this. It is completed by kubectl's own completion, which runs
# kubectl_complete-@PLUGIN@ from PATH; "kubectl @PLUGIN@ completion install" puts that there.
)";

// bash splits words at "=" and ":" too and replaces only what follows the last one, so the line is
// split again here, and what stays is cut off the candidates.
constexpr std::string_view k_bash = R"(
__kubectl_@PLUGIN@_complete() {
  local line=${COMP_LINE:0:COMP_POINT} words word value kept='' answer directive
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  word=${words[${#words[@]} - 1]}
  COMPREPLY=()
  answer=$(kubectl-@PLUGIN@ __complete "${words[@]:1}" 2>/dev/null) || return 0
  directive=${answer##*:}
  value=$word
  [[ $value == -*=* ]] && value=${value#*=}
  [[ $value == *:* && $COMP_WORDBREAKS == *:* ]] && kept=${value%"${value##*:}"}
  while IFS=$'\t' read -r value _; do
    [[ $value == :* || -z $value ]] || COMPREPLY+=("${value#"$kept"}")
  done <<<"$answer"
  case $directive in
    0) compopt -o default 2>/dev/null ;;
    16) compopt -o dirnames 2>/dev/null ;;
  esac
  return 0
}
complete -F __kubectl_@PLUGIN@_complete kubectl-@PLUGIN@
)";

constexpr std::string_view k_zsh = R"(
__kubectl_@PLUGIN@_complete() {
  local -a before lines candidates
  local line value directive
  (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
  lines=("${(@f)$(kubectl-@PLUGIN@ __complete "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}")
  directive=${lines[-1]#:}
  for line in "${(@)lines[1,-2]}"; do
    value=${line%%$'\t'*}
    [[ -n $value ]] || continue
    if [[ $line == *$'\t'* ]]; then
      candidates+=("${value//:/\\:}:${line#*$'\t'}")
    else
      candidates+=("${value//:/\\:}")
    fi
  done
  compset -P '-*='
  case $directive in
    0) _files ;;
    16) _files -/ ;;
    *) _describe -t values 'kubectl-@PLUGIN@' candidates ;;
  esac
}
compdef __kubectl_@PLUGIN@_complete kubectl-@PLUGIN@
)";

constexpr std::string_view k_fish = R"(
function __kubectl_@PLUGIN@_complete
  set -l before (commandline -opc)
  set -l word (commandline -ct)
  set -l lines (kubectl-@PLUGIN@ __complete $before[2..-1] "$word" 2>/dev/null)
  set -q lines[1]; or return
  set -l flag (string match -r -- '^-[^=]*=' "$word")
  set -l value (string replace -- "$flag" '' "$word")
  switch $lines[-1]
    case ':0'
      set lines (__fish_complete_path "$value") ''
    case ':16'
      set lines (__fish_complete_directories "$value") ''
  end
  for line in $lines[1..-2]
    printf '%s%s\n' "$flag" "$line"
  end
end
complete -c kubectl-@PLUGIN@ -f -a '(__kubectl_@PLUGIN@_complete)'
)";

std::string filled(std::string_view text, std::string_view name, std::string_view value) {
  std::string result(text);
  for (std::size_t at = 0; (at = result.find(name, at)) != std::string::npos; at += value.size()) {
    result.replace(at, name.size(), value);
  }
  return result;
}

std::string_view script_of(std::string_view shell) {
  if (shell == "bash") return k_bash;
  return shell == "zsh" ? k_zsh : k_fish;
}

std::string_view source_of(std::string_view shell) {
  return shell == "fish" ? "kubectl-@PLUGIN@ completion fish | source"
                         : "source <(kubectl-@PLUGIN@ completion @SHELL@)";
}

}  // namespace

std::string kubectl_completion(const std::string& plugin) {
  return filled(k_kubectl, "@PLUGIN@", plugin);
}

std::string shell_completion(std::string_view shell, const std::string& plugin) {
  const std::string text =
      filled(std::string(k_note).append(script_of(shell)), "@SOURCE@", source_of(shell));
  return filled(filled(text, "@SHELL@", shell), "@PLUGIN@", plugin);
}

}  // namespace dr::cli
