from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from stoker.core import Workspace
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

AZ_ML = (sys.executable, "-m", "stoker.cli", "az", "ml")


def stoker(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AZ_ML, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_attached_folder_trains_and_its_files_lead_to_a_model(
    live_workspace: TemporaryWorkspace, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text("open('outputs/model.pkl', 'w').write('weights')\nprint('trained')\n")
    attached = stoker(tmp_path, "folder", "attach", "-w", str(live_workspace.root), "-g", "any")
    assert attached.returncode == 0, attached.stderr

    done = stoker(tmp_path, "run", "submit-script", "-c", "local", "-e", "t", "-t", "run.json", "train.py")
    assert done.returncode == 0, done.stderr
    assert "trained" in done.stderr
    run = json.loads(done.stdout)["run_id"]
    last = stoker(tmp_path, "run", "list", "--last", "1", "-o", "tsv", "--query", "[0].run_id")
    assert (last.returncode, last.stdout) == (0, f"{run}\n")

    words = ("-n", "e2e", "--asset-path", "outputs/model.pkl", "-f", "run.json", "-t", "model.json")
    registered = stoker(tmp_path, "model", "register", *words)
    assert registered.returncode == 0, registered.stderr
    model = json.loads((tmp_path / "model.json").read_text())["modelId"]
    assert stoker(tmp_path, "model", "download", "-i", model, "-t", "got").returncode == 0
    assert (tmp_path / "got" / "model.pkl").read_text() == "weights"


def test_an_interrupt_is_exit_status_130_and_the_run_goes_on(
    live_workspace: TemporaryWorkspace, tmp_path: Path
) -> None:
    (tmp_path / "wait.py").write_text(
        "import os, time\nprint('waiting', flush=True)\nwhile not os.path.exists(os.environ['GO']): time.sleep(0.01)\n"
    )
    (tmp_path / "wait.runconfig").write_text(f"script: wait.py\nenvironmentVariables: {{GO: {tmp_path / 'go'}}}\n")
    place = str(live_workspace.root)
    process = subprocess.Popen(
        [*AZ_ML, "run", "submit-script", "-r", "wait.runconfig", "-e", "ctrl-c", "-w", place],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said = _read_until(process.stderr, "waiting")
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 130, said + err
    assert out == ""
    assert "the run goes on" in err
    ws = Workspace.from_config(place)
    (run,) = ws.experiments["ctrl-c"].get_runs()
    (tmp_path / "go").touch()
    wait_until(lambda: run.get_status() == "Completed", 60, "the run's end")


def _read_until(stream: Any, word: str) -> str:
    lines = []
    for line in stream:
        lines.append(line)
        if word in line:
            break
    return "".join(lines)


def test_exit_statuses_are_those_of_the_whole_command_line(live_workspace: TemporaryWorkspace, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("raise ValueError('bad data')")
    place = ("-w", str(live_workspace.root))

    failed = stoker(tmp_path, "run", "submit-script", *place, "-e", "t", "bad.py")
    assert (failed.returncode, json.loads(failed.stdout)["status"]) == (1, "Failed")
    assert stoker(tmp_path, "run", "show", "-r", "none", *place).returncode == 1
    assert stoker(tmp_path, "run", "show", "--nonsense", *place).returncode == 2
    assert stoker(tmp_path, "service", "list", *place).returncode == 2
