"""`stoker completion`, as Typer sees it; `stoker.cli.main` answers the usual call before Typer is loaded."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from stoker.cli.app import Noun
from stoker.cli.shells import show

app = Noun()


@app.verb("completion")
def completion(shell: Annotated[str, Argument(metavar="bash|zsh|fish")]) -> int:
    """Print the script that completes names in a shell.

    Bash: put `eval "$(stoker completion bash)"` into ~/.bashrc.

    Zsh: put `eval "$(stoker completion zsh)"` into ~/.zshrc, after compinit.

    Fish: put `stoker completion fish | source` into ~/.config/fish/config.fish.
    """
    return show(shell)
