"""`RunDetails` in a real JupyterLab in a real browser."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright
from tests.services.children import free_port, serving
from tests.services.installed import python_environment

import stoker
from stoker.testing.workspaces import TemporaryWorkspace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PACKAGES = ["jupyterlab>=4.2", "ipykernel>=6", "anywidget>=0.9"]

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium on PATH"),
    pytest.mark.xdist_group("jupyterlab"),
]

CODE = """
import time
from stoker.core import Experiment, Workspace
from stoker.widgets import RunDetails
experiment = Experiment(Workspace.from_config({root!r}), "lab")
run = experiment.start_logging(snapshot_directory=None, display_name="<i>live</i>")
run.log("loss", 1.0)
RunDetails(run).show()
for step in range(5):
    run.log("loss", 1 / (step + 2))
with run.child_run("fold 1") as child:
    child.log("accuracy", 0.75)
run.complete()
"""


@pytest.fixture
def address(live_workspace: TemporaryWorkspace, tmp_path: Path) -> Iterator[str]:
    environment = python_environment("jupyterlab", PACKAGES)
    cell = {"cell_type": "code", "source": CODE.format(root=str(live_workspace.root)), "metadata": {}, "outputs": []}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (tmp_path / "a.ipynb").write_text(
        json.dumps(
            {"cells": [{**cell, "execution_count": None}], "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}
        )
    )
    port = free_port()
    words = [str(environment / "bin/jupyter"), "lab", "--no-browser", "--allow-root", f"--port={port}"]
    words += ["--ServerApp.port_retries=0", "--IdentityProvider.token=letmein", f"--ServerApp.root_dir={tmp_path}"]
    before = dict(os.environ)
    # The kernel has nothing of Stoker's dependencies: the SDK needs none.
    os.environ["PYTHONPATH"] = str(Path(stoker.__file__).parents[1])
    os.environ["JUPYTER_CONFIG_DIR"] = os.environ["JUPYTER_DATA_DIR"] = str(tmp_path / "jupyter")
    try:
        with serving(words, port, tmp_path / "lab.log"):
            yield f"http://127.0.0.1:{port}/lab/tree/a.ipynb?token=letmein"
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.slow
def test_the_live_view_of_a_run_in_jupyterlab(address: str, tmp_path: Path) -> None:
    """JupyterLab takes seconds to start; nothing else shows that the view really is drawn there."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.set_default_timeout(60_000)
        page.goto(address)
        # Before its kernel is there, running a cell asks for one.
        expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
        page.locator(".jp-Notebook .jp-Cell").first.click()
        page.keyboard.press("Shift+Enter")
        view = page.locator(".stoker-run").first
        expect(view.locator(".status").first).to_have_text("Completed", timeout=60_000)
        expect(view.locator(".name")).to_have_text("<i>live</i>")
        expect(view.locator("figure").first).to_contain_text("loss")
        expect(view.locator("figure svg path").first).to_be_attached()
        expect(view.locator("table")).to_contain_text("accuracy 0.75")
        page.screenshot(path=os.environ.get("STOKER_SCREENSHOT") or str(tmp_path / "lab.png"))
        browser.close()
