from __future__ import annotations

from typing import Any

import pytest
from tests.services.mlflow_protocol import Protocol, ProtocolError

from stoker.client.http import quote_name
from stoker.testing.workspaces import TemporaryWorkspace


@pytest.fixture(scope="module")
def owner(live_workspace: TemporaryWorkspace) -> Protocol:
    return Protocol(live_workspace)


def version(who: Protocol, name: str, run_id: str | None = None, **facts: Any) -> str:
    """Register a version of the files of a run, both made when they are not there."""
    run_id = run_id or who.run()
    who.put_file(f"mlflow-artifacts:/runs/{run_id}", "model/weights", name.encode())
    source = f"runs:/{run_id}/model"
    answer = who.ask("POST", "model-versions/create", name=name, source=source, run_id=run_id, **facts)
    return str(answer["model_version"]["version"])


def create(who: Protocol, name: str, **facts: Any) -> Any:
    return who.ask("POST", "registered-models/create", name=name, **facts)["registered_model"]


def test_a_name_that_is_there_is_said_in_the_word_that_clients_wait_for(owner: Protocol) -> None:
    create(owner, "taken")

    with pytest.raises(ProtocolError) as caught:
        create(owner, "taken")

    assert (caught.value.status, caught.value.code) == (400, "RESOURCE_ALREADY_EXISTS")


@pytest.mark.parametrize(
    ("method", "path", "parameters", "code"),
    [
        ("GET", "registered-models/get", {"name": "nobody"}, "RESOURCE_DOES_NOT_EXIST"),
        ("DELETE", "registered-models/delete", {"name": "nobody"}, "RESOURCE_DOES_NOT_EXIST"),
        ("POST", "registered-models/get-latest-versions", {"name": "nobody"}, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "registered-models/alias", {"name": "nobody", "alias": "a"}, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "model-versions/get", {"name": "nobody", "version": "1"}, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "model-versions/get", {"name": "nobody", "version": "one"}, "INVALID_PARAMETER_VALUE"),
        ("POST", "model-versions/create", {"name": "nobody", "source": "s3://b/m"}, "RESOURCE_DOES_NOT_EXIST"),
        ("POST", "registered-models/create", {"name": "a/b"}, "INVALID_PARAMETER_VALUE"),
        ("POST", "registered-models/create", {}, "INVALID_PARAMETER_VALUE"),
        ("GET", "registered-models/search", {"filter": "name ="}, "INVALID_PARAMETER_VALUE"),
        ("GET", "registered-models/search", {"filter": "nmae = 'a'"}, "INVALID_PARAMETER_VALUE"),
        ("GET", "registered-models/search", {"order_by": "tags.a"}, "INVALID_PARAMETER_VALUE"),
        ("GET", "registered-models/search", {"max_results": 0}, "INVALID_PARAMETER_VALUE"),
        ("GET", "registered-models/search", {"max_results": 1001}, "INVALID_PARAMETER_VALUE"),
        ("GET", "registered-models/search", {"page_token": "ü"}, "INVALID_PARAMETER_VALUE"),
        ("GET", "model-versions/search", {"filter": "version_number LIKE '1'"}, "INVALID_PARAMETER_VALUE"),
        ("GET", "model-versions/search", {"page_token": "Zm9vOjE="}, "INVALID_PARAMETER_VALUE"),
    ],
)
def test_a_wrong_request_is_answered_in_the_protocol_s_form(
    owner: Protocol, method: str, path: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(ProtocolError) as caught:
        owner.ask(method, path, **parameters)

    assert caught.value.code == code


def test_a_name_with_any_characters_is_kept_and_its_files_are_read(owner: Protocol) -> None:
    name = "größe 50% #1 ?~"
    create(owner, name, description="d", tags=[{"key": "a b", "value": "ü"}])
    number = version(owner, name)

    model = owner.ask("GET", "registered-models/get", name=name)["registered_model"]
    uri = owner.ask("GET", "model-versions/get-download-uri", name=name, version=number)["artifact_uri"]

    assert (model["name"], model["description"], model["tags"]) == (name, "d", [{"key": "a b", "value": "ü"}])
    assert owner.get_file(uri, "weights") == name.encode()
    listed = owner.workspace.api.get(f"/models/{quote_name(name)}/{number}/files")["files"]
    assert [item["path"] for item in listed] == ["weights"]


def test_the_files_of_a_version_can_t_be_changed(owner: Protocol) -> None:
    create(owner, "fixed")
    number = version(owner, "fixed")
    uri = owner.ask("GET", "model-versions/get-download-uri", name="fixed", version=number)["artifact_uri"]

    with pytest.raises(ProtocolError, match="never change"):
        owner.put_file(uri, "weights", b"other")

    assert owner.get_file(uri, "weights") == b"fixed"


def test_a_version_outlives_the_files_that_it_was_made_of(owner: Protocol) -> None:
    create(owner, "outlives")
    run_id = owner.run()
    number = version(owner, "outlives", run_id)
    owner.ask("POST", "runs/update", run_id=run_id, status="FINISHED")
    owner.workspace.api.delete(f"/runs/{run_id}")

    got = owner.ask("GET", "model-versions/get", name="outlives", version=number)["model_version"]
    uri = owner.ask("GET", "model-versions/get-download-uri", name="outlives", version=number)["artifact_uri"]
    copied = owner.ask("POST", "model-versions/create", name="outlives", source=f"models:/outlives/{number}")

    assert got["run_id"] == run_id
    assert owner.get_file(uri, "weights") == b"outlives"
    assert copied["model_version"]["version"] == "2"


def test_aliases_move_and_go_with_their_version(owner: Protocol) -> None:
    create(owner, "aliased")
    first, second = version(owner, "aliased"), version(owner, "aliased")

    for number in (first, second):
        owner.ask("POST", "registered-models/alias", name="aliased", alias="champion", version=number)
    named = owner.ask("GET", "registered-models/alias", name="aliased", alias="champion")["model_version"]
    owner.ask("DELETE", "model-versions/delete", name="aliased", version=second)

    assert (named["version"], named["aliases"]) == (second, ["champion"])
    with pytest.raises(ProtocolError, match="no alias"):
        owner.ask("GET", "registered-models/alias", name="aliased", alias="champion")
    owner.ask("DELETE", "registered-models/alias", name="aliased", alias="champion")


@pytest.mark.parametrize("alias", ["latest", "LATEST", "v1", "a b", "a@b", "a/b", "", "x" * 256])
def test_an_alias_that_an_address_can_t_have_is_refused(owner: Protocol, alias: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        owner.ask("POST", "registered-models/alias", name="aliased", alias=alias, version="1")

    assert caught.value.code == "INVALID_PARAMETER_VALUE"


def test_stages_hold_the_latest_version_each(owner: Protocol) -> None:
    create(owner, "staged")
    numbers = [version(owner, "staged") for _ in range(3)]

    def move(number: str, stage: str, *, archive: bool = False) -> Any:
        return owner.ask(
            "POST",
            "model-versions/transition-stage",
            name="staged",
            version=number,
            stage=stage,
            archive_existing_versions=archive,
        )["model_version"]

    move(numbers[0], "production")
    moved = move(numbers[1], "Production", archive=True)
    latest = owner.ask("POST", "registered-models/get-latest-versions", name="staged")["model_versions"]
    one = owner.ask("POST", "registered-models/get-latest-versions", name="staged", stages=["PRODUCTION"])

    assert moved["current_stage"] == "Production"
    assert {(item["version"], item["current_stage"]) for item in latest} == {
        ("1", "Archived"),
        ("2", "Production"),
        ("3", "None"),
    }
    assert [item["version"] for item in one["model_versions"]] == ["2"]
    with pytest.raises(ProtocolError, match="no stage 'Live'"):
        move(numbers[0], "Live")
    with pytest.raises(ProtocolError, match="make room"):
        move(numbers[0], "None", archive=True)


def test_a_search_for_models_is_sorted_and_comes_in_pages(owner: Protocol) -> None:
    for name, team in (("paged-a", "blue"), ("paged-b", "red"), ("Paged-c", "blue")):
        create(owner, name, tags=[{"key": "team", "value": team}])
    version(owner, "paged-a")

    def names(filter_: str, **more: Any) -> list[str]:
        answer = owner.ask("GET", "registered-models/search", filter=filter_, **more)
        return [item["name"] for item in answer.get("registered_models", [])]

    first = owner.ask("GET", "registered-models/search", filter="name ILIKE 'paged%'", max_results=2)
    second = owner.ask(
        "GET",
        "registered-models/search",
        filter="name ILIKE 'paged%'",
        max_results=2,
        page_token=first["next_page_token"],
    )

    assert [item["name"] for item in first["registered_models"]] == ["Paged-c", "paged-a"]
    assert [item["name"] for item in second["registered_models"]] == ["paged-b"]
    assert "next_page_token" not in second
    assert [item["version"] for item in first["registered_models"][1]["latest_versions"]] == ["1"]
    assert names("name LIKE 'paged%' AND tags.team = 'blue'") == ["paged-a"]
    assert names("name LIKE 'paged%'", order_by=["name DESC"]) == ["paged-b", "paged-a"]
    assert names("name LIKE 'paged%'", order_by=["last_updated_timestamp DESC"]) == ["paged-a", "paged-b"]
    # The client asks so for what is no prompt, whether the tag is there or not.
    assert names("name LIKE 'paged%' AND tags.`mlflow.prompt.is_prompt` = 'false'") == ["paged-a", "paged-b"]
    assert names("tags.`mlflow.prompt.is_prompt` = 'true'") == []


def test_a_search_for_versions_knows_their_run_source_and_tags(owner: Protocol) -> None:
    create(owner, "found")
    run_id = owner.run()
    version(owner, "found", run_id, tags=[{"key": "k", "value": "v"}])
    version(owner, "found")

    def numbers(filter_: str, **more: Any) -> list[str]:
        answer = owner.ask("GET", "model-versions/search", filter=filter_, **more)
        return [item["version"] for item in answer["model_versions"]]

    assert numbers(f"run_id = '{run_id}'") == ["1"]
    assert numbers(f"run_id IN ('{run_id}', 'x')") == ["1"]
    assert numbers("name = 'found' AND tags.k = 'v'") == ["1"]
    assert numbers("name = 'found'", order_by=["version_number ASC"]) == ["1", "2"]
    assert numbers("name = 'found'", order_by=["version_number DESC"]) == ["2", "1"]
    assert numbers(f"name = 'found' AND source_path = 'runs:/{run_id}/model'") == ["1"]
    assert numbers("name = 'found' AND version_number > 1") == ["2"]
    assert numbers("name = 'found' AND creation_timestamp > 0") == ["2", "1"]


def test_prompts_are_refused_in_words(owner: Protocol) -> None:
    with pytest.raises(ProtocolError, match="keeps no prompts") as caught:
        create(owner, "prompt", tags=[{"key": "mlflow.prompt.is_prompt", "value": "true"}])

    assert (caught.value.status, caught.value.code) == (501, "NOT_IMPLEMENTED")


def test_a_run_registers_and_names_what_its_tree_made_and_no_more(owner: Protocol) -> None:
    create(owner, "guarded", description="ours")
    version(owner, "guarded")
    run_id = owner.run()
    run = owner.as_run(run_id)

    number = version(run, "guarded", run_id)
    run.ask("POST", "registered-models/alias", name="guarded", alias="new", version=number)
    run.ask("POST", "model-versions/set-tag", name="guarded", version=number, key="k", value="v")
    create(run, "made by a run")

    denied: list[tuple[str, str, dict[str, str]]] = [
        ("POST", "registered-models/alias", {"alias": "new", "version": "1"}),
        ("POST", "model-versions/set-tag", {"version": "1", "key": "k", "value": "v"}),
        ("DELETE", "model-versions/delete", {"version": number}),
        ("DELETE", "registered-models/delete", {}),
        ("POST", "registered-models/rename", {"new_name": "x"}),
        ("PATCH", "registered-models/update", {"description": "x"}),
        ("POST", "registered-models/set-tag", {"key": "k", "value": "v"}),
        ("DELETE", "registered-models/delete-tag", {"key": "k"}),
        ("DELETE", "registered-models/alias", {"alias": "new"}),
    ]
    for method, path, parameters in denied:
        with pytest.raises(ProtocolError) as caught:
            run.ask(method, path, name="guarded", **parameters)
        assert (caught.value.status, caught.value.code) == (403, "PERMISSION_DENIED"), path


def test_a_run_registers_nothing_that_another_tree_made(owner: Protocol) -> None:
    create(owner, "foreign")
    other = owner.run()
    number = version(owner, "foreign", other)
    before = owner.workspace.api.get(f"/runs/{other}/lineage")
    run = owner.as_run(owner.run())
    sources: list[dict[str, str]] = [
        {"source": f"runs:/{other}/model", "run_id": other},
        {"source": "s3://bucket/model", "run_id": other},
        {"source": f"models:/foreign/{number}"},
    ]

    for parameters in sources:
        with pytest.raises(ProtocolError) as caught:
            run.ask("POST", "model-versions/create", name="foreign", **parameters)
        assert (caught.value.status, caught.value.code) == (403, "PERMISSION_DENIED"), parameters
    assert owner.workspace.api.get(f"/runs/{other}/lineage") == before


def test_the_alias_latest_is_always_the_latest_version(owner: Protocol) -> None:
    create(owner, "newest")
    version(owner, "newest")
    number = version(owner, "newest")

    found = owner.ask("GET", "registered-models/alias", name="newest", alias="latest")["model_version"]

    assert found["version"] == number
    assert owner.ask("POST", "model-versions/create", name="newest", source="models:/newest@latest")


def test_the_lineage_of_a_version_leads_to_its_run(owner: Protocol) -> None:
    create(owner, "traced")
    run_id = owner.run()
    number = version(owner, "traced", run_id)

    tree = owner.workspace.api.get("/lineage", model=f"traced:{number}")

    assert [item["run"]["id"] for item in tree["by"]] == [run_id]
