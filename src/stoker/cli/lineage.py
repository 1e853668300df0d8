"""Lineage for people: trees of what something came of, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stoker.cli.output import emit
from stoker.cli.session import SESSION
from stoker.cli.text import clean

__all__ = ["Branch", "drawn", "lineage_text", "run_lineage_text", "show_lineage"]

_KINDS = {
    "dataset": "data set",
    "model": "model",
    "path": "path",
    "mlflow_dataset": "data set",
    "logged_model": "logged model",
    "run": "run",
}


class Branch(NamedTuple):
    """A line of a tree, and the branches below it."""

    text: str
    below: Sequence[Branch] = ()


def show_lineage(*, direction: str | None = None, depth: int | None = None, **thing: str) -> None:
    """Ask for the lineage of one thing and write it as `--output` says.

    Parameters
    ----------
    direction : {"up", "down"}, optional
    depth : int, optional
        Most steps from run to run.
    **thing : str
        One of `dataset` (its id), `model` (`NAME:VERSION`), `run` (its id).
    """
    tree = SESSION.get("/lineage", direction=direction, depth=depth, **thing)
    emit(tree, text=lambda: lineage_text(tree))


def lineage_text(tree: Mapping[str, Any]) -> str:
    """Return the tree of a data set, model, path or run as text.

    Examples
    --------
    >>> run = {"id": "prepare_1", "display_name": None, "status": "Completed"}
    >>> source = {"kind": "path", "ref": "blob/raw", "label": "blob/raw", "by": []}
    >>> maker = {"run": run, "name": "result", "mechanism": "upload", "inputs": [source]}
    >>> node = {"kind": "dataset", "ref": "1", "label": "diabetes:3"}
    >>> print(lineage_text({"node": node, "by": [maker], "used_by": []}))
    data set diabetes:3
    └─ made by run prepare_1 (Completed) as result, upload
       └─ from path blob/raw
    """
    node = tree["node"]
    if node["kind"] == "run":
        return drawn(Branch(_thing(node), _ends(tree)))
    below = [*_makers(tree), *_users(tree)]
    asked = [word for key, word in (("by", "made"), ("used_by", "used")) if key in tree]
    return drawn(Branch(_thing(node), below or [Branch(f"no run has {' or '.join(asked)} it")]))


def run_lineage_text(tree: Mapping[str, Any]) -> str:
    """Return what a run was given and made, without the run; empty when that is nothing."""
    return "\n".join(drawn(branch) for branch in _ends(tree))


def drawn(branch: Branch) -> str:
    """Return a tree with lines from each branch to what is below it."""
    lines = [branch.text]
    for place, inner in enumerate(branch.below):
        is_last = place == len(branch.below) - 1
        first, *rest = drawn(inner).split("\n")
        lines.append(f"{'└─' if is_last else '├─'} {first}")
        lines += [f"{'   ' if is_last else '│  '}{line}" for line in rest]
    return "\n".join(lines)


def _ends(tree: Mapping[str, Any]) -> list[Branch]:
    inputs = [Branch(_thing(node) + _role(node), _makers(node)) for node in tree.get("inputs", ())]
    outputs = [Branch(_thing(node) + _role(node), _users(node)) for node in tree.get("outputs", ())]
    return [Branch(word, found) for word, found in (("Inputs", inputs), ("Outputs", outputs)) if found]


def _makers(node: Mapping[str, Any]) -> list[Branch]:
    return [
        Branch(
            f"made by {_run(entry['run'])}{_role(entry)}",
            [Branch(f"from {_thing(inner)}", _makers(inner)) for inner in entry["inputs"]],
        )
        for entry in node.get("by", ())
    ]


def _users(node: Mapping[str, Any]) -> list[Branch]:
    return [
        Branch(
            f"used by {_run(entry['run'])}{_role(entry)}",
            [Branch(f"which made {_thing(inner)}", _users(inner)) for inner in entry["outputs"]],
        )
        for entry in node.get("used_by", ())
    ]


_CUT = {"shown": " … (shown elsewhere)", "depth": " … (--depth shows more)"}


def _thing(node: Mapping[str, Any]) -> str:
    source = f" of {clean(node['of'])}" if node.get("of") else ""
    return f"{_KINDS[node['kind']]} {clean(node['label'])}{source}{_CUT.get(node.get('reason', ''), '')}"


def _run(run: Mapping[str, Any]) -> str:
    name = run.get("display_name")
    named = f" {clean(name)!r}" if name and name != run["id"] else ""
    return f"run {run['id']}{named} ({run['status']})"


def _role(entry: Mapping[str, Any]) -> str:
    """Return what a thing is to a run; a run may be given it several times, each time in another way."""
    names: dict[str, list[str]] = {}
    for role in entry.get("roles") or [entry]:
        names.setdefault(clean(role.get("mechanism") or ""), []).append(clean(role.get("name") or ""))
    text = "; ".join(", ".join(filter(None, [*found, mechanism])) for mechanism, found in names.items())
    if not text:
        return ""
    return f" as {text}" if any(map(any, names.values())) else f", {text}"
