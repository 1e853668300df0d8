"""Real notebooks of v1, unchanged, each on a workspace of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from tests.services.installed import python_environment

ROOT = Path(__file__).resolve().parents[2]
NO_COPY = 3
"""The runner's exit status where there are no notebooks to be had."""
LATER = {
    # They use estimators, which come next.
    "runs/how-to-use-estimator/how-to-use-estimator.ipynb",
    "runs/img-classification-part1-training@2019/img-classification-part1-training.ipynb",
    "runs/train-with-datasets@2019/train-with-datasets.ipynb",
}

pytestmark = [pytest.mark.xdist_group("notebooks"), pytest.mark.timeout(1800)]


def environment_of(requirements: Path) -> Path:
    """Return an environment with what the notebooks import and this checkout, a new one when what it needs changes."""
    extras = [line for line in metadata.requires("stoker") or [] if "extra ==" not in line or "automl" in line]
    wanted = "\n".join([str(ROOT), requirements.read_text(), *extras])
    name = f"notebooks-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    return python_environment(name, ["-r", str(requirements), "-e", f"{ROOT}[automl]"])


def run_them(notebooks: Path, folder: Path) -> list[dict[str, Any]]:
    """Run the notebooks about runs and return a verdict for each."""
    programs = environment_of(notebooks / "requirements.txt") / "bin"
    words = [str(programs / "python"), str(notebooks / "run_notebooks.py"), str(notebooks), "--only", "runs/*"]
    words += ["--json", str(folder / "verdicts.json"), "--logs", str(folder / "logs"), "--", str(programs / "python")]
    variables = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    # What warns in old code is no matter here.
    variables.pop("PYTHONWARNINGS", None)
    done = subprocess.run(words, capture_output=True, text=True, env=variables, cwd=folder, check=False)
    if done.returncode == NO_COPY:
        pytest.skip(f"the notebooks are not here: {done.stdout.strip()}")
    assert (folder / "verdicts.json").exists(), done.stdout + done.stderr
    verdicts: list[dict[str, Any]] = json.loads((folder / "verdicts.json").read_text())
    return verdicts


def end_of_log(folder: Path, verdict: dict[str, Any]) -> str:
    log = folder / "logs" / f"{os.path.dirname(verdict['notebook']).replace('/', '__')}.log"
    return log.read_text(errors="replace")[-3000:] if log.exists() else ""


@pytest.mark.slow
def test_every_notebook_about_runs_gets_to_its_end(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The purpose of it all: code that its owners have, and that nobody wrote for us."""
    verdicts = run_them(shared / "notebooks", tmp_path)
    ran = [verdict for verdict in verdicts if verdict["status"] != "waits"]
    done = [verdict for verdict in ran if verdict["status"] == "ok"]
    with capsys.disabled():
        print(f"\n{len(done)} of {len(ran)} notebooks got to their end, {len(verdicts) - len(ran)} wait.")  # noqa: T201  # asked for

    failed = [verdict for verdict in ran if verdict["status"] != "ok" and verdict["notebook"] not in LATER]
    assert not failed, "\n\n".join(
        f"{verdict['notebook']}: {verdict.get('error')}\n{end_of_log(tmp_path, verdict)}" for verdict in failed
    )
    assert len(done) > 10
    early = {verdict["notebook"]: verdict for verdict in ran if verdict["notebook"] in LATER}
    for name, verdict in early.items():
        assert "azureml.train" in verdict.get("error", ""), f"{name} no longer waits for estimators: {verdict}"
