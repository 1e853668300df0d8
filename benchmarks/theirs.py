"""MLflow's SQLite store, beside ours where it does the same work; in an environment of its own."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["PYTHON", "beside", "environment", "ready"]

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-bench"
PYTHON = VENV / "bin" / "python"
PACKAGES = ("mlflow>=3,<4",)


def beside(work: str, *arguments: object) -> dict[str, Any] | None:
    """Return what `mlflow_side.py` measured, or None where MLflow can't be had; the reason is said once."""
    if not ready():
        return None
    command = [str(PYTHON), str(ROOT / "benchmarks" / "mlflow_side.py"), work, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        print(f"MLflow's {work} failed:\n{done.stderr[-2000:]}", file=sys.stderr)
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@functools.cache
def ready() -> bool:
    """Whether there is an interpreter with MLflow; the reason is said once where there is none."""
    mark = VENV / ".ready-with-server"
    if mark.exists():
        return True
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    try:
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(PYTHON), *PACKAGES], check=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"MLflow is left out: it could not be installed into {VENV.name} ({error})", file=sys.stderr)
        return False
    mark.touch()
    return True


def environment() -> dict[str, str]:
    """Return the variables of a process that runs MLflow."""
    return {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
