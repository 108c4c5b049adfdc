# fish completion for clawtop; clawtop completion fish | source
function __clawtop_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    command clawtop complete fish $words "$word" 2>/dev/null </dev/null
    test $status -eq 3; and __fish_complete_path "$word"
end

complete -c clawtop -k -f -a '(__clawtop_complete)'
