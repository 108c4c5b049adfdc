# bash completion for clawtop; source <(clawtop completion bash)
_clawtop() {
    local found one status
    COMPREPLY=()
    found=$(command clawtop complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null </dev/null)
    status=$?
    if [[ $status -eq 3 ]]; then
        compopt -o default 2>/dev/null
        return
    fi
    while IFS= read -r one; do
        [[ -n $one ]] && COMPREPLY+=("$one")
    done <<<"$found"
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
}
complete -o nosort -F _clawtop clawtop 2>/dev/null || complete -F _clawtop clawtop
