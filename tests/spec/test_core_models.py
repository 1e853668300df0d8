from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Dataset, Experiment, Model, Run, ScriptRunConfig, Workspace
from stoker.core.model import InferenceConfig
from stoker.core.resource_configuration import ResourceConfiguration
from stoker.exceptions import (
    ModelNotFoundException,
    ModelPathNotFoundException,
    UserErrorException,
    WebserviceException,
)


@pytest.fixture
def model_file(in_folder: Path) -> Path:
    """Return a file in the working directory."""
    path = in_folder / "model.pkl"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def model_folder(in_folder: Path) -> Path:
    folder = in_folder / "net"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"a" * 3_000_000)
    (folder / "deep" / "ü.txt").write_text("b")
    (folder / ".amlignore").write_text("*")
    return folder


def test_registering_a_file_copies_it_and_numbers_it_from_one(
    ws: Workspace, model_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Model.register(ws, str(model_file), "spec-file", tags={"area": 1, "simple": None}, properties={"p": "1"})
    assert capsys.readouterr().out == "Registering model spec-file\n"
    second = Model.register(workspace=ws, model_path="model.pkl", model_name="spec-file", description="d")
    model_file.unlink()

    assert (first.name, first.version, first.id) == ("spec-file", 1, "spec-file:1")
    assert (first.tags, first.properties) == ({"area": "1", "simple": None}, {"p": "1"})
    assert (second.version, second.description) == (2, "d")
    assert (first.run_id, first.run, first.experiment_name) == (None, None, None)
    assert first.created_time.utcoffset() is not None
    assert first.created_by
    assert (first.unpack, first.mime_type, first.workspace) == (False, "application/json", ws)
    assert first.url.startswith("http")
    assert Path(first.download("elsewhere")).read_bytes() == b"weights"


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "a/b", "ü", "x" * 256, None, 3])
def test_a_name_out_of_the_rule_is_refused_at_once(ws: Workspace, model_file: Path, name: str) -> None:
    with pytest.raises(WebserviceException, match="model name"):
        Model.register(ws, str(model_file), name)


def test_a_model_path_that_is_missing_or_empty_is_refused(ws: Workspace, in_folder: Path) -> None:
    (in_folder / "empty").mkdir()
    for path in ("nothing.pkl", "empty", "", None):
        with pytest.raises(WebserviceException):
            Model.register(ws, path, "spec-missing")  # type: ignore[arg-type]  # a user's mistake
    with pytest.raises(WebserviceException, match="ModelNotFound"):
        Model(ws, "spec-missing")


def test_a_link_that_leads_nowhere_is_named_and_nothing_is_registered(ws: Workspace, model_folder: Path) -> None:
    (model_folder / "deep" / "lost.bin").symlink_to("gone.bin")

    with pytest.raises(WebserviceException, match=r"lost\.bin' leads to 'gone\.bin'"):
        Model.register(ws, str(model_folder), "spec-lost")
    with pytest.raises(WebserviceException):
        Model(ws, "spec-lost")


def test_a_folder_is_registered_whole_and_downloaded_as_a_folder(ws: Workspace, model_folder: Path) -> None:
    model = Model.register(ws, str(model_folder), "spec-folder")
    path = model.download(target_dir="to")

    assert path == os.path.join("to", "net")
    assert sorted(str(item.relative_to(path)) for item in Path(path).rglob("*") if item.is_file()) == [
        ".amlignore",
        "a.bin",
        "deep/ü.txt",
    ]
    assert Path(path, "a.bin").read_bytes() == b"a" * 3_000_000


def test_child_paths_choose_files_of_the_folder(ws: Workspace, model_folder: Path) -> None:
    model = Model.register(ws, str(model_folder), "spec-children", child_paths=["deep"])
    path = model.download("to")

    assert [item.name for item in Path(path).rglob("*") if item.is_file()] == ["ü.txt"]
    for child in ("../model.pkl", "nothing"):
        with pytest.raises(WebserviceException, match="There is no"):
            Model.register(ws, str(model_folder), "spec-children", child_paths=[child])


def test_a_download_target_that_exists_is_replaced_on_request_only(ws: Workspace, model_folder: Path) -> None:
    model = Model.register(ws, str(model_folder), "spec-exists")
    Path("net", "mine.txt").write_text("mine")
    with pytest.raises(WebserviceException, match="exist_ok=True"):
        model.download()
    assert Path("net", "mine.txt").exists()

    assert model.download(exist_ok=True) == os.path.join(".", "net")
    assert not Path("net", "mine.txt").exists()
    assert sorted(os.listdir()) == ["net"]
    single = Model.register(ws, "net/a.bin", "spec-exists-file")
    with pytest.raises(WebserviceException, match="exist_ok"):
        single.download("net")
    assert single.download("net", exist_ok=True) == os.path.join("net", "a.bin")


def test_a_model_is_found_by_name_version_or_id(ws: Workspace, model_file: Path) -> None:
    for _ in range(2):
        Model.register(ws, str(model_file), "spec-find")

    assert Model(ws, "spec-find").version == 2
    assert Model(ws, name="spec-find", version=1).id == Model(ws, "spec-find", version="1").id == "spec-find:1"
    assert Model(ws, id="spec-find:1").version == 1
    for wrong in ({"name": "spec-fnid"}, {"name": "spec-find", "version": 7}, {"id": "spec-find:7"}):
        with pytest.raises(WebserviceException, match="ModelNotFound"):
            Model(ws, **wrong)
    for wrong in ({}, {"name": "spec-find", "version": "one"}, {"id": "nonsense"}, {"id": "a:1", "name": "b"}):
        with pytest.raises(WebserviceException):
            Model(ws, **wrong)  # type: ignore[arg-type]  # the same


def test_a_model_is_found_by_what_is_said_about_it(ws: Workspace, model_file: Path, run: Run) -> None:
    Model.register(ws, str(model_file), "spec-by", tags={"a": "1"}, model_framework=Model.Framework.SCIKITLEARN)
    Model.register(ws, str(model_file), "spec-by", properties={"p": "x"})
    run.upload_file("outputs/model.pkl", str(model_file))
    of_run = run.register_model("spec-by", "outputs/model.pkl")

    assert Model(ws, "spec-by", tags=[["a", "1"]]).version == 1
    assert Model(ws, "spec-by", properties=["p"]).version == 2
    assert Model(ws, "spec-by", model_framework="ScikitLearn").version == 1
    assert Model(ws, "spec-by", run_id=run.id).version == of_run.version == 3
    with pytest.raises(WebserviceException, match="ModelNotFound"):
        Model(ws, "spec-by", tags=[["a", "2"]])


def test_models_are_listed_and_filtered(ws: Workspace, model_file: Path) -> None:
    for tags in ({"type": "a", "list": "1"}, {"type": "b", "list": "1"}):
        Model.register(ws, str(model_file), "spec-list", tags=tags, properties={"q": tags["type"]})

    def versions(**filters: object) -> list[int]:
        return [model.version for model in Model.list(ws, **filters)]  # type: ignore[arg-type]  # several calls

    assert versions(name="spec-list") == [2, 1]
    assert versions(tags=["list"]) == [2, 1]
    assert versions(tags=["list", ["type", "a"]]) == versions(properties=[["q", "a"]]) == [1]
    assert versions(name="spec-list", latest=True) == [2]
    assert versions(name="spec-list", tags=None, properties=None) == [2, 1]
    assert versions(name="nothing") == []
    assert ws.models["spec-list"].version == 2
    with pytest.raises(UserErrorException, match="pair"):
        Model.list(ws, tags=[["a", "b", "c"]])


def test_tags_are_replaced_added_and_removed(ws: Workspace, model_file: Path) -> None:
    model = Model.register(ws, str(model_file), "spec-tags", tags={"a": "1"})
    model.add_tags({"b": 2})
    model.remove_tags(["a", "nothing"])
    assert model.tags == Model(ws, "spec-tags").tags == {"b": "2"}
    model.update(tags={"c": None}, description="new")
    model.update_tags_properties(add_tags={"d": "4"}, remove_tags=["c"], add_properties={"p": "1"})

    again = Model(ws, "spec-tags")
    assert (again.tags, again.description, again.properties) == ({"d": "4"}, "new", {"p": "1"})
    model.update()
    assert Model(ws, "spec-tags").tags == {"d": "4"}


def test_properties_can_be_added_and_never_changed(ws: Workspace, model_file: Path) -> None:
    model = Model.register(ws, str(model_file), "spec-properties", properties={"p": "1"})
    model.add_properties({"p": "1", "q": "2"})

    with pytest.raises(WebserviceException, match="never changes"):
        model.add_properties({"p": "2"})
    assert Model(ws, "spec-properties").properties == {"p": "1", "q": "2"}


def test_datasets_of_a_model_are_pairs_of_a_role_and_a_data_set(ws: Workspace, model_file: Path) -> None:
    data = Dataset.File.from_files(str(model_file))
    wrong: list[Any] = [data, [data], "training", ["training"], [("training", data, 1)], [5]]
    for given in wrong:
        with pytest.raises(WebserviceException, match="pairs of a role and a data set"):
            Model.register(ws, str(model_file), "spec-pairs", datasets=given)

    made = Model.register(ws, str(model_file), "spec-pairs", datasets={"training": data}.items())
    assert list(made.datasets) == ["training"]


def test_a_deleted_version_is_gone_and_its_number_too(ws: Workspace, model_file: Path) -> None:
    for _ in range(2):
        model = Model.register(ws, str(model_file), "spec-delete")
    model.delete()

    assert Model(ws, "spec-delete").version == 1
    assert Model.register(ws, str(model_file), "spec-delete").version == 3
    with pytest.raises(WebserviceException, match="ModelNotFound"):
        model.delete()


def test_the_facts_of_a_model_come_as_plain_data(ws: Workspace, model_file: Path) -> None:
    model = Model.register(
        ws,
        str(model_file),
        "spec-serialize",
        model_framework=Model.Framework.ONNX,
        model_framework_version="1.2",
        resource_configuration=ResourceConfiguration(cpu=1, memory_in_gb=0.5),
    )
    known = model.serialize()

    assert (known["id"], known["framework"], known["frameworkVersion"]) == ("spec-serialize:1", "Onnx", "1.2")
    assert known["resourceConfiguration"] == {"cpu": 1, "memoryInGB": 0.5, "gpu": None}
    assert (model.resource_configuration or ResourceConfiguration()).cpu == 1
    assert Model.deserialize(ws, known).id == model.id
    assert "spec-serialize:1" in repr(model)


def test_frameworks_have_names() -> None:
    assert (Model.Framework.TENSORFLOW, Model.Framework.SCIKITLEARN, Model.Framework.ONNX) == (
        "TensorFlow",
        "ScikitLearn",
        "Onnx",
    )
    assert (Model.Framework.PYTORCH, Model.Framework.CUSTOM, Model.Framework.MULTI) == ("PyTorch", "Custom", "Multi")
    assert {"KERAS", "XGBOOST", "LIGHTGBM", "SPARKML"} <= set(vars(Model.Framework))


def test_deploying_says_that_it_is_not_supported(ws: Workspace) -> None:
    for call in (Model.deploy, Model.package, Model.profile, InferenceConfig):
        with pytest.raises(UserErrorException, match="deployment is not supported"):
            call(ws, "name")


def test_the_path_of_a_model_is_found_without_a_workspace_in_caches_only(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelNotFoundException, match="azureml-models"):
        Model.get_model_path("m")
    (in_folder / "m").write_text("beside")
    assert Model.get_model_path("m") == "m"
    for version in ("2", "10"):
        (in_folder / "azureml-models" / "m" / version).mkdir(parents=True)
        (in_folder / "azureml-models" / "m" / version / "model.pkl").write_text(version)
    assert Path(Model.get_model_path("m")).read_text() == "10"
    assert Path(Model.get_model_path("m", version=2)).read_text() == "2"
    with pytest.raises(ModelNotFoundException):
        Model.get_model_path("m", 3)
    (in_folder / "deployed" / "m" / "11").mkdir(parents=True)
    (in_folder / "deployed" / "m" / "11" / "model.pkl").write_text("deployed")
    monkeypatch.setenv("AZUREML_MODEL_DIR", "deployed")
    assert Path(Model.get_model_path("m")).read_text() == "deployed"
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(in_folder / "deployed" / "m" / "11"))
    assert Path(Model.get_model_path("m")).read_text() == "deployed"


def test_the_path_of_a_model_is_fetched_once_with_a_workspace(ws: Workspace, model_folder: Path) -> None:
    Model.register(ws, str(model_folder), "spec-path")
    path = Model.get_model_path("spec-path", _workspace=ws)
    assert path == os.path.join("azureml-models", "spec-path", "1", "net")
    Path(path, "a.bin").write_bytes(b"kept")
    Model.register(ws, str(model_folder / "a.bin"), "spec-path")

    assert Model.get_model_path("spec-path", version="1", _workspace=ws) == path
    assert Path(path, "a.bin").read_bytes() == b"kept"
    assert Model.get_model_path("spec-path", _workspace=ws) == os.path.join("azureml-models", "spec-path", "2", "a.bin")
    with pytest.raises(ModelNotFoundException, match="spec-path"):
        Model.get_model_path("spec-pth", _workspace=ws)
    with pytest.raises(WebserviceException, match="whole number"):
        Model.get_model_path("spec-path", version="x", _workspace=ws)


def test_a_model_of_a_run_needs_the_file_to_be_there(run: Run, in_folder: Path) -> None:
    run.upload_file("outputs/kept.pkl", str(_written(in_folder / "kept.pkl")))
    with pytest.raises(ModelPathNotFoundException, match=r"outputs/kept\.pkl"):
        run.register_model("spec-run", "outputs/kpt.pkl")
    with pytest.raises(WebserviceException, match="model name"):
        run.register_model("no spaces", "outputs/kept.pkl")


def test_a_model_of_a_run_keeps_run_and_experiment(run: Run, in_folder: Path) -> None:
    run.upload_file("outputs/net/a", str(_written(in_folder / "a")))
    run.upload_file("spec-run-2", str(_written(in_folder / "b")))
    run.complete()
    folder = run.register_model("spec-run", model_path="outputs/net", tags={"k": "v"})
    default = run.register_model("spec-run-2")

    assert (folder.run_id, folder.experiment_name, folder.tags) == (run.id, "spec", {"k": "v"})
    assert (folder.run or run).id == run.id
    assert folder.download("d") == os.path.join("d", "net")
    assert default.download("d") == os.path.join("d", "spec-run-2")
    outputs = run.experiment.workspace._api.get(f"/runs/{run.id}/lineage")["outputs"]
    assert [item["ref"] for item in outputs] == [folder.id, default.id]


def test_an_interactive_run_registers_from_its_outputs_folder(experiment: Experiment, in_folder: Path) -> None:
    (in_folder / "outputs").mkdir()
    _written(in_folder / "outputs" / "model.pkl")
    with experiment.start_logging(snapshot_directory=None) as run:
        model = run.register_model("spec-interactive", "outputs/model.pkl")

    assert Path(model.download("d")).read_text() == "model.pkl"


def test_a_script_registers_what_it_has_just_written_and_uses_models(
    ws: Workspace,
    experiment: Experiment,
    model_file: Path,
    config_of: Callable[..., ScriptRunConfig],
    log_of: Callable[[Run], str],
) -> None:
    Model.register(ws, str(model_file), "spec-given")
    config = config_of(
        """
        import os
        from stoker.core import Model, Run
        run = Run.get_context()
        os.makedirs("outputs/net", exist_ok=True)
        for name in ("a", "b"):
            with open(f"outputs/net/{name}", "w") as file:
                file.write(name)
        with open("beside.pkl", "w") as file:
            file.write("beside")
        print(run.register_model("spec-script", "outputs/net").id, run.register_model("spec-beside", "beside.pkl").id)
        print(open(Model.get_model_path("spec-given")).read())
        print(Model(run.experiment.workspace, "spec-script").version)
        """
    )
    run = experiment.submit(config)
    run.wait_for_completion()

    assert log_of(run).split("\n")[:3] == ["spec-script:1 spec-beside:1", "weights", "1"]
    model = Model(ws, "spec-script")
    assert sorted(os.listdir(model.download("d"))) == ["a", "b"]
    assert model.run_id == run.id
    known = ws._api.get(f"/runs/{run.id}/lineage")
    assert [(item["ref"], item["mechanism"]) for item in known["inputs"]] == [("spec-given:1", "download")]
    assert sorted(item["ref"] for item in known["outputs"]) == ["spec-beside:1", "spec-script:1"]


def _written(path: Path) -> Path:
    path.write_text(path.name)
    return path
