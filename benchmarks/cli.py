"""What the command line costs over a bare interpreter."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks.measure import Row, in_turn, python_seconds, show
from stoker.testing.workspaces import TemporaryWorkspace

ROUNDS = 9


def rows(*, quick: bool = False) -> list[Row]:
    """Measure version, help and a warm `run list`."""
    with tempfile.TemporaryDirectory() as folder, TemporaryWorkspace(Path(folder) / "w") as place:
        os.environ["STOKER_WORKSPACE"] = str(place.root)
        try:
            sides = [("-c", "pass"), *(("-m", "stoker.cli", *words) for words in _COMMANDS)]
            bare, *figures = in_turn(
                [lambda words=words: python_seconds(*words) for words in sides],  # type: ignore[misc]
                3 if quick else ROUNDS,
            )
        finally:
            del os.environ["STOKER_WORKSPACE"]
    return [
        Row(f"`stoker {' '.join(words)}`", (figure - bare) * 1000, "ms over bare", budget, f"bare {bare * 1000:.1f} ms")
        for (words, budget), figure in zip(_COMMANDS.items(), figures, strict=True)
    ]


_COMMANDS: dict[tuple[str, ...], float] = {
    ("--version",): 60,
    ("--help",): 150,
    ("run", "--help"): 150,
    ("run", "submit", "--help"): 150,
    ("run", "list"): 150,
}


if __name__ == "__main__":
    show(rows())
