#compdef clawtop
# zsh completion for clawtop; source <(clawtop completion zsh) after compinit, or a file
# named _clawtop in a folder of $fpath
_clawtop() {
    local found one
    local -a values shown suffix
    found=$(command clawtop complete zsh "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)
    if (( $? == 3 )); then
        _files
        return
    fi
    for one in "${(@f)found}"; do
        [[ -n $one ]] || continue
        values+=("${one%%$'\t'*}")
        shown+=("${${one/$'\t'/  }%  }")
    done
    (( $#values )) || return 1
    [[ $values[1] == *= ]] && suffix=(-S '')
    compadd -l -V clawtop -d shown "${suffix[@]}" -a values
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _clawtop "$@"
else
    compdef _clawtop clawtop
fi
