from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.runner import bundle
from stoker.testing.workspaces import TemporaryWorkspace

SAME = """
import stoker.azureml
import azureml.core
import stoker.core
from azureml.core import {names}
from stoker.core.run import Run as Ours
import azureml.core.run

assert azureml.core is stoker.core and azureml.core.run.Run is Run is Ours
assert isinstance(Run.get_context(), object)
"""


def python(code: str, *, ok: bool = True, **variables: str) -> str:
    command, environment = [sys.executable, "-W", "error", "-c", code], {**os.environ, **variables}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode == 0) is ok, done.stderr
    return done.stdout if ok else done.stderr


def test_one_class_has_two_names() -> None:
    python(SAME.format(names="Environment, Experiment, Run, RunConfiguration, ScriptRunConfig, Workspace"))


def test_a_module_keeps_who_it_is() -> None:
    out = python(
        "import stoker.azureml, azureml.core.run as module, sys\n"
        "print(module.__name__, module.__spec__.name, sys.modules['stoker.core.run'] is module)"
    )

    assert out.split() == ["stoker.core.run", "stoker.core.run", "True"]


def test_errors_are_caught_by_either_name() -> None:
    python(
        "import stoker.azureml\n"
        "from azureml.exceptions import UserErrorException as theirs\n"
        "from stoker.exceptions import UserErrorException as ours\n"
        "try:\n    raise ours('x')\nexcept theirs:\n    pass\n"
    )


def test_a_pickle_made_with_v1_opens() -> None:
    text = b"cazureml.core.conda_dependencies\nCondaDependencies\n."
    python(f"import stoker.azureml, pickle\nprint(pickle.loads({text!r}).__module__)")


def test_what_is_not_built_yet_says_so() -> None:
    error = python("import stoker.azureml\nfrom azureml.train.automl import AutoMLConfig", ok=False)

    assert "azureml.train (estimators" in error
    assert "not part of this version" in error


def test_a_private_module_names_the_public_way() -> None:
    error = python("import stoker.azureml\nimport azureml._restclient", ok=False)

    assert "private to v1's client" in error
    assert "azureml.core has Workspace" in error


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("from azureml.core import Experimnt", "from 'azureml.core', which is Stoker.*Did you mean 'Experiment'"),
        ("from azureml.core.runconfig import Nothing", "from 'azureml.core.runconfig'.*stoker azureml check FILE"),
        ("from azureml.core import TabularDataset", "import it from azureml.data"),
        ("import azureml.core\nfrom stoker.core import Nothing", "cannot import name 'Nothing'"),
        ("import azureml.mlflow", "mlflow.set_tracking_uri"),
        ("import azureml.dataprep as dprep", "azureml.core.Dataset does here"),
        ("from azureml.opendatasets import MNIST", "get the files themselves"),
    ],
)
def test_an_import_that_fails_says_what_to_do(line: str, said: str) -> None:
    error = python(f"import stoker.azureml\n{line}", ok=False)

    assert re.search(said, error), error
    assert re.search(r"(ImportError|ModuleNotFoundError): ", error)


def test_a_package_has_the_modules_below_it_without_their_being_imported() -> None:
    python(
        "import stoker.azureml, azureml.core\n"
        "assert azureml.core.run.Run is azureml.core.Run\n"
        "assert azureml.core.compute.amlcompute.AmlCompute is azureml.core.compute.AmlCompute\n"
        "assert azureml.core.runconfig.DEFAULT_CPU_IMAGE and azureml.core.webservice.aci.AciWebservice\n"
        "assert issubclass(azureml.exceptions.UserErrorException, Exception) and azureml.data.datapath.DataPath\n"
        "assert not hasattr(azureml, 'nothing') and not hasattr(azureml.core, '_nothing')\n"
    )


def test_code_that_asks_whether_a_name_is_there_goes_on() -> None:
    python(
        "import stoker.azureml, azureml.core\nassert not hasattr(azureml.core, 'Nothing')\n"
        "assert getattr(azureml.core.run, 'Nothing', 1) == 1\n"
        "try:\n    from azureml.core import Nothing\nexcept ImportError:\n    pass"
    )


def test_code_that_tries_an_import_goes_on() -> None:
    python("import stoker.azureml\ntry:\n    import azureml.dataprep\nexcept ImportError:\n    pass")


def test_stokers_own_parts_have_no_name_below_azureml() -> None:
    python("import stoker.azureml\nimport azureml.service", ok=False)


def test_a_client_that_was_imported_before_is_said(tmp_path: Path) -> None:
    package = tmp_path / "azureml" / "core"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("real = True\n")
    code = "import azureml.core\nassert azureml.core.real\nimport stoker.azureml"

    assert "Write `import stoker.azureml` first" in python(code, ok=False, PYTHONPATH=str(tmp_path))


def test_it_can_be_taken_back() -> None:
    python(
        "import stoker.azureml\nimport azureml.core\nstoker.azureml.uninstall()\n"
        "assert not stoker.azureml.installed()\n"
        "try:\n    import azureml.core\nexcept ImportError:\n    pass\nelse:\n    raise SystemExit(1)\n"
    )


def test_version_is_one_that_old_code_may_compare() -> None:
    out = python("import stoker.azureml, azureml.core\nprint(azureml.core.VERSION, azureml.core.__version__)")

    assert re.fullmatch(r"1\.\d+\.\d+ 1\.\d+\.\d+", out.strip())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return bundle.ensure(str(tmp_path_factory.mktemp("cache")))


def test_in_a_run_it_is_on_by_itself_in_child_processes_too(folder: str) -> None:
    child = "import azureml.core; print(azureml.core.Run.__module__)"
    out = python(
        f"import subprocess, sys\nimport azureml.core\nprint(azureml.core.Run.__module__, flush=True)\n"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)",
        PYTHONPATH=folder,
    )

    assert out.split() == ["stoker.core.run"] * 2


def test_in_a_run_it_can_be_turned_off(folder: str, tmp_path: Path) -> None:
    real = tmp_path / "azureml"
    real.mkdir()
    (real / "__init__.py").write_text("real = True\n")
    code = "import azureml; print(azureml.real)"

    assert python(code, PYTHONPATH=f"{folder}:{tmp_path}", STOKER_AZUREML="off").strip() == "True"
    assert "No module named 'azureml'" in python(code, ok=False, PYTHONPATH=folder, STOKER_AZUREML="off")


def test_nothing_else_is_in_the_folder_of_a_run(folder: str) -> None:
    assert {name for name in os.listdir(folder) if name != "__pycache__"} == {"azureml", "azureml_user", "stoker"}


def test_what_comes_later_is_said_also_of_the_second_package(folder: str) -> None:
    code = "from azureml_user.parallel_run import EntryScript"

    assert "Until it comes" in python(code, ok=False, PYTHONPATH=folder)
    off = python(code, ok=False, PYTHONPATH=folder, STOKER_AZUREML="off")
    assert "No module named 'azureml_user.parallel_run'" in off


def test_a_script_of_v1_runs_as_it_is(live_workspace: TemporaryWorkspace, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "from azureml.core.run import Run\nrun = Run.get_context()\nrun.log('alpha', 0.5)\nprint(run.id)\n"
    )
    out = python(
        "import stoker.azureml, sys\n"
        "from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace\n"
        f"ws = Workspace.from_config({str(live_workspace.root)!r})\n"
        "env = Environment('mine'); env.python.user_managed_dependencies = True\n"
        f"run = Experiment(ws, 'old').submit(ScriptRunConfig({str(tmp_path)!r}, 'train.py', environment=env))\n"
        "run.wait_for_completion()\nprint(run.get_metrics())"
    )

    assert out.strip() == "{'alpha': 0.5}"


def test_v1s_private_names_and_functions_of_a_module_are_there() -> None:
    python("import stoker.azureml\nfrom azureml.core.run import Run, _OfflineRun, _SubmittedRun, get_run")


def test_a_module_has_the_names_that_v1_imported_there_too() -> None:
    python(
        "import stoker.azureml\nfrom azureml.core.model import Dataset, ResourceConfiguration\n"
        "from azureml.core import get_run\nfrom azureml.core.runconfig import CondaDependencies, DEFAULT_CPU_IMAGE\n"
        "import stoker.core, stoker.core.resource_configuration as resources\n"
        "assert Dataset is stoker.core.Dataset and ResourceConfiguration is resources.ResourceConfiguration\n"
        "assert not hasattr(stoker.core.model, 'nothing')\n"
    )


@pytest.mark.parametrize(
    ("module", "name", "ours"),
    [
        ("azureml.core.compute.amlcompute", "AmlCompute", "stoker.core.compute"),
        ("azureml.core.compute.compute", "ComputeTargetException", "stoker.exceptions"),
        ("azureml.core.webservice.aci", "AciWebservice", "stoker.core.webservice"),
        ("azureml.core.webservice.webservice", "Webservice", "stoker.core.webservice"),
        ("azureml.core.image.container", "ContainerImage", "stoker.core.image"),
        ("azureml.core.profile", "ModelProfile", "stoker.core.model"),
        ("azureml.core.databricks", "PyPiLibrary", "stoker.core.runconfig"),
    ],
)
def test_a_module_of_v1_below_one_of_ours_leads_to_the_same_class(module: str, name: str, ours: str) -> None:
    python(
        f"import stoker.azureml\nfrom {module} import {name} as theirs\n"
        f"from {ours} import {name}\nassert theirs is {name}"
    )


def test_what_only_the_cloud_had_is_imported_and_says_what_to_use_when_it_is_called() -> None:
    error = python("import stoker.azureml\nfrom azureml.core import LinkedService\nLinkedService.get(1, 'a')", ok=False)

    assert "only v1's cloud had it. Stoker links to no other service" in error


def test_the_package_of_parallel_runs_says_that_it_comes_later() -> None:
    error = python("import stoker.azureml\nfrom azureml_user.parallel_run import EntryScript", ok=False)

    assert "azureml_user (scripts of a parallel run) is not part of this version" in error


def test_diagnostics_can_be_switched_without_effect() -> None:
    python(
        "import stoker.azureml\nfrom azureml.telemetry import set_diagnostics_collection as switch\n"
        "switch(send_diagnostics=True)"
    )


def test_a_run_is_got_by_v1s_function(live_workspace: TemporaryWorkspace) -> None:
    python(
        "import stoker.azureml\nfrom azureml.core import Experiment, Workspace, get_run\n"
        f"ws = Workspace.from_config({str(live_workspace.root)!r})\n"
        "experiment = Experiment(ws, 'mine')\nrun = experiment.start_logging(snapshot_directory=None)\nrun.complete()\n"
        "assert get_run(experiment, run.id).id == get_run(experiment, run.id, rehydrate=False).id == run.id\n"
        "try:\n    get_run(Experiment(ws, 'other'), run.id)\nexcept Exception as error:\n    print(error)\n"
    )


def test_the_states_that_polling_loops_ask_are_there() -> None:
    out = python(
        "import stoker.azureml\nfrom azureml.core.run import RUNNING_STATES, POST_PROCESSING_STATES, Run, RunStatus\n"
        "print(sorted(RUNNING_STATES), sorted(POST_PROCESSING_STATES), RunStatus.COMPLETED == 'Completed', "
        "RunStatus.NOTRESPONDING in RUNNING_STATES, 'Completed' in RUNNING_STATES)"
    )
    running = "NotResponding NotStarted Paused Pausing Preparing Provisioning Queued Running Starting Unapproved"

    assert out.strip() == f"{running.split()} ['CancelRequested', 'Finalizing'] True True False"
