"""Runs with data: inputs in place before the script, outputs kept and registered after it."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Dataset, Datastore, Experiment, Run, ScriptRunConfig, Workspace
from stoker.core.runconfig import DataReferenceConfiguration
from stoker.data import OutputFileDatasetConfig
from stoker.data.data_reference import DataReference
from stoker.data.datapath import DataPath
from stoker.exceptions import ActivityFailedException, UserErrorException
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

Config = Callable[..., ScriptRunConfig]
Print = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture(scope="module")
def store(ws: Workspace) -> Any:
    return ws.get_default_datastore()


@pytest.fixture(scope="module")
def place(live_workspace: TemporaryWorkspace) -> Path:
    """Return the folder of the default datastore, with some files in it."""
    folder = Path(live_workspace.paths.home) / "datastores" / "workspaceblobstore"
    (folder / "pets" / "cats").mkdir(parents=True)
    (folder / "pets" / "cats" / "1.txt").write_text("tom")
    (folder / "pets" / "dogs.txt").write_text("rex")
    (folder / "numbers.csv").write_text("a,b\n1,x\n2,y\n")
    return folder


@pytest.fixture
def printed(experiment: Experiment, config_of: Config) -> Print:
    """Return a function that runs a script whose last line is JSON, and returns that with the run."""

    def submit(code: str, **options: Any) -> tuple[Any, Run]:
        run = experiment.submit(config_of(BEGIN + textwrap.dedent(code), **options))
        run.wait_for_completion()
        return json.loads(log_of(run).splitlines()[-1]), run

    return submit


BEGIN = "import json, os, sys\nfrom stoker.core import Run\nrun = Run.get_context()\n"
SEE = """
    def below(path):
        if os.path.isfile(path):
            return open(path).read()
        return sorted(os.path.relpath(os.path.join(base, name), path)
                      for base, _, names in os.walk(path, followlinks=True) for name in names)
    print(json.dumps({"argv": sys.argv[1], "env": os.environ.get("pets"), "own": str(run.input_datasets.get("pets")),
                      "below": below(sys.argv[1])}))
"""


def log_of(run: Run, name: str = "user_logs/std_log.txt") -> str:
    text: str = run.get_details_with_logs()["logFiles"][name]
    return text


def warnings_of(run: Run) -> list[str]:
    return [item["message"] for item in run.get_details().get("warnings") or []]


def error_of(run: Run) -> str:
    return str(run.get_details()["error"]["error"]["message"])


@pytest.mark.parametrize("mode", ["mount", "download"])
def test_a_folder_is_a_folder_for_the_script(printed: Print, store: Any, place: Path, mode: str) -> None:
    dataset = Dataset.File.from_files((store, "pets")).as_named_input("pets")
    seen, run = printed(SEE, arguments=[getattr(dataset, f"as_{mode}")()])

    assert seen["below"] == ["cats/1.txt", "dogs.txt"]
    assert seen["argv"] == seen["env"] == seen["own"]
    assert not seen["argv"].startswith(str(place))
    item = run.get_details()["inputDatasets"][0]
    assert item["consumptionDetails"] == {
        "type": "RunInput",
        "inputName": "pets",
        "mechanism": mode.capitalize(),
        "pathOnCompute": seen["argv"],
    }
    assert item["dataset"].to_path() == ["/cats/1.txt", "/dogs.txt"]
    assert json.loads(json.dumps(item["dataset"])) == {"id": item["dataset"]["id"]}


@pytest.mark.parametrize("mode", ["mount", "download"])
def test_a_single_file_is_that_file_also_of_a_table(printed: Print, store: Any, mode: str) -> None:
    table = Dataset.Tabular.from_delimited_files((store, "numbers.csv")).as_named_input("pets")
    seen, _ = printed(SEE, arguments=[getattr(table, f"as_{mode}")()])

    assert seen["below"] == "a,b\n1,x\n2,y\n"
    assert os.path.basename(seen["argv"]) == "numbers.csv"


@pytest.mark.parametrize("mode", ["mount", "download"])
def test_a_folder_with_one_file_is_a_folder_of_datasets_and_references(printed: Print, store: Any, mode: str) -> None:
    dataset = Dataset.File.from_files((store, "pets/cats")).as_named_input("pets")
    seen, _ = printed(SEE, arguments=[getattr(dataset, f"as_{mode}")()])
    assert seen["below"] == ["1.txt"]

    reference = getattr(store.path("pets/cats"), f"as_{mode}")()
    seen, _ = printed(SEE, arguments=[reference])
    assert seen["below"] == ["1.txt"]


def test_chosen_files_are_mounted_as_a_view_that_is_read_only(printed: Print, store: Any) -> None:
    dataset = Dataset.File.from_files([(store, "pets/**/*.txt"), (store, "numbers.csv")]).as_named_input("pets")
    seen, _ = printed(
        SEE + "    print(json.dumps([below(sys.argv[1]), oct(os.stat(sys.argv[1] + '/pets').st_mode & 0o777)]))",
        arguments=[dataset.as_mount()],
    )

    assert seen == [["numbers.csv", "pets/cats/1.txt", "pets/dogs.txt"], "0o555"]


def test_what_a_script_does_to_a_mounted_folder_does_not_reach_the_data(
    printed: Print, store: Any, place: Path
) -> None:
    dataset = Dataset.File.from_files((store, "pets")).as_named_input("pets").as_mount()
    seen, _ = printed(
        """
        folder = os.environ["pets"]
        # Its owner can open the view; a superuser need not even do that.
        os.chmod(folder, 0o700)
        os.remove(folder + "/dogs.txt")
        open(folder + "/new.txt", "w").close()
        print(json.dumps(sorted(os.listdir(folder))))
        """,
        arguments=[dataset],
    )

    assert seen == ["cats", "new.txt"]
    assert sorted(os.listdir(place / "pets")) == ["cats", "dogs.txt"]


def test_a_direct_input_is_an_id_in_the_arguments_and_a_dataset_in_the_run(
    printed: Print, store: Any, ws: Workspace
) -> None:
    table = Dataset.Tabular.from_delimited_files((store, "numbers.csv"))
    seen, run = printed(
        """
        table = run.input_datasets["numbers"]
        print(json.dumps([sys.argv[1], os.environ["numbers"], table.to_pandas_dataframe().a.tolist()]))
        """,
        arguments=[table.as_named_input("numbers")],
    )

    assert seen[2] == [1, 2]
    assert seen[0] == seen[1] == run.get_details()["inputDatasets"][0]["dataset"]["id"]
    assert len(run.get_details()["inputDatasets"]) == 1
    assert Dataset.get_by_id(ws, seen[0]).name is None


def test_a_path_on_compute_is_where_the_script_sees_the_data(printed: Print, store: Any, tmp_path: Path) -> None:
    pets = Dataset.File.from_files((store, "pets"))
    one = Dataset.File.from_files((store, "numbers.csv"))
    inputs = [
        pets.as_named_input("a").as_mount(str(tmp_path / "here" / "pets")),
        pets.as_named_input("b").as_download("data/pets"),
        one.as_named_input("c").as_mount("one"),
    ]
    seen, _ = printed(
        """
        here = os.getcwd()
        print(json.dumps([sys.argv[1:], here, os.listdir("data/pets"), open("one/numbers.csv").read(3)]))
        """,
        arguments=inputs,
    )

    assert seen[0] == [str(tmp_path / "here" / "pets"), f"{seen[1]}/data/pets", f"{seen[1]}/one/numbers.csv"]
    assert (sorted(seen[2]), seen[3]) == (["cats", "dogs.txt"], "a,b")
    # The place is free again once the run's folder is gone.
    wait_until(lambda: not (tmp_path / "here" / "pets").exists(), what="the removal of the run's folder")
    again, _ = printed("print(json.dumps(sys.argv[1:]))", arguments=inputs[:1])
    assert again == [str(tmp_path / "here" / "pets")]


def test_placeholders_are_replaced_where_text_goes_on_and_in_commands(
    experiment: Experiment, source: Path, store: Any, place: Path
) -> None:
    pets = store.path("pets", "pets")
    source.joinpath("show.py").write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    config = ScriptRunConfig(str(source), script="show.py", arguments=[str(pets) + "/cats", f"x={pets}", "$OTHER"])
    config.run_config.data_references = {"pets": DataReferenceConfiguration(store.name, path_on_datastore="pets")}
    run = experiment.submit(config)
    run.wait_for_completion()

    assert json.loads(log_of(run)) == [f"{place}/pets/cats", f"x={place}/pets", "$OTHER"]
    dataset = Dataset.File.from_files((store, "pets")).as_named_input("in").as_mount()
    command = ["python", "show.py", pets.as_mount(), dataset, "'$AZUREML_DATAREFERENCE_pets'", "$in"]
    run = experiment.submit(ScriptRunConfig(str(source), command=command))
    run.wait_for_completion()

    reference, view, *same = json.loads(log_of(run))
    assert reference == f"{place}/pets"
    assert os.path.basename(view) == "in"
    assert same == [reference, view]


def test_data_references_are_mounted_downloaded_and_uploaded(printed: Print, store: Any, place: Path) -> None:
    arguments = [
        DataReference(store, "new", "made/by/run"),
        DataReference(store, "copy", "pets", mode="download"),
        DataReference(store, "file", "numbers.csv", mode="download"),
        DataReference(store, "up", "uploaded", mode="upload"),
        DataReference(store, "up2", "report.txt", mode="upload", path_on_compute="report.txt"),
    ]
    seen, run = printed(
        """
        mounted, copied, file, up, report = sys.argv[1:]
        open(os.path.join(mounted, "written.txt"), "w").write("through")
        open(os.path.join(copied, "dogs.txt"), "w").write("mine")
        os.makedirs(os.path.join(up, "a")); open(os.path.join(up, "a", "b.txt"), "w").write("later")
        open("report.txt", "w").write("done")
        print(json.dumps([mounted, os.environ["AZUREML_DATAREFERENCE_copy"] == copied, open(file).read()[:3]]))
        """,
        arguments=arguments,
    )

    assert seen == [str(place / "made/by/run"), True, "a,b"]
    assert (place / "made/by/run/written.txt").read_text() == "through"
    assert (place / "pets/dogs.txt").read_text() == "rex"
    assert (place / "uploaded/a/b.txt").read_text() == "later"
    assert (place / "report.txt").read_text() == "done"
    lineage = run.experiment.workspace._api.get(f"/runs/{run.id}/lineage")
    assert {item["ref"] for item in lineage["inputs"]} == {
        *("workspaceblobstore/made/by/run", "workspaceblobstore/pets", "workspaceblobstore/numbers.csv")
    }
    assert {item["ref"] for item in lineage["outputs"]} == {
        *("workspaceblobstore/uploaded", "workspaceblobstore/report.txt")
    }


def test_resume_from_takes_a_path_on_a_datastore(printed: Print, store: Any, place: Path) -> None:
    seen, _ = printed("print(json.dumps(sys.argv[1:]))", resume_from=DataPath(store, "pets"))

    assert seen == ["--resume-from", str(place / "pets")]


WRITE = """
    for folder in sys.argv[1:]:
        open(os.path.join(folder, "out.csv"), "w").write("a,b\\n1,2\\n")
        os.makedirs(os.path.join(folder, "more")); open(os.path.join(folder, "more", "x.log"), "w").write("log")
    assert run.output_datasets["through"] == os.environ["through"] == sys.argv[1]
    print(json.dumps(sys.argv[1:]), flush=True)
"""


def outputs_of(store: Any, name: str) -> list[Any]:
    through = OutputFileDatasetConfig("through", destination=(store, f"{name}/{{run-id}}/{{output-name}}"))
    after = OutputFileDatasetConfig("after", destination=(store, f"{name}/{{run-id}}/{{output-name}}"))
    return [
        through.register_on_complete(f"{name} through", description="as it was written", tags={"a": "b"}),
        after.as_upload(source_globs="*.csv").read_delimited_files().register_on_complete(f"{name} after"),
    ]


def test_outputs_are_kept_and_registered_when_the_run_completes(
    printed: Print, store: Any, place: Path, ws: Workspace
) -> None:
    seen, run = printed(WRITE, arguments=outputs_of(store, "good"))

    assert seen[0] == str(place / "good" / run.id / "through")
    assert (place / "good" / run.id / "after" / "out.csv").is_file()
    assert not (place / "good" / run.id / "after" / "more").exists()
    through, after = Dataset.get_by_name(ws, "good through"), Dataset.get_by_name(ws, "good after")
    assert through.to_path() == ["/more/x.log", "/out.csv"]
    assert (through.version, through.description, through.tags) == (1, "as it was written", {"a": "b"})
    assert after.to_pandas_dataframe().to_dict("list") == {"a": [1], "b": [2]}
    details = {item["outputDetails"]["outputName"]: item for item in run.get_details()["outputDatasets"]}
    assert details["through"]["identifier"] == {"savedId": through.id}
    assert details["after"]["dataset"].name == "good after"
    _, second = printed(WRITE, arguments=outputs_of(store, "good"))
    assert Dataset.get_by_name(ws, "good through").version == 2
    assert second.id != run.id


def test_a_failed_run_keeps_what_was_mounted_and_registers_nothing(
    experiment: Experiment, config_of: Config, store: Any, place: Path, ws: Workspace
) -> None:
    code = BEGIN + textwrap.dedent(WRITE) + "\nraise ValueError('the end')\n"
    run = experiment.submit(config_of(code, arguments=outputs_of(store, "bad")))
    with pytest.raises(ActivityFailedException, match="the end"):
        run.wait_for_completion()

    assert (place / "bad" / run.id / "through" / "out.csv").is_file()
    assert not (place / "bad" / run.id / "after").exists()
    assert not {"bad through", "bad after"} & set(ws.datasets)
    assert run.get_details()["outputDatasets"] == []


def test_an_output_without_a_name_for_it_is_saved_and_on_record(printed: Print, ws: Workspace, place: Path) -> None:
    _, run = printed(
        "open(os.path.join(sys.argv[1], 'x'), 'w').close(); print(0)", arguments=[OutputFileDatasetConfig("made")]
    )

    item = run.get_details()["outputDatasets"][0]
    assert Dataset.get_by_id(ws, item["identifier"]["savedId"]).to_path() == ["/x"]
    assert (place / "dataset" / run.id / "made" / "x").exists()


def test_data_that_changed_since_registration_is_a_warning_with_both_fingerprints(
    printed: Print, store: Any, place: Path, ws: Workspace
) -> None:
    (place / "moving").mkdir()
    (place / "moving" / "a.txt").write_text("first")
    (place / "moving" / "b.txt").write_text("first")
    dataset = Dataset.File.from_files((store, "moving")).register(ws, "moving")
    _, before = printed("print(0)", arguments=[dataset.as_named_input("x").as_mount()])
    (place / "moving" / "a.txt").write_text("other")
    (place / "moving" / "c.txt").write_text("new")
    _, run = printed("print(0)", arguments=[dataset.as_named_input("x").as_mount()])

    assert warnings_of(before) == []
    (warning,) = warnings_of(run)
    record = ws._api.get(f"/datasets/by-id/{dataset.id}")
    item = ws._api.get(f"/runs/{run.id}/lineage")["inputs"][0]
    assert "moving:1" in warning
    assert "a.txt, c.txt" in warning
    assert "b.txt" not in warning
    now = item["details"]["fingerprint"]["digest"]
    assert now != record["fingerprint"]["digest"]
    assert now in warning
    assert record["fingerprint"]["digest"] in warning


def test_what_is_not_there_fails_the_run_in_a_sentence(experiment: Experiment, config_of: Config, store: Any) -> None:
    dataset = Dataset.File.from_files((store, "absent/*.csv"), validate=False).as_named_input("x").as_mount()
    run = experiment.submit(config_of("print('never')", arguments=[dataset]))
    with pytest.raises(ActivityFailedException, match="absent"):
        run.wait_for_completion()

    assert error_of(run).startswith("The input 'x' could not be prepared. Nothing matches 'absent/*.csv'")
    record = run.experiment.workspace._api.get(f"/runs/{run.id}")
    assert (record["error"]["code"], record["status_reason"]) == ("DataNotPrepared", None)
    assert "Nothing matches" in log_of(run, "system_logs/data.txt")
    assert "never" not in run.get_details_with_logs()["logFiles"].get("user_logs/std_log.txt", "")


def test_a_direct_input_that_is_not_there_is_a_warning_with_the_reason(
    experiment: Experiment, config_of: Config, store: Any
) -> None:
    dataset = Dataset.File.from_files((store, "absent/*.csv"), validate=False).as_named_input("x")
    run = experiment.submit(config_of("print('it may not need it')", arguments=[dataset]))
    run.wait_for_completion()

    (warning,) = run.get_details()["warnings"]
    assert "The input 'x'" in str(warning)
    assert "absent/*.csv" in str(warning)


def test_an_output_that_nothing_was_written_to_is_said(experiment: Experiment, config_of: Config) -> None:
    output = OutputFileDatasetConfig("empty").register_on_complete("of_nothing")
    run = experiment.submit(config_of("print('writes nothing')", arguments=[output]))
    run.wait_for_completion()

    assert any("Nothing was found in the output 'empty'" in str(warning) for warning in run.get_details()["warnings"])


def test_a_datastore_that_was_removed_meanwhile_fails_the_run(
    experiment: Experiment, config_of: Config, ws: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "a.txt").write_text("a")
    other = Datastore.register_local_folder(ws, "going", str(tmp_path / "gone"))
    dataset = Dataset.File.from_files((other, "a.txt"))
    other.unregister()
    run = experiment.submit(config_of("pass", arguments=[dataset.as_named_input("x").as_mount()]))
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    assert "going" in error_of(run)


def test_a_dataset_that_nobody_knows_is_refused_at_submission(experiment: Experiment, config_of: Config) -> None:
    from stoker.core.runconfig import Data, DataLocation
    from stoker.core.runconfig import Dataset as Section

    config = config_of("pass")
    config.run_config.data = {"x": Data(DataLocation(dataset=Section(dataset_name="no such set")))}
    before = len(list(experiment.get_runs()))
    with pytest.raises(UserErrorException, match="no such set"):
        experiment.submit(config)
    config.run_config.data = {}
    config.run_config.data_references = {"y": DataReferenceConfiguration("nowhere")}
    with pytest.raises(UserErrorException, match="nowhere"):
        experiment.submit(config)

    assert len(list(experiment.get_runs())) == before


def test_the_sections_of_a_configuration_say_the_same(printed: Print, store: Any, place: Path, ws: Workspace) -> None:
    from stoker.core.runconfig import Data, DataLocation, RunConfiguration
    from stoker.core.runconfig import DataPath as PathSection
    from stoker.core.runconfig import Dataset as Section

    dataset = Dataset.File.from_files((store, "pets")).register(ws, "the pets")
    configuration = RunConfiguration()
    configuration.data = {
        "a": dataset.as_named_input("a").as_mount(),
        "b": Data(DataLocation(dataset=Section(dataset_name="the pets")), mechanism="mount"),
        "c": Data(DataLocation(data_path=PathSection(store.name, "pets")), mechanism="download"),
    }
    configuration.output_data = {"d": OutputFileDatasetConfig("d")}
    configuration.data_references = {"e": store.path("pets")}
    seen, _ = printed(
        "print(json.dumps([os.environ[n] for n in 'abd'] + [os.environ['AZUREML_DATAREFERENCE_e'], "
        "sorted(os.listdir(os.environ['c']))]))",
        run_config=configuration,
    )

    assert [os.path.basename(path) for path in seen[:2]] == ["a", "b"]
    assert seen[3:] == [str(place / "pets"), ["cats", "dogs.txt"]]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda data, _: [data], "as_named_input"),
        (lambda data, _: [data.as_named_input("x"), data.as_named_input("x").as_mount()], "called 'x'"),
        (lambda data, _: [data.as_named_input("x"), OutputFileDatasetConfig("x")], "called 'x'"),
        (lambda _, store: [store.path("a", "r"), store.path("b", "r")], "called 'r'"),
        (lambda _, store: [store], "path"),
    ],
)
def test_what_can_t_be_an_argument_says_what_can(
    experiment: Experiment, config_of: Config, store: Any, make: Any, words: str
) -> None:
    data = Dataset.File.from_files((store, "pets"))
    with pytest.raises(UserErrorException, match=words):
        experiment.submit(config_of("pass", arguments=make(data, store)))
