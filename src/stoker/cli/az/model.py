"""`az ml model`: files under a name, each registration a new version."""

from __future__ import annotations

import contextlib
import io
from typing import Annotated, Any

from typer import Option

from stoker.cli.app import Many, option
from stoker.cli.az.command import V1Group
from stoker.cli.az.given import answer, api, workspace
from stoker.cli.az.options import Experiment, several
from stoker.cli.refs import find_run, segment
from stoker.cli.session import UsageProblem, say

app = V1Group()

ModelId = Annotated[str, Option("--model-id", "-i", help="NAME:VERSION", metavar="MODEL", show_default=False)]
Tags = Annotated[Many, option("--tag", about="k=v; may be repeated", metavar="TAG")]
Properties = Annotated[Many, option("--property", about="k=v, never to change; may be repeated", metavar="PROPERTY")]
Description = Annotated[str | None, option("--description", "-d", about="A sentence about it", metavar="TEXT")]
Cores = Annotated[str | None, option("--cpu-cores", "--cc", about="Kept on record", metavar="N")]
Memory = Annotated[str | None, option("--memory-gb", "--gb", about="Kept on record", metavar="N")]
Gpus = Annotated[int | None, Option("--gpu-cores", "--gc", help="Kept on record", min=0, metavar="N")]
Input = Annotated[str | None, option("--sample-input-dataset-id", about="A dataset's id", metavar="ID")]
Output = Annotated[str | None, option("--sample-output-dataset-id", about="A dataset's id", metavar="ID")]


def model_shape(record: dict[str, Any]) -> dict[str, Any]:
    """Return what v1's command line shows of a model: the SDK's facts without the run's, each of which is a request."""
    details = record["details"]
    return {
        "createdTime": record["created"],
        "createdBy": record["created_by"],
        "datasets": [{"name": role, "id": dataset} for role, dataset in record["datasets"]],
        "description": record["description"],
        "experimentName": record["experiment"],
        "framework": record["framework"],
        "frameworkVersion": record["framework_version"],
        "id": record["id"],
        "name": record["name"],
        "properties": record["properties"],
        "resourceConfiguration": details.get("resource_configuration"),
        "runId": record["run_id"],
        "sampleInputDatasetId": details.get("sample_input_dataset"),
        "sampleOutputDatasetId": details.get("sample_output_dataset"),
        "tags": record["tags"],
        "version": record["version"],
    }


@app.v1("register")
def register(
    name: Annotated[str, Option("--name", "-n", help="The model's name", metavar="NAME", show_default=False)],
    path: Annotated[
        str | None, option("--model-path", "-p", about="A file or folder of this machine", metavar="PATH")
    ] = None,
    asset_path: Annotated[
        str | None, option("--asset-path", about="Or a file or folder of a run, as outputs/model.pkl", metavar="PREFIX")
    ] = None,
    run_file: Annotated[
        str | None,
        option("--run-metadata-file", "-f", about="The run: what -t of its submission wrote", metavar="FILE"),
    ] = None,
    run_id: Annotated[str | None, option("--run-id", about="Or the run by its id", metavar="RUN")] = None,
    experiment: Experiment = None,
    tag: Tags = None,
    prop: Properties = None,
    description: Description = None,
    framework: Annotated[str | None, option("--model-framework", about="As ScikitLearn", metavar="WORD")] = None,
    framework_version: Annotated[
        str | None, option("--model-framework-version", about="The framework's version", metavar="VERSION")
    ] = None,
    cores: Cores = None,
    memory: Memory = None,
    gpus: Gpus = None,
    sample_input: Input = None,
    sample_output: Output = None,
) -> None:
    """Register a file or folder as a new version: of this machine, or of a run's files."""
    if (path is None) == (asset_path is None):
        raise UsageProblem(
            "A model is made of a file or folder of this machine (`-p PATH`), or of a run's (`--asset-path PATH` with "
            "`-f FILE` or `--run-id ID`). Give one of the two."
        )
    run = _run(run_file, run_id, experiment)
    if asset_path is not None and run is None:
        raise UsageProblem("`--asset-path` is a path of a run's, and no run was named. Add `-f FILE` or `--run-id ID`.")
    home = workspace()
    given: dict[str, Any] = {
        "tags": several(tag),
        "properties": several(prop),
        "description": description,
        "model_framework": framework,
        "model_framework_version": framework_version,
        "sample_input_dataset": _dataset(sample_input),
        "sample_output_dataset": _dataset(sample_output),
        "resource_configuration": _resources(cores, memory, gpus),
    }
    made = _of_run(home, run, name, asset_path, given) if asset_path is not None else _of_path(home, path, name, given)
    shape = model_shape(_record(made.id))
    answer(shape, {"modelId": made.id, **shape})


def _of_run(home: Any, run: Any, name: str, asset_path: str, given: dict[str, Any]) -> Any:
    from stoker.core import Run

    return Run.get(home, run["id"]).register_model(name, asset_path, **given)


def _of_path(home: Any, path: str | None, name: str, given: dict[str, Any]) -> Any:
    from stoker.core import Model

    # What the SDK prints for people is no part of the answer.
    with contextlib.redirect_stdout(io.StringIO()) as heard:
        made = Model.register(home, str(path), name, **given)
    say(heard.getvalue().strip())
    return made


def _run(file: str | None, run_id: str | None, experiment: str | None) -> dict[str, Any] | None:
    """Return the run that is named by its id, or by the file that its submission wrote."""
    if file is not None and run_id is not None:
        raise UsageProblem("A run is named by `-f FILE` or by `--run-id ID`, and both were given. Leave one out.")
    if file is not None:
        run_id, experiment = _read(file)
    return find_run(api(), run_id, experiment) if run_id is not None else None


def _read(file: str) -> tuple[str, str | None]:
    from stoker.base.jsonio import read_json

    content = read_json(file)
    run_id = content.get("runId") or content.get("run_id") if isinstance(content, dict) else None
    if not isinstance(run_id, str):
        why = "It is no JSON with a runId." if content is not None else "There is no such file, or it is no JSON."
        raise UsageProblem(
            f"The file {file!r} names no run. {why} Write it with `stoker az ml run submit-script -t {file} SCRIPT`."
        )
    return run_id, content.get("experimentName")


def _dataset(dataset_id: str | None) -> Any:
    from stoker.core import Dataset

    return Dataset.get_by_id(workspace(), dataset_id) if dataset_id is not None else None


def _resources(cores: str | None, memory: str | None, gpus: int | None) -> Any:
    from stoker.core.resource_configuration import ResourceConfiguration

    if cores is None and memory is None and gpus is None:
        return None
    return ResourceConfiguration(_number(cores, "--cpu-cores"), _number(memory, "--memory-gb"), gpus)


def _number(word: str | None, name: str) -> float | None:
    if word is None:
        return None
    try:
        return float(word)
    except ValueError:
        raise UsageProblem(f"{word!r} is no number. Give `{name}` one, as 0.5.") from None


@app.v1("list")
def list_models(
    name: Annotated[
        str | None, option("--model-name", "-n", about="All versions of this model", metavar="MODEL")
    ] = None,
    latest: Annotated[bool, option("--latest", "-l", about="Only the latest version of each")] = False,
    tag: Annotated[Many, option("--tag", about="k or k=v; may be repeated", metavar="TAG")] = None,
    prop: Annotated[Many, option("--property", about="k or k=v; may be repeated", metavar="PROPERTY")] = None,
    run_id: Annotated[str | None, option("--run-id", about="Made by this run", metavar="RUN")] = None,
    dataset: Annotated[str | None, option("--dataset-id", about="Made of this dataset", metavar="ID")] = None,
) -> None:
    """List models, the newest first."""
    query: dict[str, Any] = {"name": name, "latest": latest or None, "run_id": run_id, "dataset_id": dataset}
    found = api().get("/models", tag=tag or None, property=prop or None, **query)["models"]
    answer([model_shape(record) for record in found])


@app.v1("show")
def show(
    model: Annotated[str | None, option("--model-id", "-i", about="NAME:VERSION", metavar="MODEL")] = None,
    name: Annotated[str | None, option("--model-name", "-n", about="Or its name", metavar="MODEL")] = None,
    version: Annotated[str | None, option("--version", about="With a name; default: the latest", metavar="N")] = None,
    run_id: Annotated[
        str | None, option("--run-id", about="With a name: the version of this run", metavar="RUN")
    ] = None,
) -> None:
    """Show a model."""
    if (model is None) == (name is None):
        raise UsageProblem("A model is named by its id or by its name. Give one of `-i NAME:VERSION` and `-n NAME`.")
    if model is not None:
        answer(model_shape(_record(model)))
    elif run_id is not None:
        answer([model_shape(record) for record in api().get("/models", name=name, run_id=run_id)["models"]])
    else:
        answer(model_shape(api().get(f"/models/{segment(str(name))}", version=version)))


def _record(model_id: str) -> dict[str, Any]:
    name, _, version = model_id.rpartition(":")
    found: dict[str, Any] = api().get(f"/models/{segment(name or model_id)}", version=version if name else None)
    return found


@app.v1("download")
def download(
    model: ModelId,
    folder: Annotated[str, Option("--target-dir", "-t", help="Where to", metavar="DIR", show_default=False)],
    overwrite: Annotated[bool, option("--overwrite", about="Replace what is there")] = False,
) -> None:
    """Write a model's file or folder to this machine."""
    from stoker.core import Model

    path = Model(workspace(), id=_record(model)["id"]).download(folder, exist_ok=overwrite)
    answer({"downloadTo": path})


@app.v1("update")
def update(
    model: ModelId,
    add_tag: Annotated[Many, option("--add-tag", about="k=v; may be repeated", metavar="TAG")] = None,
    remove_tag: Annotated[Many, option("--remove-tag", about="k; may be repeated", metavar="TAG")] = None,
    add_property: Annotated[Many, option("--add-property", about="k=v; may be repeated", metavar="PROPERTY")] = None,
    description: Description = None,
    cores: Cores = None,
    memory: Memory = None,
    gpus: Gpus = None,
    sample_input: Input = None,
    sample_output: Output = None,
) -> None:
    """Change what is said about a version."""
    from stoker.core import Model

    found = Model(workspace(), id=_record(model)["id"])
    said = (description, _dataset(sample_input), _dataset(sample_output), _resources(cores, memory, gpus))
    if all(change is None for change in (add_tag, remove_tag, add_property, *said)):
        raise UsageProblem("Nothing is to be changed. See `stoker az ml model update --help`.")
    found.update(None, *said)
    found.update_tags_properties(several(add_tag), remove_tag, several(add_property))
    answer(model_shape(_record(found.id)))


@app.v1("delete")
def delete(model: ModelId) -> None:
    """Delete a version; its number is not given again."""
    from stoker.core import Model

    Model(workspace(), id=_record(model)["id"]).delete()
    answer(None)
