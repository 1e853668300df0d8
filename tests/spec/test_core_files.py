"""Sections 4.9 and 4.10: files of a run, and snapshots of its source."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.core import Experiment, Run, ScriptRunConfig
from stoker.exceptions import SnapshotException, StokerException, UserErrorException
from stoker.testing.workspaces import wait_until

Config = Callable[..., ScriptRunConfig]

WRITES = """
    import os
    from stoker.core import Run
    run = Run.get_context()
    os.makedirs("outputs/deep/er", exist_ok=True)
    open("outputs/model.pkl", "w").write("weights")
    open("outputs/deep/er/a b.txt", "w").write("deep")
    open("logs/train.log", "w").write("epoch 1")
    open("beside.txt", "w").write("lost")
    open("given.txt", "w").write("given")
    run.upload_file("outputs/given.txt", "given.txt")
    run.upload_file(name="data/given.txt", path_or_stream="given.txt")
    assert "data/given.txt" in run.get_file_names()
"""


@pytest.fixture(scope="module")
def writer_run(experiment: Experiment, config_of: Config) -> Run:
    run = experiment.submit(config_of(WRITES))
    run.wait_for_completion()
    return run


def _tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_outputs_and_logs_are_kept_and_nothing_else(writer_run: Run) -> None:
    names = writer_run.get_file_names()

    assert set(names) >= {
        "outputs/model.pkl",
        "outputs/deep/er/a b.txt",
        "outputs/given.txt",
        "logs/train.log",
        "data/given.txt",
        "user_logs/std_log.txt",
    }
    assert not [name for name in names if "beside" in name or name == "train.py"]


def test_logs_and_outputs_are_there_while_a_run_goes_on(experiment: Experiment, config_of: Config) -> None:
    code = """
    import os, time
    print("up", flush=True)
    os.makedirs("watched")
    for name in ("outputs/early.txt", "logs/early.log", "watched/early.txt"):
        open(name, "w").write("early")
    time.sleep(100)
    """
    config = config_of(code)
    config.run_config.history.directories_to_watch = ["logs", "watched"]
    run = experiment.submit(config)
    expected = {"outputs/early.txt", "logs/early.log", "watched/early.txt", "user_logs/std_log.txt"}
    wait_until(lambda: expected <= set(run.get_file_names()), what="the files of the running script")
    live = run.get_details_with_logs()
    run.cancel()

    assert live["status"] == "Running"
    assert live["logFiles"]["user_logs/std_log.txt"] == "up\n"


@pytest.mark.parametrize(
    ("target", "lands"),
    [
        (None, "model.pkl"),
        ("./x.pkl", "x.pkl"),
        ("files/deep/x.pkl", "files/deep/x.pkl"),
        ("existing", "existing/model.pkl"),
        ("new/", "new/model.pkl"),
    ],
)
def test_a_file_lands_where_v1_puts_it(writer_run: Run, in_folder: Path, target: str | None, lands: str) -> None:
    (in_folder / "existing").mkdir()
    writer_run.download_file(name="outputs/model.pkl", output_file_path=target)

    assert (in_folder / lands).read_text() == "weights"
    assert _tree(in_folder) == {lands}


def test_an_unknown_file_is_an_error_with_its_name(writer_run: Run, in_folder: Path) -> None:
    with pytest.raises(UserErrorException, match=r"outputs/nodel\.pkl"):
        writer_run.download_file("outputs/nodel.pkl")

    assert _tree(in_folder) == set()


def test_files_are_copied_by_prefix(writer_run: Run, in_folder: Path) -> None:
    writer_run.download_files(prefix="outputs/deep", output_directory="whole")
    writer_run.download_files("outputs/", "cut", append_prefix=False)
    writer_run.download_files(prefix="outputs/model.pkl", output_directory="named", output_paths=["m.pkl"])

    assert _tree(in_folder / "whole") == {"outputs/deep/er/a b.txt"}
    assert _tree(in_folder / "cut") == {"model.pkl", "deep/er/a b.txt", "given.txt"}
    assert _tree(in_folder / "named") == {"m.pkl"}
    writer_run.download_files(output_directory="all")
    assert _tree(in_folder / "all") == set(writer_run.get_file_names())


def test_files_streams_lists_and_folders_are_uploaded(run: Run, in_folder: Path) -> None:
    for name in ("a.txt", "b.txt", "folder/c.txt", "folder/deep/d.txt"):
        (in_folder / name).parent.mkdir(parents=True, exist_ok=True)
        (in_folder / name).write_text(name)
    run.upload_file("outputs/a.txt", "a.txt")
    run.upload_file("outputs/path", Path("a.txt"))
    run.upload_file("outputs/stream", io.BytesIO(b"bytes"))
    run.upload_files(names=["x/a", "x/b"], paths=["a.txt", "b.txt"])
    artifacts = run.upload_files(["y/a"], ["a.txt"], return_artifacts=True)
    run.upload_folder(name="copied", path="folder")
    names = run.get_file_names()
    run.complete()

    assert set(names) == {
        "outputs/a.txt",
        "outputs/path",
        "outputs/stream",
        "x/a",
        "x/b",
        "y/a",
        "copied/c.txt",
        "copied/deep/d.txt",
    }
    assert artifacts is not None
    assert set(artifacts) == {"y/a"}
    run.download_file("outputs/stream", "stream")
    assert (in_folder / "stream").read_bytes() == b"bytes"


def test_wrong_uploads_are_refused(run: Run, in_folder: Path) -> None:
    (in_folder / "a.txt").write_text("a")
    run.upload_file("outputs/a.txt", "a.txt")
    (in_folder / "a.txt").write_text("other")
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: run.upload_file("outputs/gone.txt", "gone.txt"), r"gone\.txt"),
        (lambda: run.upload_file("outputs/a.txt", "a.txt"), r"outputs/a\.txt"),
        (lambda: run.upload_file("../a.txt", "a.txt"), r"\.\./a\.txt"),
        (lambda: run.upload_files(["one"], []), "1 names and 0 paths"),
        (lambda: run.upload_folder("f", "no-such-folder"), "no-such-folder"),
    ]
    for call, words in calls:
        with pytest.raises(UserErrorException, match=words):
            call()
    run.complete()

    assert run.get_file_names() == ["outputs/a.txt"]


def test_a_snapshot_holds_the_source_and_is_restored_as_a_zip(writer_run: Run, in_folder: Path) -> None:
    snapshot_id = writer_run.get_snapshot_id()
    assert snapshot_id == writer_run.properties["ContentSnapshotId"]
    first = writer_run.restore_snapshot()
    second = writer_run.restore_snapshot(snapshot_id=snapshot_id, path="restored")

    assert Path(first).parent.resolve() == in_folder
    assert Path(second).parent == Path("restored")
    for path in (first, second):
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == ["train.py"]
            assert b"run.upload_file" in archive.read("train.py")
    with pytest.raises(StokerException):
        writer_run.restore_snapshot("no-such-snapshot")


def test_the_ignore_file_of_ours_replaces_gits(experiment: Experiment, in_folder: Path) -> None:
    (in_folder / ".gitignore").write_text("by-git.txt\n")
    for name in ("by-git.txt", "by-aml.txt", "keep.txt", "data/big.bin", ".git/config", ".azureml/config.json"):
        (in_folder / name).parent.mkdir(exist_ok=True)
        (in_folder / name).write_text("x")

    def held() -> set[str]:
        run = experiment.start_logging(outputs=False, snapshot_directory=".")
        run.complete()
        path = run.restore_snapshot(path=str(in_folder.parent / "zips"))
        with zipfile.ZipFile(path) as archive:
            return {name for name in archive.namelist() if not name.endswith("/")}

    by_git = held()
    (in_folder / ".amlignore").write_text("by-aml.txt\n/data\n!keep.txt\n")
    by_aml = held()

    assert {"by-aml.txt", "keep.txt", "data/big.bin"} <= by_git
    assert "by-git.txt" not in by_git
    assert {"by-git.txt", "keep.txt"} <= by_aml
    assert not {"by-aml.txt", "data/big.bin"} & by_aml
    assert not [name for name in by_git | by_aml if name.startswith((".git/", ".azureml/config"))]


def test_a_folder_that_is_too_large_is_refused_with_its_largest_paths(
    experiment: Experiment, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (in_folder / "train.py").write_text("print()")
    (in_folder / "large.bin").write_bytes(b"x" * 5000)
    monkeypatch.setenv("STOKER_SNAPSHOT_MAX_BYTES", "1000")
    with pytest.raises(SnapshotException, match="exceed") as caught:
        experiment.submit(ScriptRunConfig(".", "train.py"))
    assert "large.bin" in caught.value.message
    monkeypatch.setenv("STOKER_SNAPSHOT_MAX_BYTES", "100000")
    monkeypatch.setenv("STOKER_SNAPSHOT_MAX_FILES", "1")
    with pytest.raises(SnapshotException, match="files"):
        experiment.submit(ScriptRunConfig(".", "train.py"))


def test_a_snapshot_is_taken_by_hand(run: Run, in_folder: Path) -> None:
    (in_folder / "a.py").write_text("a")
    snapshot_id = run.take_snapshot("a.py")
    run.complete()

    assert run.get_snapshot_id() == snapshot_id
    with zipfile.ZipFile(run.restore_snapshot()) as archive:
        assert archive.namelist() == ["a.py"]


def test_no_snapshot_is_on_record_when_it_is_not_wanted(experiment: Experiment, config_of: Config) -> None:
    config = config_of("print('still runs')")
    config.run_config.history.snapshot_project = False
    run = experiment.submit(config)
    run.wait_for_completion()

    assert "ContentSnapshotId" not in run.get_properties()


def test_a_run_works_on_a_copy_of_its_source(
    experiment: Experiment, in_folder: Path, log_of: Callable[[Run], str]
) -> None:
    (in_folder / "source").mkdir()
    (in_folder / "outside.txt").write_text("outside")
    (in_folder / "source" / "data.txt").write_text("first")
    (in_folder / "source" / "train.py").write_text(
        "import os, time\ntime.sleep(0.3)\nprint(open('data.txt').read(), os.path.exists('../outside.txt'))\n"
        "open('beside.txt', 'w').write('x')\n"
    )
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    (in_folder / "source" / "data.txt").write_text("second")
    run.wait_for_completion()

    assert log_of(run) == "first False\n"
    assert _tree(in_folder) == {"outside.txt", "source/data.txt", "source/train.py"}
