"""`stoker completion bash|zsh|fish`: scripts that ask `stoker __complete` at each Tab."""

from __future__ import annotations

import sys

__all__ = ["SCRIPTS", "show"]

_BASH = r"""# stoker: names by Tab. In ~/.bashrc:  eval "$(stoker completion bash)"
_stoker() {
    local line value current typed=${COMP_LINE:0:COMP_POINT} words
    read -r -a words <<< "$typed"
    [[ $typed == *[[:space:]] ]] && words+=("")
    current=${words[${#words[@]}-1]}
    local cut=${current%"${COMP_WORDS[COMP_CWORD]}"}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$current")
        else
            value=${line%%$'\t'*}
            COMPREPLY+=("${value#"$cut"}")
        fi
    done < <(stoker __complete "${words[@]:1}" 2>/dev/null)
}
complete -F _stoker stoker
"""

_ZSH = r"""#compdef stoker
# stoker: names by Tab. In ~/.zshrc, after compinit:  eval "$(stoker completion zsh)"
_stoker() {
    local line files=0
    local -a values
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            files=1
        else
            values+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        fi
    done < <(stoker __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( ${#values} )) && _describe -V 'stoker' values
    (( files )) && _files
    return 0
}
compdef _stoker stoker
"""

_FISH = r"""# stoker: names by Tab. In ~/.config/fish/config.fish:  stoker completion fish | source
function __stoker_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (stoker __complete $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            printf '%s\n' $line
        end
    end
end
complete -c stoker -f -k -a '(__stoker_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""Shell -> script."""


def show(shell: str) -> int:
    """Write the script of a shell to stdout and return the exit status."""
    script = SCRIPTS.get(shell)
    if script is None:
        from stoker.base.names import suggestion
        from stoker.cli.problems import report
        from stoker.cli.session import UsageProblem

        return report(UsageProblem(f"There is no completion for {shell!r}. {suggestion(shell, SCRIPTS)}"))
    sys.stdout.write(script)
    return 0
