"""The calls of the documentation with the types that their readers expect; mypy checks it, nothing runs it.

`assert_type` fails in `make types` when a signature of the public API changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typing_extensions import assert_type

import stoker
from stoker.core import ComputeTarget, Environment, Experiment, Run, RunConfiguration, ScriptRunConfig, Workspace
from stoker.core.compute import AmlCompute
from stoker.core.conda_dependencies import CondaDependencies
from stoker.core.environment import ImageBuildDetails


def workspaces() -> Workspace:
    """Find, make, list and write down."""
    ws = assert_type(Workspace.from_config(), Workspace)
    assert_type(Workspace.create("mine", exist_ok=True, tags={"team": "vision"}), Workspace)
    assert_type(Workspace.get("mine"), Workspace)
    assert_type(Workspace.list(), dict[str, list[Workspace]])
    assert_type(ws.name, str)
    assert_type(ws.subscription_id, str)
    assert_type(ws.tags, dict[str, str])
    assert_type(ws.experiments, dict[str, Experiment])
    assert_type(ws.compute_targets, dict[str, ComputeTarget])
    assert_type(ws.environments, dict[str, Environment])
    assert_type(ws.get_details(), dict[str, Any])
    assert_type(ws.get_run("id"), Run)
    assert_type(ws.get_default_compute_target("CPU"), ComputeTarget | None)
    ws.write_config(path=".", file_name="config.json")
    ws.delete()
    return ws


def experiments(ws: Workspace) -> Run:
    """Submit, log interactively, list."""
    experiment = Experiment(ws, "diabetes")
    config = ScriptRunConfig("src", script="train.py", arguments=["--alpha", 0.5], compute_target="local")
    run = assert_type(experiment.submit(config, tags={"n": 1}), Run)
    with experiment.start_logging(snapshot_directory=None) as interactive:
        assert_type(interactive, Run)
    assert_type(experiment.get_runs(tags={"n": 1}, include_children=True), Iterator[Run])
    assert_type(next(experiment.get_runs()), Run)
    assert_type(Experiment.list(ws, view_type="All"), list[Experiment])
    assert_type(experiment.id, str)
    assert_type(experiment.tags, dict[str, str | None])
    assert_type(experiment.get_portal_url(), str)
    return run


def runs(ws: Workspace, run: Run) -> None:
    """Watch, read, write."""
    assert_type(run.wait_for_completion(show_output=True), dict[str, Any])
    assert_type(run.get_details(), dict[str, Any])
    assert_type(run.get_status(), str)
    assert_type(run.get_detailed_status(), dict[str, Any])
    assert_type(run.id, str)
    assert_type(run.number, int | None)
    assert_type(run.display_name, str)
    assert_type(run.parent, Run | None)
    assert_type(run.get_metrics(name="mse"), dict[str, Any])
    assert_type(run.get_tags(), dict[str, str | None])
    assert_type(run.get_properties(), dict[str, str])
    assert_type(run.get_file_names(), list[str])
    assert_type(run.get_all_logs(), list[str])
    assert_type(run.get_environment(), Environment)
    assert_type(run.get_snapshot_id(), str | None)
    assert_type(run.restore_snapshot(path="."), str)
    assert_type(run.get_children(recursive=True), Iterator[Run])
    assert_type(run.create_children(count=2), list[Run])
    assert_type(Run.get(ws, "id"), Run)
    run.download_file("outputs/model.pkl", "model.pkl")
    run.upload_file("outputs/model.pkl", "model.pkl")
    run.tag("quality", "good")
    run.add_properties({"data": "v1"})
    with run.child_run("fold") as child:
        child.log("mse", 0.5, step=1)
        child.log_list("losses", (loss for loss in [1.0, 0.5]))
        child.log_row("error", alpha=0.5, mse=1.0)
        child.log_table("table", {"a": [1, 2]})


def in_a_script() -> None:
    """Be a run or offline: a script must not care, so its type is open."""
    run = Run.get_context()
    run.log("alpha", 0.5)


def environments(ws: Workspace) -> None:
    """Describe, register, build."""
    environment = Environment("training")
    packages = CondaDependencies.create(pip_packages=["scikit-learn"], python_version="3.11")
    environment.python.conda_dependencies = packages
    environment.environment_variables["A"] = "b"
    assert_type(environment.register(ws), Environment)
    assert_type(Environment.get(ws, "training", version="1"), Environment)
    assert_type(Environment.list(ws), dict[str, Environment])
    assert_type(Environment.from_conda_specification("e", "conda.yml"), Environment)
    assert_type(Environment.from_existing_conda_environment("e", "base"), Environment | None)
    assert_type(environment.version, str | None)
    assert_type(environment.clone("other"), Environment)
    assert_type(environment.build(ws), ImageBuildDetails)
    assert_type(packages.pip_packages, Iterator[str])
    assert_type(packages.save(), str)


def configurations() -> None:
    """Set what is most set."""
    config = RunConfiguration()
    config.target = "cpu-cluster"
    config.framework = "python"
    config.node_count = 2
    config.environment.docker.enabled = True
    config.environment.python.user_managed_dependencies = True
    config.save(path=".", name="mine")
    assert_type(RunConfiguration.load(".", "mine"), RunConfiguration)
    assert_type(ScriptRunConfig("src", run_config=config).run_config, RunConfiguration)
    config.nodecount = 2  # type: ignore[attr-defined]  # a typing error is found before it runs


def targets(ws: Workspace) -> None:
    """Look up, create, watch."""
    settings = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
    target = assert_type(ComputeTarget.create(ws, "cpu-cluster", settings), ComputeTarget)
    target.wait_for_completion(show_output=True)
    pool = AmlCompute(ws, "cpu-cluster")
    assert_type(pool.name, str)
    assert_type(pool.provisioning_state, str)


assert_type(stoker.Workspace.from_config(), Workspace)
