"""Secrets, datastores, data sets and lineage: who may do what, where no secret may be, and names of any kind."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from stoker.client.http import quote_name
from stoker.core import Experiment, ScriptRunConfig, Workspace
from stoker.exceptions import NotFoundException, UserErrorException
from stoker.testing.store_data import definition
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

HIDDEN = "swordfish-of-"
S3 = {"type": "S3", "kind": "fsspec", "config": {"url": "s3://bucket/prefix"}}
NAMES = [
    "plain",
    "with space",
    "ü/日本/🐟",
    "../../key",
    "..",
    ".",
    "a//b",
    "/a/",
    "a?b#c&d=%2F",
    "line\nbreak",
    "tab\tnul",
    "'\"`$(id)",
    "n" * 255,
]
SCRIPT = """
    import sys
    from stoker.core import Run
    run = Run.get_context()
    # The script knows the value backwards: forwards, it would itself be on record.
    value = sys.argv[1][::-1]
    assert run.get_secret("of-script") == value
    assert run.get_secrets(["of-script", "none"]) == {"of-script": value, "none": None}
    keyvault = run.experiment.workspace.get_default_keyvault()
    assert keyvault.get_secret("of-script") == value
    for change in (lambda: keyvault.set_secret("of-script", "x"), lambda: keyvault.delete_secret("of-script")):
        try:
            change()
        except Exception as error:
            print("refused:", error)
    try:
        run.get_secret("of-scrpt")
    except Exception as error:
        print("suggested:", error)
"""


@pytest.fixture
def token(door: Any) -> str:
    door.run("mine")
    door.run("mine-child", parent_id="mine")
    door.run("other")
    return str(door.signer().run_token("mine"))


def test_a_run_reads_secrets_and_what_datastores_are_reached_with(door: Any, token: str) -> None:
    door.owner("PUT", "/secrets/shared", {"value": f"{HIDDEN}secrets"})
    door.owner("POST", "/datastores", {"name": "s3", **S3, "secret": {"secret_access_key": "x"}, "overwrite": True})

    assert door.ask("GET", "/api/v1/secrets/shared", token=token).json()["value"] == f"{HIDDEN}secrets"
    opened = door.ask("GET", "/api/v1/datastores/s3?secret=true", token=token).json()
    assert opened["secret"] == {"secret_access_key": "x"}


def test_nobody_reads_a_secret_without_a_token(door: Any) -> None:
    door.owner("PUT", "/secrets/shared", {"value": f"{HIDDEN}secrets"})

    for path in ("/secrets", "/secrets/shared", "/datastores/workspaceblobstore?secret=true", "/lineage?run=x"):
        assert door.ask("GET", f"/api/v1{path}").status == 401


def test_a_run_adds_a_datastore_and_replaces_none(door: Any, token: str) -> None:
    path = "/api/v1/datastores"
    assert door.ask("POST", path, {"name": "of_a_run", **S3}, token).status == 200
    before = door.owner("GET", "/datastores").json()
    for name in ("of_a_run", "OF_A_RUN", "workspaceblobstore"):
        moved = {"name": name, **S3, "config": {"url": "s3://elsewhere"}}
        assert door.ask("POST", path, {**moved, "overwrite": True}, token).status == 403
        assert door.ask("POST", path, moved, token).status == 409

    assert door.owner("GET", "/datastores").json() == before


def test_a_run_registers_data_sets_for_its_own_tree_only(door: Any, token: str) -> None:
    body = {"name": "of runs", "definition": definition("of-runs.csv"), "create_new_version": True}
    for path in ("/datasets", "/datasets/register"):
        sent = body if path.endswith("register") else {"definition": body["definition"]}
        assert door.ask("POST", f"/api/v1{path}", {**sent, "run_id": "other"}, token).status == 403
        assert door.ask("POST", f"/api/v1{path}", {**sent, "run_id": "mine-child"}, token).status == 200

    made = door.owner("GET", "/datasets/by-name/of%20runs").json()
    assert made["run_id"] == "mine-child"
    outputs = door.owner("GET", "/runs/mine-child/lineage").json()["outputs"]
    assert [(item["ref"], item["label"]) for item in outputs] == [(made["id"], "of runs:1")]


def test_what_a_run_registers_without_a_word_is_its_own(door: Any, token: str) -> None:
    made = door.ask("POST", "/api/v1/datasets/register", {"name": "silent", "definition": definition("s.csv")}, token)

    assert made.json()["run_id"] == "mine"
    tree = door.owner("GET", f"/lineage?dataset={made.json()['id']}").json()
    assert [entry["run"]["id"] for entry in tree["by"]] == ["mine"]


def test_a_run_changes_data_sets_of_its_own_tree_only(door: Any, token: str) -> None:
    def registered(name: str, run_id: str | None) -> str:
        body = {"name": name, "definition": definition(f"{name}.csv"), "run_id": run_id, "create_new_version": True}
        return str(door.owner("POST", "/datasets/register", body).json()["id"])

    change = {"tags": {"changed": "1"}}
    mine, other, owners = registered("mine", "mine-child"), registered("other", "other"), registered("owners", None)
    answers = [door.ask("PATCH", f"/api/v1/datasets/by-id/{key}", change, token) for key in (mine, other, owners)]

    assert [answer.status for answer in answers] == [200, 403, 403]
    assert door.owner("GET", f"/datasets/by-id/{other}").json()["tags"] == {}
    assert door.owner("GET", f"/datasets/by-id/{owners}").json()["tags"] == {}


def test_no_list_record_page_log_or_file_has_a_secret(door: Any) -> None:
    door.run("mine")
    door.owner("PUT", "/secrets/listed", {"value": f"{HIDDEN}secrets"})
    secret = {"account_key": f"{HIDDEN}datastores"}
    door.owner("POST", "/datastores", {"name": "az", **S3, "secret": secret, "overwrite": True})
    refused = [
        door.owner("PUT", "/secrets/listed", {"value": [f"{HIDDEN}wrong"]}),
        door.owner("PUT", "/secrets/listed", {"value": f"{HIDDEN}wrong", "more": f"{HIDDEN}more"}),
        door.owner(
            "PUT", "/secrets/listed", f'{{"value": "{HIDDEN}\\ud800"}}'.encode(), Content_Type="application/json"
        ),
        door.owner("POST", "/datastores", {"name": "az", **S3, "secret": {"key": [f"{HIDDEN}wrong"]}}),
        door.owner("POST", "/datastores", {"name": "a-b", **S3, "secret": secret}),
        door.owner("POST", "/datastores", {"name": "az", **S3, "secret": secret}),
        door.owner("POST", "/datastores", {"name": "az2", **S3, "config": {"url": f"s3://me:{HIDDEN}url@host"}}),
    ]
    assert [answer.status for answer in refused] == [400, 400, 400, 400, 400, 409, 400]
    reading = {path for method, path in door.operations() if method == "GET" and not path.endswith("/events")}
    asked = {path.replace("{name}", "az").replace("{run_id}", "mine") for path in reading}

    answers = [door.ask("GET", path, token=door.token) for path in asked] + refused
    home = Path(door.workspace.root, ".stoker")
    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and not path.is_symlink()}

    assert {"stoker.db", "secrets.key", "service.log"} <= {path.name for path in files}
    for answer in answers:
        assert HIDDEN.encode() not in answer.data
    for path, data in files.items():
        assert HIDDEN.encode() not in data, path
    assert (home / "secrets.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_s_name_and_a_data_set_s_are_any_text(door: Any, name: str) -> None:
    api = door.workspace.api
    api.put(f"/secrets/{quote_name(name)}", {"value": name})
    assert api.get(f"/secrets/{quote_name(name)}") == {"name": name, "value": name}
    assert name in {record["name"] for record in api.get("/secrets")["secrets"]}
    api.delete(f"/secrets/{quote_name(name)}")
    with pytest.raises(NotFoundException):
        api.get(f"/secrets/{quote_name(name)}")

    made = api.post("/datasets/register", {"name": name, "definition": definition(name)})
    assert api.get(f"/datasets/by-name/{quote_name(name)}") == made
    assert api.get(f"/datasets/by-name/{quote(name, safe='')}/versions")["versions"] == [made]
    api.delete(f"/datasets/by-name/{quote_name(name)}")


def test_a_name_with_half_a_character_is_refused_in_words(door: Any) -> None:
    for path in ("/secrets/a%FF", "/datasets/by-name/a%FF", "/datastores/a%FF"):
        answer = door.owner("GET", path)
        assert answer.status in {400, 404}, answer.data
    assert door.owner("PUT", "/secrets/a%FF", {"value": "x"}).status == 400


def test_a_datastore_leads_neither_into_the_workspace_s_own_files_nor_above_them(door: Any) -> None:
    home = door.workspace.root / ".stoker"
    link = door.workspace.root / "link"
    link.symlink_to(home)
    for path in (home, home / "objects", link, link / "logs", home / "datastores" / ".." / "objects", "datastores/.."):
        body = {"name": "inside", "type": "LocalFolder", "kind": "folder", "config": {"path": str(path)}}
        answer = door.owner("POST", "/datastores", body)
        assert (answer.status, answer.code) == (400, "UserError"), path
    assert door.owner("GET", "/datastores/inside").status == 404


@pytest.mark.parametrize("url", ["file://{home}", "local://{home}", "FILE:{home}://", "simplecache::file://{home}"])
def test_no_address_of_another_kind_leads_into_the_workspace_s_own_files(door: Any, url: str) -> None:
    config = {"url": url.format(home=door.workspace.root / ".stoker")}
    answer = door.owner("POST", "/datastores", {"name": "beside", "type": "Fsspec", "kind": "fsspec", "config": config})

    assert (answer.status, answer.code) == (400, "UserError")
    assert door.owner("GET", "/datastores/beside").status == 404


@pytest.mark.parametrize(
    "config",
    [
        {"url": "mssql://me@host/sales;PWD=HIDDEN"},
        {"url": "az://box", "note": "?sv=2024&sig=HIDDEN"},
        {"url": "az://box", "options": ["AccountName=me;AccountKey=HIDDEN"]},
        {"url": "az://box", "options": {"how": "SharedAccessSignature=HIDDEN"}},
    ],
)
def test_a_secret_inside_a_setting_is_refused_and_not_said(door: Any, config: dict[str, Any]) -> None:
    kind = "sql" if "mssql" in config["url"] else "fsspec"
    answer = door.owner("POST", "/datastores", {"name": "told", "type": "SqlDatabase", "kind": kind, "config": config})

    assert (answer.status, answer.code) == (400, "UserError")
    assert b"HIDDEN" not in answer.data


def test_more_conditions_than_a_statement_holds_are_the_sender_s_mistake(door: Any) -> None:
    tags = "&".join(f"tag=a{number}" for number in range(3000))

    for path in ("/models", "/runs"):
        answer = door.owner("GET", f"{path}?{tags}")
        assert (answer.status, answer.code) == (400, "UserError"), path


def test_a_script_reads_secrets_and_nothing_of_it_is_on_record(
    live_workspace: TemporaryWorkspace, tmp_path: Path
) -> None:
    workspace = Workspace.from_config(str(live_workspace.root))
    keyvault = workspace.get_default_keyvault()
    keyvault.set_secrets({"of-script": f"{HIDDEN}script"})
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(textwrap.dedent(SCRIPT))
    config = ScriptRunConfig(str(source), "train.py", arguments=[f"{HIDDEN}script"[::-1]])
    config.run_config.environment.python.user_managed_dependencies = True
    config.run_config.environment.python.interpreter_path = sys.executable
    run = Experiment(workspace, "secrets").submit(config)
    run.wait_for_completion()

    shown = live_workspace.api.request("GET", f"/runs/{run.id}/logs/user_logs/std_log.txt").data.decode()
    assert shown.count("refused: A run's token may not do this.") == 2
    assert "suggested: There is no secret 'of-scrpt' in this workspace. Did you mean 'of-script'? A new one is" in shown
    home = live_workspace.root / ".stoker"
    # An ended run's folder is thrown away while one looks.
    wait_until(lambda: not (home / "runs" / run.id).exists() and not any((home / "trash").iterdir()), what="tidiness")
    for path in [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]:
        assert f"{HIDDEN}script".encode() not in path.read_bytes(), path


def test_the_vault_of_the_sdk_has_v1_s_manners(live_workspace: TemporaryWorkspace) -> None:
    keyvault = Workspace.from_config(str(live_workspace.root)).get_default_keyvault()
    before = {record["name"] for record in keyvault.list_secrets()}
    keyvault.set_secret(name="one", value="1")
    keyvault.set_secrets({"two": "2", "three": "3"})

    assert keyvault.get_secrets(["one", "none", "three"]) == {"one": "1", "none": None, "three": "3"}
    assert {record["name"] for record in keyvault.list_secrets()} - before == {"one", "two", "three"}
    assert {tuple(record) for record in keyvault.list_secrets()} == {("name",)}
    with pytest.raises(UserErrorException, match="'four'") as caught:
        keyvault.set_secrets({"five": "5", "four": 4})  # type: ignore[dict-item]
    assert "5" not in str(caught.value)
    with pytest.raises(NotFoundException):
        keyvault.get_secret("five")
    keyvault.delete_secrets(["one", "two"])
    with pytest.raises(NotFoundException):
        keyvault.delete_secret("one")
    with pytest.raises(UserErrorException):
        keyvault.get_secret("")
