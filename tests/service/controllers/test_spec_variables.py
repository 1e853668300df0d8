from __future__ import annotations

from typing import Any

import pytest

from stoker.base.paths import WorkspacePaths
from stoker.service.controllers.spec import SpecMaker
from stoker.service.environments.base import BuiltEnvironment
from stoker.service.tokens import TokenSigner

CONFIG = {"id": "w-1", "name": "w", "location": "here", "subscription_id": "s", "resource_group": "g"}


def variables(definition: dict[str, Any], tmp_path: Any) -> dict[str, str]:
    paths, signer = WorkspacePaths.of_root(str(tmp_path)), TokenSigner("key", "w-1")
    maker = SpecMaker(paths, CONFIG, signer, "http://127.0.0.1:1", 5.0, "/bundle")
    run = {"id": "r1", "root_id": "r1", "experiment": "e", "experiment_id": "e-1", "definition": definition}
    environment = BuiltEnvironment("/usr/bin/python3", "user-managed")
    found: dict[str, str] = maker.make(run, {}, environment, None)["env"]
    return found


def test_an_mlflow_client_of_a_script_finds_its_run(tmp_path: Any) -> None:
    found = variables({"script": "train.py"}, tmp_path)

    assert found["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:1"
    assert (found["MLFLOW_RUN_ID"], found["MLFLOW_EXPERIMENT_ID"]) == ("r1", "e-1")
    assert found["MLFLOW_TRACKING_TOKEN"] == found["STOKER_TOKEN"]


@pytest.mark.parametrize("place", ["run", "environment"])
def test_a_server_of_the_user_s_own_gets_nothing_of_ours(tmp_path: Any, place: str) -> None:
    asked = {"environmentVariables": {"MLFLOW_TRACKING_URI": "https://tracking.example"}}
    definition = {"script": "train.py", **(asked if place == "run" else {"environment": asked})}

    found = variables(definition, tmp_path)

    mlflow = {name: value for name, value in found.items() if name.startswith("MLFLOW_")}
    assert mlflow == {"MLFLOW_TRACKING_URI": "https://tracking.example"}
    assert found["STOKER_TOKEN"]
