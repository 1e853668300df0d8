"""Sections 0, 1, 4.5 and 12: import paths, errors, offline runs, and the traps that no other file has."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import stoker.exceptions as errors
from stoker.core import Experiment, Run, ScriptRunConfig, Workspace
from stoker.core.run import _OfflineRun
from stoker.exceptions import UserErrorException

Config = Callable[..., ScriptRunConfig]

PATHS = {
    "core": "Workspace Experiment Run ScriptRun ScriptRunConfig RunConfiguration Environment Dataset Datastore Model "
    "ComputeTarget Keyvault VERSION __version__",
    "core.workspace": "Workspace",
    "core.experiment": "Experiment",
    "core.run": "Run _OfflineRun",
    "core.script_run": "ScriptRun",
    "core.script_run_config": "ScriptRunConfig",
    "core.runconfig": "RunConfiguration MpiConfiguration PyTorchConfiguration TensorflowConfiguration "
    "DockerConfiguration DataReferenceConfiguration CondaDependencies DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE "
    "EnvironmentDefinition SparkConfiguration",
    "core.environment": "Environment CondaDependencies PythonSection DockerSection",
    "core.conda_dependencies": "CondaDependencies",
    "core.compute": "AmlCompute ComputeTarget RemoteCompute HDInsightCompute DsvmCompute ComputeInstance",
    "core.compute_target": "ComputeTargetException",
    "core.authentication": "InteractiveLoginAuthentication ServicePrincipalAuthentication MsiAuthentication "
    "AzureCliAuthentication",
    "core.container_registry": "ContainerRegistry",
    "core.resource_configuration": "ResourceConfiguration",
    "core.datastore": "Datastore",
    "core.dataset": "Dataset",
    "core.model": "Model",
    "data": "OutputFileDatasetConfig HDFSOutputDatasetConfig DataType TabularDataset FileDataset",
    "data.data_reference": "DataReference",
    "data.datapath": "DataPath DataPathComputeBinding",
    "data.dataset_consumption_config": "DatasetConsumptionConfig",
    "data.dataset_factory": "TabularDatasetFactory FileDatasetFactory DataType",
    "data.sql_data_reference": "SqlDataReference",
    "data.dataset_type_definitions": "PromoteHeadersBehavior",
    "widgets": "RunDetails",
}
OF_THE_USER = ("AuthenticationException", "DatasetValidationError", "DatasetExecutionError")
OF_THE_BASE = (
    "UserErrorException",
    "TrainingException",
    "ExperimentExecutionException",
    "ProjectSystemException",
    "SnapshotException",
    "RunEnvironmentException",
    "WorkspaceException",
    "ComputeTargetException",
    "RunConfigurationException",
    "WebserviceException",
    "ModelNotFoundException",
    "ModelPathNotFoundException",
    "ActivityFailedException",
    "ActivityCanceledException",
    "DatasetTimestampMissingError",
)
OFFLINE_METHODS = (
    "log log_list log_row log_table log_image log_confusion_matrix log_accuracy_table log_predictions log_residuals "
    "upload_file upload_files upload_folder tag set_tags add_properties child_run complete cancel fail flush"
)
OFFLINE_ABSENT = "experiment parent get_metrics input_datasets get_tags register_model get_details wait_for_completion"


@pytest.mark.parametrize("module", sorted(PATHS))
def test_v1s_import_paths_resolve(module: str) -> None:
    found = importlib.import_module(f"stoker.{module}")

    assert [name for name in PATHS[module].split() if not hasattr(found, name)] == []


def test_errors_have_v1s_tree_and_constructor() -> None:
    base = errors.AzureMLException
    for name in OF_THE_BASE:
        assert getattr(errors, name).__bases__ == (base,)
    for name in OF_THE_USER:
        assert issubclass(getattr(errors, name), UserErrorException)
    inner = ValueError("below")
    error = errors.ComputeTargetException("what happened", inner_exception=inner)

    assert (error.message, error.inner_exception) == ("what happened", inner)
    assert "what happened" in str(error)


def test_outside_a_run_the_context_is_offline_and_only_prints(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.get_context()
    run.log("a", 0.5, step=1)
    run.log_list("l", [1])
    run.upload_file("outputs/x", "no-such-file")
    run.tag("k", "v")
    with run.child_run("child") as child:
        child.log("b", 1)
    run.complete()
    printed = capsys.readouterr().out

    assert isinstance(run, _OfflineRun)
    assert run.id.startswith("OfflineRun_")
    assert isinstance(child, _OfflineRun)
    assert "Attempted to log scalar metric a:\n0.5\n" in printed
    assert "Attempted to track file outputs/x at no-such-file\n" in printed
    assert "Attempted to add tag k" in printed
    with pytest.raises(errors.RunEnvironmentException):
        Run.get_context(allow_offline=False)
    with pytest.raises(errors.RunEnvironmentException):
        Run.get_submitted_run()


def test_an_offline_run_has_only_what_makes_sense_there() -> None:
    run = Run.get_context()

    assert [name for name in OFFLINE_METHODS.split() if not callable(getattr(run, name, None))] == []
    assert [name for name in OFFLINE_ABSENT.split() if hasattr(run, name)] == []


def test_the_sdk_is_imported_from_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); from stoker.core import Run; Run.get_context()\n"
        "print([n for n in sorted({m.partition('.')[0] for m in set(sys.modules) - before})"
        " if n not in sys.stdlib_module_names and n != 'stoker'])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout == "[]\n"


def test_submissions_in_one_second_have_ids_of_their_own(experiment: Experiment, config_of: Config) -> None:
    config = config_of("import time; time.sleep(100)")
    began = time.time()
    runs = [experiment.submit(config) for _ in range(6)]
    for run in runs:
        run.cancel()

    assert time.time() - began < 60
    assert len({run.id for run in runs}) == len({run.number for run in runs}) == 6


def test_a_loop_of_metrics_can_be_indexed(run: Run) -> None:
    for mse in (3.0, 2.0, 1.0):
        run.log("mse", mse)
    metrics = run.get_metrics()
    run.complete()

    assert metrics["mse"][1] == 2.0


def test_tagging_after_the_end_is_common(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("print()"))
    run.wait_for_completion()
    run.tag("checked", "yes")

    assert run.get_tags() == {"checked": "yes"}
    assert run.tags == {"checked": "yes"}


def test_forked_workers_log_to_an_interactive_run(run: Run) -> None:
    import multiprocessing

    def work(number: int) -> None:
        for n in range(20):
            run.log("worker", 100 * number + n)

    run.log("parent", 1)
    workers = [multiprocessing.get_context("fork").Process(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    run.log("parent", 2)
    run.complete()
    metrics = run.get_metrics()

    assert metrics["parent"] == [1, 2]
    assert sorted(metrics["worker"]) == sorted(100 * number + n for number in range(4) for n in range(20))


def test_many_interactive_runs_leave_few_files_open(experiment: Experiment) -> None:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("open files are counted through /proc, which this system does not have")

    def journals() -> int:
        return sum(os.path.realpath(path).endswith(".jsonl") for path in folder.iterdir())

    before = journals()
    for _ in range(50):
        with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
            run.log("a", 1)

    assert journals() - before < 40


def test_representations_never_raise_when_the_workspace_is_gone() -> None:
    ws = Workspace.create("soon-gone", show_output=False)
    experiment = Experiment(ws, "e")
    run = experiment.start_logging(outputs=False, snapshot_directory=None)
    run.complete()
    ws.delete()

    for thing in (ws, experiment, run):
        assert repr(thing)
    assert run.id in run._repr_html_()
    assert "Report Page" in experiment._repr_html_()


def test_no_password_is_on_record(experiment: Experiment, config_of: Config) -> None:
    config = config_of("print()")
    registry = config.run_config.environment.docker.base_image_registry
    registry.address, registry.username, registry.password = "registry.example.com", "user", "very-secret"
    run = experiment.submit(config)
    run.wait_for_completion(raise_on_error=False)

    assert "very-secret" not in json.dumps(run.get_details_with_logs())


def test_a_polling_loop_ends(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("print()"))
    until = time.monotonic() + 60
    while run.get_status() not in ["Completed", "Failed", "Canceled"]:
        assert time.monotonic() < until
        time.sleep(0.02)

    assert run.status == "Completed"


def test_a_script_that_is_not_the_main_file_finds_its_run(
    experiment: Experiment, in_folder: Path, log_of: Callable[[Run], str]
) -> None:
    (in_folder / "package").mkdir()
    (in_folder / "package" / "__init__.py").write_text("")
    (in_folder / "package" / "logs.py").write_text(
        "from stoker.core.run import Run\ndef work():\n    run = Run.get_context()\n    run.log('a', 1)\n    return run"
    )
    (in_folder / "train.py").write_text(
        "from stoker.core import Run\nfrom package.logs import work\nprint(work() is Run.get_context())"
    )
    run = experiment.submit(ScriptRunConfig(".", "train.py"))
    run.wait_for_completion()

    assert log_of(run) == "True\n"
    assert run.get_metrics() == {"a": 1}


def test_names_with_spaces_newlines_and_bytes_travel(experiment: Experiment, in_folder: Path) -> None:
    for name in (b"a b.txt", b"line\nbreak.txt", b"\xff.txt"):
        Path(os.fsdecode(name)).write_bytes(b"x")
    (in_folder / "train.py").write_text(
        "import os\nnames = sorted(os.listdir(b'.'))\nopen('outputs/names.txt', 'wb').write(b'|'.join(names))\n"
        "open('outputs/with space\\nand line.txt', 'w').write('x')"
    )
    run = experiment.submit(ScriptRunConfig(".", "train.py"))
    run.wait_for_completion()
    run.download_file("outputs/names.txt", "copy/")
    found = (in_folder / "copy" / "names.txt").read_bytes().split(b"|")

    assert {b"a b.txt", b"line\nbreak.txt", b"\xff.txt"} <= set(found)
    assert "outputs/with space\nand line.txt" in run.get_file_names()
