from __future__ import annotations

from typing import Any

import pytest

from stoker.core.compute import AmlCompute
from stoker.core.compute import __all__ as kinds
from stoker.exceptions import ComputeTargetException


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({}, "max_nodes is missing"),
        ({"max_nodes": 1, "min_nodes": 2}, "Give a max_nodes of 2 or more"),
        ({"max_nodes": 0}, "max_nodes is 0"),
        ({"max_nodes": "many"}, "max_nodes is 'many'"),
        ({"max_nodes": True}, "max_nodes is True"),
        ({"max_nodes": 1.5}, r"max_nodes is 1\.5"),
        ({"max_nodes": 1, "min_nodes": -1}, "min_nodes is -1"),
        ({"max_nodes": 1, "vm_priority": "cheap"}, "'dedicated' or 'lowpriority'"),
        ({"max_nodes": 1, "admin_user_password": "x"}, "without admin_username"),
        ({"max_nodes": 1, "idle_seconds_before_scaledown": "soon"}, "idle_seconds_before_scaledown is 'soon'"),
    ],
)
def test_wrong_settings_are_refused_at_once(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ComputeTargetException, match=word):
        AmlCompute.provisioning_configuration(**settings)


def test_numbers_may_be_text_and_no_idle_time_is_two_minutes() -> None:
    settings = AmlCompute.provisioning_configuration(
        vm_priority="LowPriority",
        min_nodes="0",  # type: ignore[arg-type]
        max_nodes="4",  # type: ignore[arg-type]
        idle_seconds_before_scaledown=None,
        tags={"a": "b"},
    )

    assert (settings.config["min_nodes"], settings.config["max_nodes"]) == (0, 4)
    assert settings.config["idle_seconds_before_scaledown"] == 120
    assert settings.config["vm_priority"] == "lowpriority"
    assert settings.tags == {"a": "b"}


def test_the_clouds_settings_are_kept_as_labels_with_a_warning_and_passwords_are_not() -> None:
    with pytest.warns(UserWarning, match="admin_username, vnet_name"):
        settings = AmlCompute.provisioning_configuration(
            max_nodes=1, vnet_name="net", admin_username="me", admin_user_password="hunter2"
        )

    assert settings.config["vnet_name"] == "net"
    assert "hunter2" not in str(settings.config)


def test_the_size_of_this_machine_is_offered() -> None:
    sizes = AmlCompute.supported_vmsizes(None)  # type: ignore[arg-type]

    assert sizes[0]["vCPUs"] >= 1
    assert sizes[0]["memoryGB"] > 0


@pytest.mark.parametrize("name", [kind for kind in kinds if kind.endswith("Compute") and kind != "AmlCompute"])
def test_other_kinds_are_importable_and_say_what_to_use_instead(name: str) -> None:
    kind = getattr(__import__("stoker.core.compute", fromlist=[name]), name)

    for call in (kind.provisioning_configuration, kind.attach_configuration):
        with pytest.raises(ComputeTargetException, match=f"{name} is not available.*"):
            call("user", address="host")
