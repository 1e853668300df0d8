from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.porting.findings import Verdict
from stoker.porting.python_code import read_python


def uses(code: str) -> list[tuple[str, str]]:
    found = read_python(textwrap.dedent(code), "x.py")
    return [(use.name.removeprefix("azureml."), use.verdict.value) for use in found]


def test_a_name_is_followed_from_its_import_through_assignments_and_calls() -> None:
    assert uses("""
        from azureml.core import Experiment, Workspace
        ws = Workspace.from_config()
        experiment = Experiment(workspace=ws, name="a")
        run = experiment.start_logging()
        run.log("alpha", 1)
    """) == [
        ("core.Workspace.from_config", "works"),
        ("core.Experiment", "works"),
        ("core.Experiment.start_logging", "works"),
        ("core.Run.log", "works"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "with experiment.start_logging() as run: run.log('a', 1)",
        "for run in experiment.get_runs(): run.log('a', 1)",
        "[run.log('a', 1) for run in experiment.get_runs()]",
        "next(experiment.get_runs()).log('a', 1)",
        "list(experiment.get_runs())[0].log('a', 1)",
        "(run := experiment.start_logging()).log('a', 1)",
        "run = experiment.start_logging() if ws else None\nrun.log('a', 1)",
        "import azureml.core\nazureml.core.Run.get_context().log('a', 1)",
        "import azureml.core as c\nc.run.Run.get_context().log('a', 1)",
        "def f(run: Run): run.log('a', 1)",
        "try:\n    pass\nexcept ValueError:\n    Run.get_context().log('a', 1)",
        "ws.experiments['a'].start_logging().log('a', 1)",
    ],
)
def test_what_a_call_gives_is_known_from_annotations(line: str) -> None:
    code = (
        "from azureml.core import Experiment, Run, Workspace\nws = Workspace.from_config()\n"
        f"experiment = Experiment(ws, 'a')\n{line}\n"
    )
    found = read_python(code, "x.py")

    assert [use.verdict for use in found if use.name.endswith("Run.log")] == [Verdict.WORKS]


def test_what_is_missing_takes_with_it_what_is_given_to_others() -> None:
    found = uses("""
        from azureml.core import Experiment, Workspace
        from azureml.train.automl import AutoMLConfig
        config = AutoMLConfig(task="regression")
        run = Experiment(Workspace.from_config(), "a").submit(config)
        best, model = run.get_output()
        model.predict([1])
    """)

    assert [name for name, verdict in found if verdict == "missing"] == [
        "train.automl.AutoMLConfig",
        "train.automl.AutoMLConfig",
        "core.Experiment.submit",
        "core.Experiment.submit.get_output",
    ]


def test_what_only_the_cloud_had_names_what_to_use() -> None:
    code = "from azureml.core.image import ContainerImage\nContainerImage.image_configuration()"
    found = read_python(code, "x.py")

    assert [use.verdict for use in found] == [Verdict.CLOUD]
    assert "Model.get_model_path" in found[0].instead


def test_web_services_are_to_come_and_name_what_to_use_until_then() -> None:
    found = uses("""
        from azureml.core import Model
        from azureml.core.webservice import AciWebservice
        AciWebservice.deploy_configuration(cpu_cores=1)
        Model.deploy(None, "a", []).wait_for_deployment(show_output=True)
    """)

    assert {verdict for _, verdict in found} == {"missing"}
    assert [name.rpartition(".")[2] for name, _ in found] == ["deploy_configuration", "deploy", "wait_for_deployment"]


def test_a_method_that_v1_never_had_is_missing() -> None:
    found = read_python("from azureml.core import Run\nRun.get_context().frobnicate()", "x.py")

    assert (found[-1].verdict, found[-1].line) == (Verdict.MISSING, 2)
    assert "frobnicate" in found[-1].instead


def test_other_code_is_no_use_of_v1() -> None:
    assert uses("import numpy as np\nnp.zeros(3)\nRun = object\nRun().log(1)") == []


def test_a_name_that_is_bound_anew_is_forgotten() -> None:
    assert uses("from azureml.core import Run\nrun = Run.get_context()\nrun = open('x')\nrun.read()") == [
        ("core.Run.get_context", "works")
    ]


@given(st.text(alphabet="abc=():.\n \t[]{}'\"#1,*@:lambdefiwthnrox", max_size=80))
def test_any_text_is_read_or_is_a_syntax_error(text: str) -> None:
    try:
        read_python("from azureml.core import Run as a\n" + text, "x.py")
    except (SyntaxError, ValueError):
        return


def test_what_only_the_own_run_of_a_script_has_is_known() -> None:
    assert uses("""
        from azureml.core import Run
        frame = Run.get_context().input_datasets["raw"].to_pandas_dataframe()
    """) == [("core.Run.get_context", "works")]


def test_a_name_that_v1_imported_in_a_second_place_is_known() -> None:
    assert uses("""
        from azureml.core.model import Dataset
        Dataset.get_by_name(None, "a")
    """) == [("core.model.Dataset.get_by_name", "works")]


def test_what_only_one_kind_of_target_has_is_known() -> None:
    found = uses("""
        from azureml.core import ComputeTarget, Workspace
        print(ComputeTarget(Workspace.from_config(), "cpu").status.serialize())
    """)

    assert [name for name, verdict in found if verdict == "missing"] == []


def test_what_is_one_of_several_kinds_has_what_any_of_them_has() -> None:
    assert uses("""
        from azureml.core import Dataset, Workspace
        ws = Workspace.from_config()
        Dataset.get_by_name(ws, "a").take(3).to_pandas_dataframe()
        ws.datasets["b"].mount()
        Dataset.get_by_name(ws, "a").frobnicate()
        print(ws.compute_targets["cpu"].vm_size)
    """) == [
        ("core.Workspace.from_config", "works"),
        ("core.Dataset.get_by_name", "works"),
        ("data.abstract_dataset.AbstractDataset.take", "works"),
        ("data.abstract_dataset.AbstractDataset.to_pandas_dataframe", "works"),
        ("data.abstract_dataset.AbstractDataset.mount", "works"),
        ("core.Dataset.get_by_name", "works"),
        ("data.abstract_dataset.AbstractDataset.frobnicate", "missing"),
    ]


def test_items_of_a_mapping_are_a_name_and_an_object_and_no_use_themselves() -> None:
    assert uses("""
        from azureml.core import Workspace
        for name, target in Workspace.from_config().compute_targets.items():
            name.upper()
            target.delete()
    """) == [("core.Workspace.from_config", "works"), ("core.ComputeTarget.delete", "works")]


def test_what_comes_of_what_only_the_cloud_had_is_the_clouds_too() -> None:
    found = uses("""
        from azureml.core import Workspace
        from azureml.core.compute import ComputeInstance, ComputeTarget
        ws = Workspace.from_config()
        ComputeTarget.create(ws, "a", ComputeInstance.provisioning_configuration())
    """)

    assert [name for name, verdict in found if verdict == "cloud"] == [
        "core.compute.ComputeInstance.provisioning_configuration",
        "core.compute.ComputeTarget.create",
    ]


def test_a_setting_that_is_not_there_is_missing_though_a_section_answers_for_its_settings_itself() -> None:
    found = uses("""
        from azureml.core import Environment
        environment = Environment("a")
        environment.docker.gpu_support = True
        environment.docker.frobnicate = True
        environment.add_private_pip_wheel(None, "a.whl")
    """)

    assert [name for name, verdict in found if verdict == "missing"] == [
        "core.DockerSection.frobnicate",
        "core.Environment.add_private_pip_wheel",
    ]


def test_an_attribute_that_is_only_read_and_is_not_there_is_missing() -> None:
    assert uses("""
        from azureml.core import Workspace
        print(Workspace.from_config().frobnicate, Workspace.from_config().name)
    """)[1:] == [("core.Workspace.frobnicate", "missing"), ("core.Workspace.from_config", "works")]


def test_all_names_of_a_module_may_be_imported_at_once() -> None:
    assert uses("from azureml.core import *\nRun.get_context().log('a', 1)") == [
        ("core.Run.get_context", "works"),
        ("core.Run.log", "works"),
    ]


def test_what_an_object_keeps_is_known_in_its_methods_and_nowhere_else() -> None:
    assert uses("""
        from azureml.core import Run
        class Callback:
            def __init__(self):
                self.run = Run.get_context()
            def on_epoch_end(self, logs):
                self.run.log("loss", logs["loss"])
                self.run = None
                self.run.log("loss", 1)
        class Other:
            def f(self):
                self.run.log("loss", 1)
    """) == [("core.Run.get_context", "works"), ("core.Run.log", "works")]
