# bash completion for dipcctl

# The options of a command, as its own help lists them.
_dipcctl_options() {
    dipcctl ${1:+"$1"} --help 2>/dev/null |
        grep -oE -- '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--?[a-zA-Z-]+'
}

# The numbers of the mailboxes, as far as a server can be asked and has few.
_dipcctl_mailboxes() {
    local count
    count=$(dipcctl "$@" --timeout 500ms stat 2>/dev/null |
        sed -n 's/^mailboxes  *//p')
    [ -n "$count" ] && [ "$count" -le 1024 ] && seq 0 $((count - 1))
}

_dipcctl() {
    local commands='read write append cas wait watch stat top ping'
    local word=${COMP_WORDS[COMP_CWORD]}
    local before='' command='' operands=0 i
    local server=()

    COMPREPLY=()
    ((COMP_CWORD > 0)) && before=${COMP_WORDS[COMP_CWORD - 1]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -s | --server)
            server=(--server "${COMP_WORDS[i + 1]}")
            # readline parts a word at its colons
            while [ "${COMP_WORDS[i + 2]}" = : ] && ((i + 3 <= COMP_CWORD)); do
                server[1]+=:${COMP_WORDS[i + 3]}
                ((i += 2))
            done
            ((i++))
            ;;
        -t | --timeout | -f | --file | -w | --wait | -n | --count | -i | \
            --interval | --at | --max | --if | --from)
            ((i++))
            ;;
        -*) ;;
        *)
            if [ -z "$command" ]; then
                command=${COMP_WORDS[i]}
            else
                ((operands++))
            fi
            ;;
        esac
    done

    # A word for each line: names of files have spaces.
    local IFS=$'\n'
    case $before in
    -f | --file)
        COMPREPLY=($(compgen -f -- "$word"))
        compopt -o filenames 2>/dev/null
        return
        ;;
    -s | --server)
        COMPREPLY=($(compgen -f -A hostname -- "$word"))
        compopt -o filenames 2>/dev/null
        return
        ;;
    -t | --timeout | -w | --wait | -i | --interval)
        COMPREPLY=($(compgen -W $'100ms\n1s\n10s\n1m' -- "$word"))
        return
        ;;
    --at)
        [ "$command" != write ] || COMPREPLY=($(compgen -W end -- "$word"))
        return
        ;;
    -n | --count | --max | --if | --from)
        return
        ;;
    esac

    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$(_dipcctl_options "$command")" -- "$word"))
    elif [ -z "$command" ]; then
        COMPREPLY=($(compgen -W "${commands// /$IFS}" -- "$word"))
    elif [ $operands -eq 0 ]; then
        case $command in
        top | ping) ;;
        *)
            COMPREPLY=($(compgen -W \
                "$(_dipcctl_mailboxes "${server[@]}")" -- "$word"))
            ;;
        esac
    fi
}

complete -F _dipcctl dipcctl
