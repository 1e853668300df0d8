"""The demo, as `make demo` runs it. Slow: it trains real models, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytestmark = pytest.mark.slow


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STOKER_")}
    return subprocess.Popen(
        [sys.executable, "-m", "stoker.cli", "demo", *words],
        cwd=folder,
        env={**kept, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(folder: Path) -> list[str]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path("/proc", pid, "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words)
    return found


def test_the_demo_trains_names_the_best_and_leaves_nothing(tmp_path: Path) -> None:
    """Slow, because the demo is what a newcomer sees first: it must work from end to end."""
    output, errors = (process := start(tmp_path)).communicate(timeout=110)

    assert process.returncode == 0, errors
    rows = [line.split() for line in output.splitlines() if line.startswith("0.")]
    assert len(rows) >= 8
    errors_by_alpha = {float(row[0]): float(row[1]) for row in rows}
    assert all(0 <= alpha <= 1 for alpha in errors_by_alpha)
    best = min(errors_by_alpha, key=lambda alpha: errors_by_alpha[alpha])
    assert f"Best: alpha {best:g} with mse {errors_by_alpha[best]:.2f}" in output
    assert os.listdir(tmp_path) == []
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_either(tmp_path: Path, number: signal.Signals) -> None:
    """Slow, because it waits until runs have started: only then is there something to leave behind."""
    process = start(tmp_path)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("stoker-demo-*/home/workspaces/demo/.stoker/runs/*/state.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)

    process.send_signal(number)
    _, errors = process.communicate(timeout=90)

    assert process.returncode == 130, errors
    assert os.listdir(tmp_path) == []
    assert processes_of(tmp_path) == []


def test_the_demo_says_what_to_install(tmp_path: Path) -> None:
    """Run in an interpreter without site-packages but Stoker's own needs would be slow; hide scikit-learn instead."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'sklearn': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hide())\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "stoker.cli", "demo", "-o", "json"],
        env={**os.environ, "PYTHONPATH": str(hidden)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    advice = f"{sys.executable} -m uv pip install --python {sys.executable} scikit-learn"
    assert advice in json.loads(done.stdout)["error"]["message"]
