# Completion in real shells, without a terminal.
# shellcheck disable=SC2016 # the inner shells expand

# What bash offers for a line, by kubectl's own completion; one a line.
kubectl_in_bash() { # LINE
  bash --norc -c '
    . /usr/share/bash-completion/bash_completion; . <(kubectl completion bash)
    COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9; read -r -a COMP_WORDS <<<"$1"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    __start_kubectl; printf "%s\n" "${COMPREPLY[@]}"' - "$1"
}

in_zsh() { # SETUP LINE: what zsh shows after TAB
  timeout 30 zsh -f -c 'zmodload zsh/zpty; zpty -b z zsh -f -i
    zpty -w z "PS1=; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; $1; cd $PWD; print -r -- RE""ADY"
    zpty -r -m z out "*READY*"
    zpty -w -n z "$2"$'"'\\t'"'
    shown=""; repeat 50; do zpty -r -t z out && shown+=$out; sleep 0.1; done
    zpty -d z; print -r -- "$shown"' - "$1" "$2"
}

in_fish() { # SETUP LINE: what fish offers, with descriptions; one a line
  fish --no-config -c "$1"' | source; complete -C "$argv[1]"' "$2"
}
